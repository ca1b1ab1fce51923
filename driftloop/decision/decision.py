"""The decision: what a verdict, the labels and the past of a model ask to be done."""

from datetime import datetime, timedelta

from pydantic import Field

from driftloop.base.errors import listed
from driftloop.base.past_run import PastRun
from driftloop.base.periods import Span, SpanField
from driftloop.base.records import Decision, Held, QualityFinding, TriggerResult, Verdict
from driftloop.base.settings import Settings
from driftloop.decision.triggers import (
    DriftTrigger,
    Evidence,
    ManualTrigger,
    PerformanceTrigger,
    Trigger,
)


class DecisionSettings(Settings):
    """What starts a retraining, and the circuit breaker that holds it back."""

    triggers: tuple[Trigger, ...] = Field(
        default=(DriftTrigger(), PerformanceTrigger(), ManualTrigger()),
        description="Reasons to retrain; any one is enough. An empty list never retrains.",
    )
    cooldown: SpanField = Field(
        default=Span(1, "week"), description="Shortest time between two retrainings."
    )
    most_per_week: int = Field(
        default=3, ge=1, description="Most retrainings that may start within seven days."
    )
    stop_after: int = Field(
        default=5, ge=1, description="Losing challengers in a row after which a person is needed."
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
        held = held_back(evidence, settings)
        if held:
            return Decision("hold", (*reasons, held[1]), asked, held[0])
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
    return Decision("hold", (*(check.sentence for check in broken), veto), asked, "quality")


def held_back(evidence: Evidence, settings: DecisionSettings) -> tuple[Held, str] | None:
    """Return which rule of the circuit breaker forbids a retraining now and why, or None.

    A person who asks is held back by none: that is who the breaker waits for.
    """
    if evidence.asked is not None:
        return None
    if evidence.waiting is not None:
        return evidence.waiting
    lost = losing_streak(evidence.history)
    if lost >= settings.stop_after:
        told = (
            f"{lost} challengers in a row did not win. A person is needed: find out why, then "
            "start a retraining by hand."
        )
        return "losing_streak", told
    runs = [run.as_of for run in evidence.history if run.kind == "retrain"]
    if runs and evidence.as_of < (free := settings.cooldown.after(runs[0])):
        told = f"The last retraining was on {runs[0]:%Y-%m-%d}; the next may start {free:%Y-%m-%d}."
        return "cooldown", told
    recent = [at for at in runs if at > evidence.as_of - timedelta(days=7)]
    if len(recent) >= settings.most_per_week:
        told = f"{len(recent)} retrainings in the last seven days; {settings.most_per_week} may be."
        return "weekly_cap", told
    return None


def losing_streak(history: tuple[PastRun, ...]) -> int:
    """Return how many challengers in a row did not win, since the last that did or was by hand."""
    lost = 0
    for run in history:
        if run.kind != "retrain":
            continue
        if run.won or run.by_hand:
            break
        lost += 1
    return lost
