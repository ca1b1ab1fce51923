"""What the commands about reports print with ``--json``."""

from datetime import datetime

from pydantic import Field

from driftloop.decision.outcome import Outcome
from driftloop.reporting.json.alerts import TalkBack
from driftloop.reporting.json.base import Champion, Output


class ReportOutput(Output):
    """``driftloop report --json``."""

    model: str
    as_of: datetime = Field(description="The moment that the run looked from.")
    run_id: str = Field(description="Of the run in MLflow.")
    outcome: Outcome
    path: str = Field(description="The local copy of the page.")
    address: str | None = Field(description="The page on the MLflow server, if there is one.")


class HistoryRun(TalkBack):
    """One monitoring run of a history."""

    run_id: str
    as_of: datetime
    outcome: Outcome = Field(description="The gravest thing that was found.")
    action: str
    champion: str = Field(description="The version that was judged.")
    rev: str = Field(description="Commit of the data.")
    sentence: str
    metric: str | None
    score: float | None = Field(description="Realised performance; null where labels are missing.")
    low: float | None
    high: float | None


class HistoryMove(TalkBack):
    """A change of the champion."""

    kind: str = Field(description="promoted, rolled_back or outside.")
    version: str
    previous: str | None
    as_of: datetime
    sentence: str


class HistoryIncident(TalkBack):
    """An incident; `end` is null while it is open."""

    start: datetime
    end: datetime | None
    severity: str


class HistoryOutput(Output):
    """``driftloop history --json``."""

    model: str
    champion: Champion
    runs: tuple[HistoryRun, ...] = Field(description="Oldest first.")
    moves: tuple[HistoryMove, ...] = Field(description="Changes of the champion, oldest first.")
    incidents: tuple[HistoryIncident, ...] = Field(description="Oldest first.")


class DashboardRow(TalkBack):
    """One model of the dashboard."""

    model: str
    outcome: Outcome
    problem: str | None = Field(description="Why the model could not be looked at, if so.")
    as_of: datetime | None = Field(description="The last monitoring run.")
    stale: bool = Field(description="Whether that is longer ago than it should be.")
    score: float | None
    metric: str | None
    rev: str | None
    champion: str | None
    promoted_at: datetime | None = Field(description="When the champion became one.")
    incident_since: datetime | None
    incident_severity: str | None
    report: str | None = Field(description="Its newest report, beside the page.")


class DashboardOutput(TalkBack):
    """``driftloop dashboard --json``."""

    path: str = Field(description="The page.")
    sentence: str
    models: tuple[DashboardRow, ...]
