"""Diagnosis: the kinds of trouble in a window, each with the evidence for it.

Broken data, drifted inputs, a changed relation between inputs and outcome, and a changed share of
the outcomes need different remedies. Source of the terms: Moreno-Torres et al., A unifying view on
dataset shift in classification, Pattern Recognition 45, 2012.
"""

from datetime import datetime

from driftloop.base.errors import join_names
from driftloop.base.findings import Finding, Performance, QualityFinding, Trouble
from driftloop.base.scores import metric_name, score_text
from driftloop.decision.payoff import only_harder
from driftloop.decision.verdict import by_weight


def diagnose(
    findings: tuple[Finding, ...],
    quality: tuple[QualityFinding, ...],
    performance: Performance,
    label: Finding | None,
    since: datetime | None = None,
) -> tuple[Trouble, ...]:
    """Return the kinds of trouble in a window, the one that explains the others first.

    - ``data_quality``: a check failed. Other changes may follow from it, so nothing else is
      concluded about the inputs.
    - ``concept_drift``: the champion broke what it promised of these rows, also where the score
      still holds; or performance fell, no input drifted and harder inputs do not explain it.
    - ``covariate_shift``: inputs drifted, without evidence of a changed relation.
    - ``label_shift``: the distribution of the outcomes drifted.

    `performance` is that on the newest rows with labels; what lies before `since`, when the present
    drift began, says nothing about it.
    """
    troubles = []
    failed = [check.column or "the window" for check in quality if check.status == "failed"]
    if failed:
        where = join_names(dict.fromkeys(failed), 3)
        sentence = f"Checks failed on {where}; other changes cannot be judged on such data."
        troubles.append(Trouble("data_quality", sentence))
    else:
        moved = [hit for hit in findings if hit.status == "drift" and hit.role != "label"]
        concept = _concept_drift(moved, performance)
        troubles += [concept] if concept else []
        if moved:
            troubles.append(_covariate_shift(moved, performance, concept is not None, since))
    outcomes = [hit for hit in (*findings, label) if hit is not None and hit.role == "label"]
    shifted = [hit.sentence for hit in outcomes if hit.status == "drift"]
    if shifted:
        troubles.append(Trouble("label_shift", " ".join(shifted)))
    return tuple(troubles)


def _concept_drift(moved: list[Finding], performance: Performance) -> Trouble | None:
    promise = performance.promise
    if promise is not None and promise.status == "broken":
        holds = " The score holds so far." if performance.status == "ok" else ""
        return Trouble("concept_drift", f"{promise.sentence}{holds}")
    if performance.status != "fell" or moved or only_harder(performance):
        return None
    metric = performance.metric
    numbers = f"{metric_name(metric, begins=True)} is {score_text(metric, performance.score)}"
    return Trouble(
        "concept_drift",
        f"{numbers} and no input drifted: the relation of inputs and outcome has changed.",
    )


def _covariate_shift(
    moved: list[Finding], performance: Performance, concept: bool, since: datetime | None
) -> Trouble:
    names = dict.fromkeys(finding.name for finding in by_weight(moved) if finding.role == "feature")
    parts = [f"Inputs drifted ({join_names(names, 3)})"] if names else []
    if any(finding.role == "segment" for finding in moved):
        parts.append("inputs drifted in a part of the rows")
    if any(finding.role == "joint" for finding in moved):
        parts.append("all features together differ from the reference")
    if any(finding.role == "prediction" for finding in moved):
        parts.append("the predictions drifted")
    parts.append(_effect_on_performance(performance, concept, since))
    text = "; ".join(parts)
    return Trouble("covariate_shift", f"{text[0].upper()}{text[1:]}.")


def _effect_on_performance(performance: Performance, concept: bool, since: datetime | None) -> str:
    if concept:
        return "this comes on top of the changed relation"
    if since is not None and performance.window.end <= since:
        return "no labels of that period have arrived yet"
    return {
        "ok": "performance holds",
        "falling": "performance is falling with them",
        "unclear": "labels do not show yet whether performance suffers",
        "inconclusive": "no labels show yet whether performance suffers",
        "fell": "performance fell with them, as was to be expected on such rows",
    }[performance.status]
