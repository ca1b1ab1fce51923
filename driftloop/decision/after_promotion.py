"""After a change of champion: whether it helped, and what has to wait for it."""

from driftloop.base.findings import Performance, Verdict
from driftloop.base.records import Held, TrialOutcome
from driftloop.base.tags import PastRun


def effect_of_promotion(
    verdict: Verdict, performance: Performance, champion: str, history: tuple[PastRun, ...]
) -> str | None:
    """Return whether a new champion ended the trouble, as a sentence; None where none is new.

    Only the first run under another champion than that of the run before says so.

    Args:
        verdict: of this run.
        performance: of the champion in this run.
        champion: its version.
        history: earlier runs, newest first.
    """
    last = next((run for run in history if run.kind == "monitor"), None)
    if last is None or last.champion in ("", champion):
        return None
    change = f"Since version {champion} replaced version {last.champion}"
    parts = [_drift(verdict, last), _performance(performance, last)]
    effect = " and ".join(part for part in parts if part)
    return f"{change}, {effect}." if effect else None


def _drift(verdict: Verdict, last: PastRun) -> str:
    if last.verdict != "drift":
        return ""
    return {
        "drift": "the data still drifts",
        "inconclusive": "it is unknown whether the data still drifts",
    }.get(verdict.status, "the drift is gone")


def _performance(performance: Performance, last: PastRun) -> str:
    if last.performance != "fell":
        return ""
    return {
        "ok": "performance holds again",
        "fell": "performance is still too low",
    }.get(performance.status, "it is not known yet whether performance holds")


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
