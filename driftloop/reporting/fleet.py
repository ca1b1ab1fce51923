"""A fleet's run: what became of each model, in one table and one line."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from driftloop.base.errors import join_names
from driftloop.base.periods import format_time
from driftloop.decision.outcome import MOST_SEVERE_FIRST, OUTCOME_STYLES, TROUBLE, Outcome

Result = Literal["failed", "monitored", "done before", "not due"]


@dataclass(frozen=True, slots=True)
class FleetModel:
    """One model of a fleet's run."""

    model: str
    result: Annotated[Result, Field(description="Done before: a run as of this moment had ended.")]
    as_of: datetime | None = None
    outcome: Annotated[Outcome | None, Field(description="The most severe finding.")] = None
    headline: Annotated[str | None, Field(description="What it came to in a few words.")] = None
    action: str | None = None
    error: Annotated[str | None, Field(description="Why it could not be monitored.")] = None
    seconds: Annotated[float, Field(description="On the clock.")] = 0.0
    processor_seconds: Annotated[float, Field(description="Of its process.")] = 0.0

    @property
    def rank(self) -> tuple[int, str]:
        """What a table is sorted by: failures, then outcomes, most severe first, then names."""
        known = len(MOST_SEVERE_FIRST)
        place = MOST_SEVERE_FIRST.index(self.outcome) if self.outcome else known
        return (-1 if self.result == "failed" else place), self.model


@dataclass(frozen=True, slots=True)
class Fleet:
    """All models of a fleet's run; ``driftloop fleet --json``."""

    as_of: datetime
    select: Annotated[str, Field(description="Pattern of names, or the name of a fleet.")]
    seconds: float
    processes: Annotated[int, Field(description="Models that were monitored at the same time.")]
    models: tuple[FleetModel, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The models that could not be monitored."""
        return tuple(model.model for model in self.models if model.result == "failed")

    @property
    def worth_showing(self) -> tuple[FleetModel, ...]:
        """The models that a person wants to see, most severe first; healthy ones are counted."""
        shown = (
            model
            for model in self.models
            if model.result == "failed"
            or (model.result == "monitored" and (model.outcome != "ok" or model.action != "none"))
        )
        return tuple(sorted(shown, key=lambda model: model.rank))

    @property
    def headline(self) -> str:
        """Models by what became of them, in one line."""
        if not self.models:
            return f"no model matches {self.select!r}"
        monitored = [model for model in self.models if model.result == "monitored"]
        outcomes = Counter(model.outcome or "inconclusive" for model in monitored)
        trouble = sum(outcomes[outcome] for outcome in TROUBLE)
        counted = [f"{len(self.failed)} could not be monitored"] * bool(self.failed)
        counted += [f"{trouble} in trouble"] * bool(trouble)
        counted += [
            OUTCOME_STYLES[outcome].counted(outcomes[outcome])
            for outcome in MOST_SEVERE_FIRST
            if outcomes[outcome] and outcome not in TROUBLE
        ]
        for result in ("done before", "not due"):
            others = sum(model.result == result for model in self.models)
            counted += [f"{others} {result}"] * bool(others)
        models = "1 model" if len(self.models) == 1 else f"{len(self.models):,} models"
        return f"{models}: {', '.join(counted)}"

    @property
    def failure(self) -> str:
        """The error of a run in which models could not be monitored."""
        return (
            f"{len(self.failed)} of {len(self.models)} models could not be monitored: "
            f"{join_names(self.failed, 5)}; start the fleet again with the same --as-of: what is "
            "done is not repeated"
        )


def fleet_table(models: Iterable[FleetModel]) -> list[dict[str, Any]]:
    """Return rows for Prefect's table: one per model."""
    return [
        {
            "model": model.model,
            "finding": model.error or model.headline or model.result,
            "action": model.action or "",
            "as of": format_time(model.as_of) if model.as_of else "",
            "seconds": round(model.seconds, 1),
        }
        for model in models
    ]
