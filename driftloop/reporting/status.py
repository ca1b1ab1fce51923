"""The present state of every model: champion, last run, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from driftloop.alerts.incident import AlertState
from driftloop.base.periods import parse_time
from driftloop.base.records import ModelVersion


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model."""

    model: str
    champion: str | None
    promoted_at: datetime | None
    trained_until: datetime | None
    score: Annotated[float | None, Field(description="The champion's score on its own holdout.")]
    metric: str | None
    as_of: Annotated[datetime | None, Field(description="The last monitoring run.")]
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
    last_run: Mapping[str, str],
    alerts: AlertState,
    now: datetime,
) -> ModelStatus:
    """Return one model's status from its champion, its last run's tags and its alerts."""
    incident = alerts.open
    baseline = champion.baseline if champion else None
    as_of = last_run.get("as_of")
    return ModelStatus(
        model=model,
        champion=champion.version if champion else None,
        promoted_at=champion.promoted_at if champion else None,
        trained_until=champion.training.window.end if champion and champion.training else None,
        score=baseline.value if baseline else None,
        metric=baseline.metric if baseline else None,
        as_of=parse_time(as_of) if as_of else None,
        verdict=last_run.get("verdict"),
        performance=last_run.get("performance"),
        action=last_run.get("action"),
        sentence=last_run.get("sentence"),
        incident_since=incident.since if incident else None,
        incident_severity=incident.severity if incident else None,
        muted_until=alerts.muted_at(now),
        waiting=len(alerts.posts),
    )
