"""The decision: what follows from the verdict, the labels and the history of a model."""

from datetime import datetime, timedelta
from itertools import takewhile

from pydantic import Field

from driftloop.base.errors import join_names
from driftloop.base.findings import LOST, QualityFinding, Verdict
from driftloop.base.periods import Span, SpanField
from driftloop.base.records import Decision, Held
from driftloop.base.settings import Settings
from driftloop.base.tags import PastRun
from driftloop.decision.triggers import (
    AnyTrigger,
    DriftTrigger,
    EstimatedPerformanceTrigger,
    ManualTrigger,
    PerformanceTrigger,
    PromiseTrigger,
    TriggerInputs,
)

_BY_LABELS = ("performance", "promise")
"""The triggers that rest on labelled rows of their own."""

_TOLD = ("drift", "performance", "estimated_performance")
"""The triggers that say why they ask for nothing where something is wrong."""


class DecisionSettings(Settings):
    """What starts a retraining, and the circuit breaker that can block it."""

    triggers: tuple[AnyTrigger, ...] = Field(
        default=(
            DriftTrigger(),
            PerformanceTrigger(),
            PromiseTrigger(),
            EstimatedPerformanceTrigger(),
            ManualTrigger(),
        ),
        description="Reasons to retrain; any one is enough. An empty list never retrains.",
    )
    cooldown: SpanField = Field(
        default=Span(1, "week"), description="Shortest time between two retrainings."
    )
    most_per_week: int = Field(
        default=3, ge=1, description="Most retrainings that may start within seven days."
    )
    new_evidence: float = Field(
        default=0.33,
        ge=0,
        description="After a challenger that lost, the share by which the labels of the episode "
        "have to grow, or the score to fall further, before there is another; 0 for none.",
    )
    stop_after: int = Field(
        default=5,
        ge=1,
        description="Losing challengers in a row after which a person has to step in.",
    )


def drift_since(
    window_start: datetime, verdict: Verdict, history: tuple[PastRun, ...]
) -> datetime | None:
    """Return where the present, unbroken episode of drift began; None without drift.

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
    inputs: TriggerInputs, quality: tuple[QualityFinding, ...], settings: DecisionSettings
) -> Decision:
    """Return what to do, with every reason.

    Broken data blocks a retraining. An inconclusive window is not a reason for one: then only a
    proven loss of performance or a broken promise, which rest on labelled rows, start it.
    """
    results = tuple(trigger.check(inputs) for trigger in settings.triggers)
    fired = [result for result in results if result.fired]
    broken = [check for check in quality if check.status == "failed"]
    if broken:
        columns = join_names(dict.fromkeys(check.column or "the window" for check in broken), 5)
        veto = f"Data quality failed ({columns}): no retraining on broken data."
        return Decision("hold", (*(check.sentence for check in broken), veto), results, "quality")
    labels_tell = any(result.trigger in _BY_LABELS for result in fired)
    if inputs.verdict.status == "inconclusive" and not labels_tell:
        return Decision("none", (inputs.verdict.sentence,), results)
    if fired:
        reasons = tuple(result.sentence for result in fired)
        blocked = circuit_breaker(inputs, settings)
        if blocked:
            return Decision("hold", (*reasons, blocked[1]), results, blocked[0])
        return Decision("retrain", reasons, results)
    if _in_trouble(inputs):
        quiet = [result.sentence for result in results if result.trigger in _TOLD]
        return Decision("alert", (inputs.verdict.sentence, *quiet), results)
    return Decision("none", (inputs.verdict.sentence,), results)


def _in_trouble(inputs: TriggerInputs) -> bool:
    """Return whether something is wrong for which nothing is retrained."""
    lost = inputs.performance.status in LOST or inputs.performance.broke_promise
    expected = inputs.estimate is not None and inputs.estimate.status == "lost"
    return inputs.verdict.status == "drift" or lost or expected


def circuit_breaker(inputs: TriggerInputs, settings: DecisionSettings) -> tuple[Held, str] | None:
    """Return which rule of the circuit breaker blocks a retraining now and why, or None.

    A request by a person passes all of them: that is who the breaker waits for.
    """
    if inputs.manual_reason is not None:
        return None
    if inputs.blocked_by is not None:
        return inputs.blocked_by
    lost = losing_streak(inputs.history)
    if lost >= settings.stop_after:
        sentence = (
            f"{lost} challengers in a row did not win. A person has to step in: find out "
            "why, then start a retraining by hand."
        )
        return "losing_streak", sentence
    runs = [run.as_of for run in inputs.history if run.kind == "retrain"]
    if runs and inputs.as_of < (free := settings.cooldown.after(runs[0])):
        sentence = (
            f"The last retraining was on {runs[0]:%Y-%m-%d}; the next one may start on "
            f"{free:%Y-%m-%d}."
        )
        return "cooldown", sentence
    recent = [at for at in runs if at > inputs.as_of - timedelta(days=7)]
    if len(recent) >= settings.most_per_week:
        sentence = (
            f"{len(recent)} retrainings in the last seven days; the limit is "
            f"{settings.most_per_week}."
        )
        return "weekly_cap", sentence
    if waiting := _no_new_evidence(inputs, settings.new_evidence):
        return "no_new_evidence", waiting
    return None


def losing_streak(history: tuple[PastRun, ...]) -> int:
    """Return how many challengers in a row lost since the last win or retraining by hand."""
    retrainings = (run for run in history if run.kind == "retrain")
    return len([*takewhile(lambda run: not run.won and not run.by_hand, retrainings)])


def episode_since(inputs: TriggerInputs) -> datetime:
    """Return where the present, unbroken episode of trouble began: drift, or performance that fell.

    Runs that could not judge do not break it. A challenger that won does.
    """
    since = inputs.performance.window.start
    if inputs.drift_since is not None:
        since = min(since, inputs.drift_since)
    for run in inputs.history:
        if run.kind == "retrain" and run.won:
            break
        if run.kind != "monitor":
            continue
        if run.verdict != "drift" and run.performance not in LOST:
            if "inconclusive" in (run.verdict, run.performance):
                continue
            break
        since = min(since, run.window_start)
    return since


def _no_new_evidence(inputs: TriggerInputs, share: float) -> str | None:
    """Return why another challenger would learn what the last one, which lost, had learned."""
    last = next((run for run in inputs.history if run.kind == "retrain"), None)
    if last is None or last.won:
        return None
    since, delay = episode_since(inputs), inputs.as_of - inputs.labelled_until
    before, now = last.as_of - delay - since, inputs.labelled_until - since
    if before <= timedelta(0) or now >= before * (1 + share):
        return None
    seen = [
        run.score for run in inputs.history if run.as_of == last.as_of and run.score is not None
    ]
    high = inputs.performance.high
    if seen and high is not None and high < seen[0]:
        return None
    again = since + delay + before * (1 + share)
    return (
        f"The challenger of {last.as_of:%Y-%m-%d} lost, and there are hardly more labels of this "
        f"episode, which began on {since:%Y-%m-%d}; there will be enough on {again:%Y-%m-%d}."
    )
