"""Kinds of trouble told apart, each with the evidence that led to it.

Broken data, moved inputs, a changed relation between inputs and outcome, and a changed share of the
outcomes ask for different remedies. Source of the terms: Moreno-Torres et al., A unifying view on
dataset shift in classification, Pattern Recognition 45, 2012.
"""

from datetime import datetime

from driftloop.base.errors import listed
from driftloop.base.records import Finding, Performance, QualityFinding, Trouble


def diagnose(
    findings: tuple[Finding, ...],
    quality: tuple[QualityFinding, ...],
    performance: Performance,
    label: Finding | None,
    since: datetime | None = None,
) -> tuple[Trouble, ...]:
    """Return what kinds of trouble a window shows, the one that explains the others first.

    - ``data_quality``: a check failed. What else moved may follow from it, so nothing else is said
      of the inputs.
    - ``concept_drift``: performance fell, and either no input moved or the champion's own
      probabilities promised more on these very rows than it scored.
    - ``covariate_shift``: inputs moved, and the evidence does not speak of a changed relation.
    - ``label_shift``: the share of the outcomes moved.

    Args:
        findings: of the features, the predictions and all features together, judged.
        quality: what the quality checks say.
        performance: on the newest rows with labels.
        label: how the label moved since training, if that was judged.
        since: when the present drift began; performance from before it says nothing of it.
    """
    troubles = [*_data_quality(quality)]
    broken = {check.column for check in quality if check.status == "failed"}
    moved = [
        finding for finding in findings if finding.status == "drift" and finding.name not in broken
    ]
    moved = [] if troubles else moved
    concept = None if troubles else _concept_drift(moved, performance)
    if concept:
        troubles.append(concept)
    if moved:
        troubles.append(_covariate_shift(moved, performance, bool(concept), since))
    if label is not None and label.status == "drift":
        troubles.append(Trouble("label_shift", label.sentence))
    return tuple(troubles)


def _data_quality(quality: tuple[QualityFinding, ...]) -> list[Trouble]:
    failed = [check for check in quality if check.status == "failed"]
    if not failed:
        return []
    where = listed(dict.fromkeys(check.column or "the window" for check in failed), 3)
    told = f"Checks failed on {where}; what else moved cannot be told from such data."
    return [Trouble("data_quality", told)]


def _concept_drift(moved: list[Finding], performance: Performance) -> Trouble | None:
    if performance.status != "fell" or performance.high is None:
        return None
    promised = performance.estimated
    numbers = f"{performance.metric} is {performance.score:.3f}"
    if promised is not None and promised > performance.high:
        return Trouble(
            "concept_drift",
            f"{numbers}, and the champion's own probabilities promised {promised:.3f} on these "
            "rows: the same inputs now lead to other outcomes.",
        )
    if not moved:
        return Trouble(
            "concept_drift", f"{numbers} and no input moved: what leads to the outcome has changed."
        )
    return None


def _covariate_shift(
    moved: list[Finding], performance: Performance, concept: bool, since: datetime | None
) -> Trouble:
    ranked = sorted(moved, key=lambda one: -one.weight)
    names = dict.fromkeys(one.name for one in ranked if one.role == "feature")
    parts = [f"Inputs moved ({listed(names, 3)})"] if names else []
    if any(finding.role == "joint" for finding in moved):
        parts.append("all features together can be told from the reference")
    if any(finding.role == "prediction" for finding in moved):
        parts.append("the predictions moved")
    parts.append(_effect_on_performance(performance, concept, since))
    text = "; ".join(parts)
    return Trouble("covariate_shift", f"{text[0].upper()}{text[1:]}.")


def _effect_on_performance(performance: Performance, concept: bool, since: datetime | None) -> str:
    if concept:
        return "this stands beside the changed relation"
    if since is not None and performance.window.end <= since:
        return "no label of that time has arrived yet"
    return {
        "ok": "performance holds",
        "unclear": "labels do not tell yet whether performance suffers",
        "inconclusive": "no labels tell yet whether performance suffers",
        "fell": "performance fell with them: the champion promised no more on such inputs",
    }[performance.status]
