"""Triggers: reasons to retrain. Each is its settings and one method, ``check(evidence)``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from driftloop.base.past_run import PastRun
from driftloop.base.periods import Span, SpanField
from driftloop.base.records import Held, Performance, TriggerResult, TriggerStatus, Verdict
from driftloop.base.settings import Settings


@dataclass(frozen=True, slots=True)
class Evidence:
    """What triggers look at; `history` holds earlier runs, newest first.

    `asked` is what a person said who asked for a retraining, and None where nobody did.
    """

    as_of: datetime
    verdict: Verdict
    performance: Performance
    history: tuple[PastRun, ...]
    drift_since: datetime | None
    labelled_until: datetime
    champion_trained_until: datetime | None
    asked: str | None = None
    waiting: tuple[Held, str] | None = None
    """What has to be over first, such as an approval that is waited for, and a sentence on it."""


class DriftTrigger(Settings):
    """The inputs moved, and labels do not show that the champion still does well on them.

    Waits until labels of the drifted time have arrived, because before that no challenger can
    learn from it, and stays quiet where the champion's performance provably holds: a covariate
    shift that does no harm is news, not a reason to retrain.
    """

    kind: Literal["drift"] = "drift"
    even_if_performance_holds: bool = Field(
        default=False, description="Retrain on drift although the champion does well on it."
    )

    def check(self, evidence: Evidence) -> TriggerResult:
        """Return whether drift asks for a retraining now."""
        since = evidence.drift_since
        if evidence.verdict.status == "inconclusive":
            return TriggerResult(self.kind, "inconclusive", "Whether there is drift is unknown.")
        if evidence.verdict.status != "drift" or since is None:
            return TriggerResult(self.kind, "quiet", "No drift.")
        if evidence.performance.window.end <= since or evidence.labelled_until <= since:
            sentence = "Drift, but no label of the drifted time has arrived yet."
            return TriggerResult(self.kind, "inconclusive", sentence)
        if evidence.performance.status == "ok" and not self.even_if_performance_holds:
            return TriggerResult(self.kind, "quiet", "Drift, but the champion's performance holds.")
        return TriggerResult(self.kind, "fired", f"Drift: {evidence.verdict.sentence}")


class PerformanceTrigger(Settings):
    """The champion provably lost performance on fresh labels (see the performance settings)."""

    kind: Literal["performance"] = "performance"

    def check(self, evidence: Evidence) -> TriggerResult:
        """Return whether realised performance asks for a retraining."""
        performance = evidence.performance
        status: TriggerStatus = {"fell": "fired", "ok": "quiet"}.get(
            performance.status, "inconclusive"
        )  # type: ignore[assignment]
        return TriggerResult(self.kind, status, performance.sentence)


class AgeTrigger(Settings):
    """The champion was trained on data that ended too long ago."""

    kind: Literal["age"] = "age"
    after: SpanField = Field(default=Span(6, "month"), description="Age that asks to retrain.")

    def check(self, evidence: Evidence) -> TriggerResult:
        """Return whether the champion's age asks for a retraining."""
        trained = evidence.champion_trained_until
        if trained is None:
            return TriggerResult(
                self.kind, "inconclusive", "The champion's training data are unknown."
            )
        age = (evidence.as_of - trained).days
        old = self.after.after(trained) <= evidence.as_of
        sentence = f"The champion's training data are {age} days old; the limit is {self.after}."
        return TriggerResult(self.kind, "fired" if old else "quiet", sentence)


class ManualTrigger(Settings):
    """A person asked for it; without this trigger nobody can start a retraining by hand."""

    kind: Literal["manual"] = "manual"

    def check(self, evidence: Evidence) -> TriggerResult:
        """Return whether a person asks for a retraining."""
        if evidence.asked is None:
            return TriggerResult(self.kind, "quiet", "Nobody asked for a retraining.")
        return TriggerResult(self.kind, "fired", evidence.asked)


Trigger = Annotated[
    DriftTrigger | PerformanceTrigger | AgeTrigger | ManualTrigger, Field(discriminator="kind")
]
