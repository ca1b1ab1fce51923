"""The decision: what a verdict, the labels and the past of a model ask to be done."""

from datetime import datetime

from pydantic import Field

from driftloop.errors import listed
from driftloop.periods import Span, SpanField
from driftloop.records import Decision, QualityFinding, TriggerResult, Verdict
from driftloop.settings import Settings
from driftloop.triggers import DriftTrigger, Evidence, PastRun, PerformanceTrigger, Trigger


class DecisionSettings(Settings):
    """What starts a retraining, and the circuit breaker that holds it back."""

    triggers: tuple[Trigger, ...] = Field(
        default=(DriftTrigger(), PerformanceTrigger()),
        description="Reasons to retrain; any one is enough. An empty list never retrains.",
    )
    cooldown: SpanField = Field(
        default=Span(1, "week"), description="Shortest time between two retrainings."
    )


def drift_since(
    window_start: datetime, verdict: Verdict, history: tuple[PastRun, ...]
) -> datetime | None:
    """Return where the present, unbroken episode of drift began, or None without drift.

    Inconclusive runs do not break an episode. A promotion does: the new champion has a reference
    of its own.
    """
    if verdict.status != "drift":
        return None
    since = window_start
    for run in history:
        if run.kind == "retrain" and run.won:
            break
        if run.kind != "monitor" or run.verdict == "inconclusive":
            continue
        if run.verdict != "drift":
            break
        since = min(since, run.window_start)
    return since


def decide(
    evidence: Evidence, quality: tuple[QualityFinding, ...], settings: DecisionSettings
) -> Decision:
    """Return what to do, with every reason.

    Broken data forbid a retraining. An inconclusive window is no reason for one: only a proven loss
    of performance, which rests on labelled rows of its own, starts it then.
    """
    asked = tuple(trigger.check(evidence) for trigger in settings.triggers)
    fired = [result for result in asked if result.fired]
    broken = [check for check in quality if check.status == "failed"]
    if broken:
        return _broken(broken, asked)
    if evidence.verdict.status == "inconclusive" and not _performance_fell(fired):
        return Decision("none", (evidence.verdict.sentence,), asked)
    if fired:
        reasons = tuple(result.sentence for result in fired)
        held = _cooling(evidence, settings)
        if held:
            return Decision("hold", (*reasons, held), asked)
        return Decision("retrain", reasons, asked)
    if evidence.verdict.status == "drift":
        quiet = [one.sentence for one in asked if one.trigger == "drift"]
        return Decision("alert", (evidence.verdict.sentence, *quiet), asked)
    return Decision("none", (evidence.verdict.sentence,), asked)


def _performance_fell(fired: list[TriggerResult]) -> bool:
    return any(result.trigger == "performance" for result in fired)


def _broken(broken: list[QualityFinding], asked: tuple[TriggerResult, ...]) -> Decision:
    columns = listed(dict.fromkeys(check.column or "the window" for check in broken), 5)
    veto = f"Data quality failed ({columns}): no retraining on broken data."
    return Decision("hold", (*(check.sentence for check in broken), veto), asked)


def _cooling(evidence: Evidence, settings: DecisionSettings) -> str | None:
    """Say why a retraining has to wait, or None."""
    last = next((run for run in evidence.history if run.kind == "retrain"), None)
    if last is None:
        return None
    free = settings.cooldown.after(last.as_of)
    if evidence.as_of >= free:
        return None
    return f"The last retraining was on {last.as_of:%Y-%m-%d}; the next may start {free:%Y-%m-%d}."
