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
from driftloop.decision.payoff import CLEARLY, Budget, Price, lost_since, only_harder, price_now
from driftloop.decision.triggers import (
    AnyTrigger,
    CalendarTrigger,
    DriftTrigger,
    EstimatedPerformanceTrigger,
    ManualTrigger,
    PerformanceTrigger,
    PromiseTrigger,
    Trigger,
    TriggerInputs,
)

_BY_LABELS = ("performance", "promise")
"""The triggers that rest on labelled rows of their own."""

_BY_LOSS = ("drift", "performance")
"""The triggers that ask because of a loss, which harder inputs may explain."""

_SHOWN_ON_ALERT = ("drift", "performance", "estimated_performance")
"""The triggers that say why they ask for nothing where something is wrong."""

MOST_KEPT = 3.0
"""Retrainings of the budget that may be saved up."""

RESERVE = 1
"""Retrainings that the calendar leaves for what is not foreseen."""

CALENDAR = CalendarTrigger().kind


class DecisionSettings(Settings):
    """What starts a retraining, and the circuit breaker that can block it."""

    triggers: tuple[AnyTrigger, ...] = Field(
        default=(
            DriftTrigger(),
            PerformanceTrigger(),
            PromiseTrigger(),
            EstimatedPerformanceTrigger(),
            CalendarTrigger(),
        ),
        description="Reasons to retrain; any one is enough. With an empty list only people do.",
    )
    budget: Budget = Field(
        default=0.34,
        description="Share of the windows that may retrain, over time. What is not spent is kept, "
        "up to three retrainings; the last of them the calendar leaves for what is not foreseen. "
        "Or a price, such as {retrain: 40}: it is paid once that much was lost since the last one.",
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

    @property
    def with_people(self) -> tuple[Trigger, ...]:
        """The triggers, and that people may always retrain."""
        others = (trigger for trigger in self.triggers if not isinstance(trigger, ManualTrigger))
        return (*others, ManualTrigger())


def drift_since(first: datetime, verdict: Verdict, history: tuple[PastRun, ...]) -> datetime | None:
    """Return where the present, unbroken episode of drift began; None without drift.

    Inconclusive runs do not break an episode. A promotion does: the new champion has a reference
    of its own. `first` is the start of the window, or of the oldest one that looking back found.
    """
    if verdict.status != "drift":
        return None
    since = first
    for run in history:
        if run.kind == "retrain" and run.won:
            break
        if run.kind != "monitor" or run.verdict == "inconclusive":
            continue
        if run.verdict != "drift":
            break
        since = min(since, run.since)
    return since


def decide(
    inputs: TriggerInputs, quality: tuple[QualityFinding, ...], settings: DecisionSettings
) -> Decision:
    """Return what to do, with every reason.

    Broken data blocks a retraining. An inconclusive window is not a reason for one: then only a
    proven loss of performance or a broken promise, which rest on labelled rows, start it. A loss
    that harder inputs explain is not a reason either.
    """
    results = tuple(trigger.check(inputs) for trigger in settings.with_people)
    fired = [result for result in results if result.fired]
    broken = [check for check in quality if check.status == "failed"]
    if broken:
        if not inputs.trained_here:
            return Decision("alert", tuple(check.sentence for check in broken), results)
        columns = join_names(dict.fromkeys(check.column or "the window" for check in broken), 5)
        veto = f"Data quality failed ({columns}): no retraining on broken data."
        return Decision("hold", (*(check.sentence for check in broken), veto), results, "quality")
    labels_tell = any(result.trigger in _BY_LABELS for result in fired)
    if inputs.verdict.status == "inconclusive" and not labels_tell:
        return Decision("none", (inputs.verdict.sentence,), results)
    if fired and inputs.trained_here:
        reasons = tuple(result.sentence for result in fired)
        harder = only_harder(inputs.performance)
        if harder and all(result.trigger in _BY_LOSS for result in fired):
            return Decision("hold", (*reasons, harder), results, "harder_inputs")
        only_calendar = all(result.trigger == CALENDAR for result in fired)
        blocked = circuit_breaker(inputs, settings, RESERVE if only_calendar else 0)
        if blocked:
            return Decision("hold", (*reasons, blocked[1]), results, blocked[0])
        if only_calendar and not _in_trouble(inputs):
            reasons = (*reasons, "By the calendar: nothing is wrong.")
            return Decision("retrain", reasons, results, routine=True)
        return Decision("retrain", reasons, results)
    if _in_trouble(inputs):
        noted = [result.sentence for result in results if result.trigger in _SHOWN_ON_ALERT]
        new = [sentence for sentence in noted if not sentence.endswith(inputs.verdict.sentence)]
        return Decision("alert", (inputs.verdict.sentence, *new), results)
    return Decision("none", (inputs.verdict.sentence,), results)


def _in_trouble(inputs: TriggerInputs) -> bool:
    """Return whether something is wrong for which nothing is retrained."""
    lost = inputs.performance.worst in LOST or inputs.performance.broke_promise
    expected = inputs.estimate is not None and inputs.estimate.status == "lost"
    return inputs.verdict.status == "drift" or lost or expected


def circuit_breaker(
    inputs: TriggerInputs, settings: DecisionSettings, reserve: int = 0
) -> tuple[Held, str] | None:
    """Return which rule of the circuit breaker blocks a retraining now and why, or None.

    Of the budget `reserve` retrainings are left for later. A request by a person passes every rule:
    that is who the breaker waits for.
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
    if dear := _too_dear(inputs, settings.budget, reserve):
        return "budget", dear
    if waiting := _no_new_evidence(inputs, settings.new_evidence):
        return "no_new_evidence", waiting
    return None


def _too_dear(inputs: TriggerInputs, budget: float | Price, reserve: int) -> str | None:
    """Return why the budget does not allow a retraining now, or None."""
    if isinstance(budget, Price):
        lost = lost_since(inputs.performance, inputs.history, inputs.as_of)
        gained = [run.gained for run in reversed(inputs.history) if run.gained is not None]
        if lost >= (price := price_now(budget, gained)):
            return None
        dearer = ", and the last challengers gained nothing" if price > budget.retrain else ""
        return (
            f"Since the last retraining {max(lost, 0):.6g} was lost, by `value`; it has to come to "
            f"{price:g}: another one costs {budget.retrain:g}{dearer} (decision.budget)."
        )
    left = budget_left(inputs, budget)
    if left >= 1 + reserve - 0.01:
        return None
    kept = ", and the last one is kept for what is not foreseen" if reserve else ""
    return (
        f"The budget of {budget:.0%} of the windows leaves {max(left, 0):.1f} "
        f"retrainings{kept} (decision.budget)."
    )


def budget_left(inputs: TriggerInputs, share: float) -> float:
    """Return the retrainings that may be spent now, of a budget that grows with every window.

    At first, and at most, there are three. It is replayed over the retrainings that are remembered.
    """
    window = inputs.performance.window
    left, since = MOST_KEPT, None
    retrainings = [run.as_of for run in reversed(inputs.history) if run.kind == "retrain"]
    for moment in (*retrainings, inputs.as_of):
        if since is not None:
            grown = share * ((moment - since) / (window.end - window.start))
            left = min(MOST_KEPT, left + grown)
        left, since = left - 1, moment
    return left + 1


def losing_streak(history: tuple[PastRun, ...]) -> int:
    """Return how many challengers in a row lost since the last win or retraining by hand.

    Those of the calendar do not count: where nothing is wrong, one that does not win is harmless.
    """
    calm = {
        run.as_of
        for run in history
        if run.kind == "monitor" and run.verdict != "drift" and run.performance != "fell"
    }
    retrainings = (run for run in history if run.kind == "retrain" and run.as_of not in calm)
    return len([*takewhile(lambda run: not run.won and not run.by_hand, retrainings)])


def clearly_won(run: PastRun) -> bool:
    """Say whether a run's challenger won by more than noise shows, as far as that is known."""
    return run.kind == "retrain" and run.won and (run.gained is None or run.gained > CLEARLY)


def episode_since(inputs: TriggerInputs) -> datetime:
    """Return where the present, unbroken episode of trouble began: drift, or performance that fell.

    Runs that could not judge do not break it. A challenger that clearly won does.
    """
    since = inputs.performance.window.start
    if inputs.drift_since is not None:
        since = min(since, inputs.drift_since)
    for run in inputs.history:
        if clearly_won(run):
            break
        if run.kind != "monitor":
            continue
        if run.verdict != "drift" and run.performance not in LOST:
            if "inconclusive" in (run.verdict, run.performance):
                continue
            break
        since = min(since, run.since)
    return since


def _no_new_evidence(inputs: TriggerInputs, share: float) -> str | None:
    """Return why another challenger would learn what the last one had learned.

    It lost, or won without being clearly better while the trouble goes on.
    """
    last = next((run for run in inputs.history if run.kind == "retrain"), None)
    if last is None or clearly_won(last):
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
        f"The challenger of {last.as_of:%Y-%m-%d} {'won by little' if last.won else 'lost'}, and "
        "there are hardly more labels of this "
        f"episode, which began on {since:%Y-%m-%d}; there will be enough on {again:%Y-%m-%d}."
    )
