"""The present state of every model: champion, last run, alerts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from driftloop.alerts.incident import AlertState
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import RunTags
from driftloop.decision.outcome import Outcome, outcome_of_tags


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model."""

    model: str
    champion: str | None
    promoted_at: datetime | None
    trained_until: datetime | None
    score: Annotated[float | None, Field(description="The champion's score on its own holdout.")]
    metric: str | None
    as_of: Annotated[
        datetime | None, Field(description="The last monitoring run, and the last that found rows.")
    ]
    empty_as_of: Annotated[
        datetime | None, Field(description="A later run that found no rows; null without one.")
    ]
    outcome: Annotated[Outcome | None, Field(description="The most severe finding of that run.")]
    headline: Annotated[str | None, Field(description="What it came to in a few words.")]
    verdict: str | None
    performance: str | None
    action: str | None
    sentence: str | None
    incident_since: Annotated[
        datetime | None, Field(description="Since when the open incident lasts.")
    ]
    incident_severity: Literal["info", "warning", "page"] | None
    muted_until: datetime | None
    waiting: Annotated[int, Field(description="Messages that wait to be sent.")]


@dataclass(frozen=True, slots=True)
class Statuses:
    """All models; ``driftloop status --json``."""

    models: tuple[ModelStatus, ...]


def model_status(
    model: str,
    champion: ModelVersion | None,
    last_run: RunTags | None,
    alerts: AlertState,
    now: datetime,
    empty_run: RunTags | None = None,
) -> ModelStatus:
    """Return one model's status; an `empty_run` found no rows after `last_run`, which did."""
    incident = alerts.open
    baseline = champion.baseline if champion else None
    return ModelStatus(
        model=model,
        champion=champion.version if champion else None,
        promoted_at=champion.promoted_at if champion else None,
        trained_until=champion.training.window.end if champion and champion.training else None,
        score=baseline.value if baseline else None,
        metric=baseline.metric if baseline else None,
        as_of=last_run.as_of if last_run else None,
        empty_as_of=empty_run.as_of if empty_run else None,
        outcome=outcome_of_tags(last_run) if last_run else None,
        headline=last_run.headline if last_run else None,
        verdict=last_run.verdict if last_run else None,
        performance=last_run.performance if last_run else None,
        action=last_run.action if last_run else None,
        sentence=last_run.sentence if last_run else None,
        incident_since=incident.since if incident else None,
        incident_severity=incident.severity if incident else None,
        muted_until=alerts.muted_at(now),
        waiting=len(alerts.posts),
    )
