"""The verdict: one status and one sentence for a whole data set."""

from driftloop.errors import listed
from driftloop.records import Finding, QualityFinding, Verdict


def judge(
    findings: tuple[Finding, ...], quality: tuple[QualityFinding, ...], rows: int, minimum: int
) -> Verdict:
    """Return the verdict of a window.

    Drift where any feature drifted; inconclusive where the window is empty or small, or where no
    more than half of the features could be judged; warning where a feature changed significantly
    but stays near its floor; ok otherwise. Broken columns are named, and what they show is not
    called drift.
    """
    if rows == 0:
        return Verdict("inconclusive", "The window holds no rows: nothing was tested.")
    if rows < minimum:
        sentence = f"The window holds {rows} rows, {minimum} are needed: nothing was concluded."
        return Verdict("inconclusive", sentence)
    broken = {check.column for check in quality if check.status == "failed"}
    sound = [finding for finding in findings if finding.name not in broken]
    features = {finding.name for finding in findings}
    judged = {one.name for one in sound} - {
        one.name for one in sound if one.status == "inconclusive"
    }
    unknown = sorted(features - judged)
    aside = f" Not judged: {listed(unknown, 4)}." if unknown else ""
    drifted = sorted(
        (one for one in sound if one.status == "drift"), key=lambda one: -(one.effect_size or 0)
    )
    if drifted:
        names = dict.fromkeys(one.name for one in drifted)
        text = f"{len(names)} of {len(features)} features drifted: {listed(names, 5)}.{aside}"
        return Verdict("drift", text)
    if len(judged) * 2 <= len(features):
        text = f"Only {len(judged)} of {len(features)} features could be judged.{aside}"
        return Verdict("inconclusive", text)
    near = sorted({one.name for one in sound if one.status == "warning"})
    if near:
        return Verdict("warning", f"{listed(near, 5)} moved, still within their floors.{aside}")
    return Verdict("ok", f"No drift in {len(judged)} of {len(features)} features.{aside}")
