"""What the command line prints with ``--json``: one documented object a command.

The JSON Schemas in ``docs/schemas`` are generated from these models.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from driftloop.base.records import (
    Action,
    CheckStatus,
    GateStatus,
    PerformanceStatus,
    Role,
    Status,
    TroubleKind,
)


class Condition(StrEnum):
    """What ``--fail-on`` can ask for."""

    drift = "drift"
    quality = "quality"
    performance = "performance"
    inconclusive = "inconclusive"


class Output(BaseModel):
    """Base of all printed objects."""

    # Built when first used: a command prints one of these, and building them all takes a while.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Rows(Output):
    """How many rows were compared."""

    reference: int
    current: int


class Feature(Output):
    """One finding; a feature whose missing rate was tested has a second one."""

    name: str
    test: str = Field(description="ks, chi2, missing_rate …, or none where nothing was tested.")
    statistic: float | None
    p_value: float | None = Field(description="Before control over all tests of the run.")
    p_adjusted: float | None = Field(description="After it; drift needs p_adjusted <= level.")
    effect_size: float | None
    effect_floor: float | None
    status: Status
    sentence: str
    new_categories: tuple[str, ...]
    role: Role = Field(description="A feature, the prediction, all features (joint) or the label.")
    importance: float | None = Field(description="The champion's share of importance, if known.")
    learned_floor: bool = Field(description="The reference's own variation set the floor.")
    unconfirmed: bool = Field(description="Drift that too few runs have seen to count.")


class Check(Output):
    """One data-quality check."""

    check: str
    column: str | None
    status: CheckStatus
    sentence: str


class Span(Output):
    """A half-open window of the time column, in UTC."""

    start: datetime
    end: datetime


class PerformanceOutput(Output):
    """The champion on the newest rows whose labels have arrived."""

    metric: str
    window: Span
    rows: int
    score: float | None
    low: float | None
    high: float | None
    baseline: float | None
    status: PerformanceStatus
    sentence: str
    estimated: float | None = Field(description="What the model's own probabilities promise.")


class TroubleOutput(Output):
    """One kind of trouble and its evidence."""

    kind: TroubleKind
    sentence: str


class DecisionOutput(Output):
    """What was decided, and why."""

    action: Action
    reasons: tuple[str, ...]


class Scores(Output):
    """Both models on the same holdout; all None where nothing was compared."""

    metric: str | None
    champion: float | None
    challenger: float | None
    difference: float | None
    low: float | None
    high: float | None
    rows: int


class Gate(Output):
    """One promotion gate."""

    gate: str
    passed: bool
    status: GateStatus = Field(description="A gate that could not run has not passed.")
    sentence: str


class RetrainSummary(Output):
    """What became of a retraining."""

    challenger: str | None = Field(description="The version trained, if one was.")
    won: bool
    scores: Scores
    gates: tuple[Gate, ...]
    promoted_version: str | None
    waits_for: Literal["approval", "shadow"] | None = Field(
        description="What a challenger that won waits for before it is promoted."
    )
    training: Span | None
    holdout: Span | None
    labelled_rows: int | None = Field(description="Rows trained on, all of them labelled.")
    reason: str
    sentence: str


class Champion(Output):
    """The version that serves after the run."""

    version: str | None


class TrialOutput(Output):
    """A version under observation: in shadow, on probation, or waiting for approval."""

    kind: Literal["shadow", "probation", "approval"]
    version: str
    against: str
    status: str = Field(description="going_on, better, worse, undecided or inconclusive.")
    action: str = Field(description="What came of it in this run; none where it goes on.")
    looks: int = Field(description="Labelled windows it has been scored on.")
    planned: int
    difference: float | None = Field(description="Pooled, in favour of the version if > 0.")
    sentence: str


class MonitorOutput(Output):
    """``driftloop monitor --json``."""

    model: str
    as_of: datetime
    rev: str
    dry_run: bool
    verdict: Status
    sentence: str
    window: Span
    rows: Rows
    features: tuple[Feature, ...] = Field(description="Drifted first, what matters most first.")
    quality: tuple[Check, ...]
    performance: PerformanceOutput
    label: Feature | None = Field(description="Change of the label since training, if judged.")
    troubles: tuple[TroubleOutput, ...] = Field(description="Kinds of trouble, with evidence.")
    decision: DecisionOutput
    trials: tuple[TrialOutput, ...] = Field(description="Versions under observation.")
    aftermath: str | None = Field(description="Whether the last change of champion helped.")
    retrain: RetrainSummary | None
    champion: Champion


class RetrainOutput(RetrainSummary):
    """``driftloop retrain --json`` and ``driftloop bootstrap --json``."""

    model: str
    as_of: datetime
    rev: str
    champion: Champion


class ModelStatus(Output):
    """One model of ``driftloop status --json``."""

    model: str
    champion: str | None
    promoted_at: datetime | None
    trained_until: datetime | None
    score: float | None = Field(description="The champion's score on its own holdout.")
    metric: str | None
    as_of: datetime | None = Field(description="The last monitoring run.")
    verdict: str | None
    performance: str | None
    action: str | None
    sentence: str | None
    incident_since: datetime | None = Field(description="Since when the open incident lasts.")
    incident_severity: Literal["info", "warning", "page"] | None
    muted_until: datetime | None
    waiting: int = Field(description="Messages that wait to be sent.")


class StatusOutput(Output):
    """``driftloop status --json``."""

    models: tuple[ModelStatus, ...]


class RollbackOutput(Output):
    """``driftloop rollback --json``."""

    model: str
    rolled_back: bool
    champion: Champion
    previous: str | None
    sentence: str


class LedgerEntry(Output):
    """One entry of the promotion ledger."""

    number: int
    kind: str
    version: str
    previous: str | None
    at: datetime = Field(description="When it was written.")
    as_of: datetime = Field(description="The moment that the run looked from.")
    by: str
    sentence: str


class LedgerOutput(Output):
    """``driftloop ledger --json``."""

    model: str
    champion: Champion
    entries: tuple[LedgerEntry, ...] = Field(description="Oldest first.")
    faults: tuple[str, ...] = Field(description="What contradicts itself; none in a sound ledger.")


class ApproveOutput(Output):
    """``driftloop approve --json``."""

    model: str
    promoted: bool
    champion: Champion
    sentence: str
