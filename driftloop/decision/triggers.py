"""Triggers: reasons to retrain. Each is its settings and one method, ``check(inputs)``.

A new subclass of `Trigger` above the line ``AnyTrigger`` is a new kind.
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from driftloop.base.findings import EstimatedPerformance, Performance, Verdict
from driftloop.base.periods import Span, SpanField
from driftloop.base.records import Held, TriggerResult, TriggerStatus
from driftloop.base.settings import Settings, any_of
from driftloop.base.tags import PastRun
from driftloop.decision.payoff import calendar_wait


@dataclass(frozen=True, slots=True)
class TriggerInputs:
    """What triggers decide on.

    Args:
        performance: realised, on the newest rows with labels.
        estimate: of performance on the current window, without labels; None where there is none.
        history: earlier runs, newest first.
        drift_since: start of the present episode of drift; None without drift.
        labelled_until: labels up to this moment have arrived.
        champion_trained_until: end of the champion's training data; None where unknown.
        manual_reason: the reason of a person who requested a retraining; None where nobody did.
        blocked_by: what has to be over first, such as a pending approval, with a sentence on it.
        trained_here: whether there is a model to retrain.
    """

    as_of: datetime
    verdict: Verdict
    performance: Performance
    history: tuple[PastRun, ...]
    drift_since: datetime | None
    labelled_until: datetime
    champion_trained_until: datetime | None
    manual_reason: str | None = None
    blocked_by: tuple[Held, str] | None = None
    estimate: EstimatedPerformance | None = None
    trained_here: bool = True


class Trigger(Settings):
    """A reason to retrain."""

    kind: str

    @abstractmethod
    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether this is a reason to retrain now: fired, quiet or inconclusive."""


class DriftTrigger(Trigger):
    """The features drifted, and labels do not show that the champion still performs on them.

    Waits until labels of the drifted period have arrived, because no challenger can learn from it
    before, and stays quiet where the champion's performance provably holds: a covariate shift that
    does no harm is news, not a reason to retrain.
    """

    kind: Literal["drift"] = "drift"
    even_if_performance_holds: bool = Field(
        default=False, description="Retrain on drift even where the champion still performs."
    )

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether drift is a reason to retrain now."""
        since = inputs.drift_since
        if inputs.verdict.status == "inconclusive":
            return TriggerResult(self.kind, "inconclusive", "It is unknown whether there is drift.")
        if inputs.verdict.status != "drift" or since is None:
            return TriggerResult(self.kind, "quiet", "No drift.")
        if inputs.performance.window.end <= since or inputs.labelled_until <= since:
            sentence = "Drift, but no labels of the drifted period have arrived yet."
            return TriggerResult(self.kind, "inconclusive", sentence)
        if inputs.performance.status == "ok" and not self.even_if_performance_holds:
            return TriggerResult(self.kind, "quiet", "Drift, but the champion's performance holds.")
        return TriggerResult(self.kind, "fired", f"Drift: {inputs.verdict.sentence}")


class PerformanceTrigger(Trigger):
    """The champion provably lost more performance on fresh labels than is allowed.

    One that is falling, but may still be within its margin, is watched.
    """

    kind: Literal["performance"] = "performance"

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether realised performance is a reason to retrain."""
        performance = inputs.performance
        statuses: dict[str, TriggerStatus] = {"fell": "fired", "falling": "quiet", "ok": "quiet"}
        status = statuses.get(performance.status, "inconclusive")
        return TriggerResult(self.kind, status, performance.sentence)


class PromiseTrigger(Trigger):
    """The champion provably scored less than it promised of the labelled rows.

    Then the same inputs lead to other outcomes, and a model of the new relation can be better, also
    where the score still holds because the inputs became easier.
    """

    kind: Literal["promise"] = "promise"

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether a broken promise is a reason to retrain.

        One that no run since has proven to be kept, and this one not to be broken, is watched.
        """
        promise = inputs.performance.promise
        if promise is None:
            return TriggerResult(self.kind, "inconclusive", "Nothing was promised of these rows.")
        proven = promise.status == "broken" and promise.proven
        status: TriggerStatus = "fired" if proven else "quiet"
        return TriggerResult(self.kind, status, promise.sentence)


class EstimatedPerformanceTrigger(Trigger):
    """A loss is estimated on the current window, whose labels have not arrived.

    People are alerted in any case. A challenger can learn from the new rows only once they are
    labelled, so that a retraining has to be asked for.
    """

    kind: Literal["estimated_performance"] = "estimated_performance"
    retrain: bool = Field(
        default=False, description="Retrain on an estimated loss, before labels prove it."
    )

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether the estimated performance is a reason to retrain."""
        estimate = inputs.estimate
        if estimate is None:
            return TriggerResult(self.kind, "inconclusive", "Nothing was estimated.")
        lost: TriggerStatus = "fired" if self.retrain else "quiet"
        statuses: dict[str, TriggerStatus] = {"lost": lost, "ok": "quiet"}
        status = statuses.get(estimate.status, "inconclusive")
        return TriggerResult(self.kind, status, estimate.sentence)


class AgeTrigger(Trigger):
    """The champion was trained on data that ended too long ago."""

    kind: Literal["age"] = "age"
    after: SpanField = Field(
        default=Span(6, "month"), description="Age from which on it is retrained."
    )

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether the champion's age is a reason to retrain."""
        trained = inputs.champion_trained_until
        if trained is None:
            sentence = "The champion's training data is unknown."
            return TriggerResult(self.kind, "inconclusive", sentence)
        age = (inputs.as_of - trained).days
        old = self.after.after(trained) <= inputs.as_of
        sentence = f"The champion's training data are {age} days old; the limit is {self.after}."
        return TriggerResult(self.kind, "fired" if old else "quiet", sentence)


class CalendarTrigger(Trigger):
    """It is time: the newest rows were not learned from for some windows.

    It waits longer while the last challengers, taken together, gained nothing: where there is
    nothing to gain, it hardly spends.
    """

    kind: Literal["calendar"] = "calendar"
    every: int = Field(default=3, ge=1, description="Windows between two retrainings.")
    patience: float = Field(
        default=2.0,
        ge=1,
        description="Factor by which it waits longer after each challenger in a row with which the "
        "last four, taken together, were not better.",
    )

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether it is time."""
        runs = [run for run in inputs.history if run.kind == "retrain"]
        gained = [run.gained for run in reversed(runs) if run.gained is not None]
        windows = calendar_wait(gained, self.every, self.patience)
        last = runs[0].as_of if runs else inputs.champion_trained_until
        if last is None:
            sentence = "The champion's training data is unknown."
            return TriggerResult(self.kind, "inconclusive", sentence)
        window = inputs.performance.window
        passed = (inputs.as_of - last) / (window.end - window.start)
        sentence = f"{passed:.0f} windows since the newest rows were learned from; the calendar"
        sentence += f" waits for {windows:.0f}"
        if windows > self.every:
            sentence += ", as the last challengers gained nothing"
        fired = round(passed) >= round(windows)  # months differ in length
        return TriggerResult(self.kind, "fired" if fired else "quiet", f"{sentence}.")


class ManualTrigger(Trigger):
    """A person requested it, which is always permitted; a list need not name it."""

    kind: Literal["manual"] = "manual"

    def check(self, inputs: TriggerInputs) -> TriggerResult:
        """Return whether a person requested a retraining."""
        if inputs.manual_reason is None:
            return TriggerResult(self.kind, "quiet", "Nobody requested a retraining.")
        return TriggerResult(self.kind, "fired", inputs.manual_reason)


if TYPE_CHECKING:
    AnyTrigger = Trigger
else:
    AnyTrigger = any_of(Trigger)
