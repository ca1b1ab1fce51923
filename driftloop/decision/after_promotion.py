"""After a change of champion: whether it helped, and what has to wait for it."""

from driftloop.base.findings import LOST, Performance, Verdict
from driftloop.base.records import Held, TrialOutcome
from driftloop.base.tags import PastRun

_DRIFT_NOW = {
    "drift": "the data still drifts",
    "inconclusive": "it is unknown whether the data still drifts",
}
_PERFORMANCE_NOW = {"ok": "performance holds again", "fell": "performance is still too low"}


def effect_of_promotion(
    verdict: Verdict, performance: Performance, champion: str, history: tuple[PastRun, ...]
) -> str | None:
    """Return whether a new champion ended the trouble, as a sentence; None where none is new.

    Only the first run under another champion than that of the run before says so; `history` has the
    newest run first.
    """
    last = next((run for run in history if run.kind == "monitor"), None)
    if last is None or last.champion in ("", champion):
        return None
    change = f"Since version {champion} replaced version {last.champion}"
    effects = []
    if last.verdict == "drift":
        effects.append(_DRIFT_NOW.get(verdict.status, "the drift is gone"))
    if last.performance in LOST:
        unknown = "it is not known yet whether performance holds"
        effects.append(_PERFORMANCE_NOW.get(performance.status, unknown))
    return f"{change}, {' and '.join(effects)}." if effects else None


def pending_trial(trials: tuple[TrialOutcome, ...]) -> tuple[Held, str] | None:
    """Return why no retraining may start while a version is on trial, or None.

    A challenger that waits for approval or is in shadow has to be decided first. A rollback or
    a promotion in this run changed the champion that a challenger would be compared with.
    """
    for trial in trials:
        if trial.action in ("rolled_back", "promoted"):
            return "champion_changed", f"The champion changed in this run: {trial.sentence}"
        if trial.kind != "probation" and trial.action == "none":
            return "waiting", trial.sentence
    return None
