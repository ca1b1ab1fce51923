"""The verdict: one status and one sentence for a whole window."""

from driftloop.base.errors import join_names
from driftloop.base.findings import Finding, QualityFinding, Verdict

_OTHERS = {
    "prediction": "the champion's predictions drifted",
    "joint": "the features drifted together",
    "segment": "features drifted in a part of the rows",
    "label": "the labels hold classes that the champion cannot predict",
}


def judge_window(
    findings: tuple[Finding, ...],
    quality: tuple[QualityFinding, ...],
    rows: int,
    minimum: int,
    minimum_importance: float = 0.0,
) -> Verdict:
    """Return the verdict of a window.

    Drift where a feature that the champion uses drifted, or the predictions, or the features
    together; inconclusive where the window is empty or small, or where no more than half of the
    features could be judged; warning where only features drifted that the champion hardly uses, or
    where a change is significant but too small to count; ok otherwise, with the changes named that
    are certain and far too small. Columns that failed a quality check do not count as drift, and
    then neither do the predictions made from them: what is not drift elsewhere is then
    inconclusive, as broken data are never "ok". Fewer than `minimum` rows are inconclusive; with a
    share of importance below `minimum_importance` the champion hardly uses a feature.
    """
    if rows == 0:
        return Verdict("inconclusive", "The window has no rows: nothing was tested.")
    if rows < minimum:
        sentence = f"The window has {rows} rows, {minimum} are needed: nothing was concluded."
        return Verdict("inconclusive", sentence)
    failed = [check for check in quality if check.status == "failed"]
    broken, faulty = {check.column for check in failed}, _faulty(failed)
    sound = [
        finding
        for finding in findings
        if (finding.name not in broken if finding.role == "feature" else not broken)
    ]
    features = {finding.name for finding in findings if finding.role == "feature"}
    own = [finding for finding in sound if finding.role == "feature"]
    judged = {finding.name for finding in own}
    judged -= {finding.name for finding in own if finding.status == "inconclusive"}
    unknown = sorted(features - judged)
    aside = f" Not judged: {join_names(unknown, 4)}." if unknown else ""
    drifted = by_weight([finding for finding in sound if finding.status == "drift"])
    weights = [finding.importance for finding in drifted]
    if any(weight is None or weight >= minimum_importance for weight in weights):
        lead = f"{faulty}. " if faulty else ""
        return Verdict("drift", f"{lead}{_summary(drifted, len(features))}.{aside}")
    if faulty:
        text = f"{faulty}: whether the rest drifted was not concluded."
        return Verdict("inconclusive", text)
    return _without_drift(sound, drifted, len(features), len(judged), aside)


def _faulty(failed: list[QualityFinding]) -> str:
    """Return what is wrong with which columns; nothing where no check failed."""
    if not failed:
        return ""
    columns = {check.column or "the window" for check in failed}
    words = " and ".join(dict.fromkeys(check.trouble for check in failed))
    return f"{words[0].upper()}{words[1:]} ({join_names(sorted(columns), 4)})"


def _without_drift(
    sound: list[Finding], drifted: list[Finding], features: int, judged: int, aside: str
) -> Verdict:
    if judged * 2 <= features:
        text = f"Only {judged} of {features} features could be judged.{aside}"
        return Verdict("inconclusive", text)
    if drifted:
        text = f"{_summary(drifted, features)}; the champion hardly uses what drifted.{aside}"
        return Verdict("warning", text)
    near = by_weight([finding for finding in sound if finding.status == "warning"])
    if near:
        names = join_names(dict.fromkeys(finding.name for finding in near), 5)
        return Verdict("warning", f"{names} changed, but not enough to count as drift.{aside}")
    small = by_weight([finding for finding in sound if finding.status == "small"])
    names = join_names(dict.fromkeys(finding.name for finding in small), 3)
    certain = f" Small but certain changes: {names}." if small else ""
    return Verdict("ok", f"No drift in {judged} of {features} features.{certain}{aside}")


def by_weight(findings: list[Finding]) -> list[Finding]:
    """Return the findings, most important first."""
    return sorted(findings, key=lambda finding: -finding.weight)


def _summary(drifted: list[Finding], features: int) -> str:
    names = list(dict.fromkeys(finding.name for finding in drifted if finding.role == "feature"))
    parts = (
        [f"{len(names)} of {features} features drifted: {join_names(names, 5)}"] if names else []
    )
    parts += [
        text for role, text in _OTHERS.items() if any(finding.role == role for finding in drifted)
    ]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}"
