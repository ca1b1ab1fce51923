"""What the command line prints with ``--json``: one documented object a command.

The JSON Schemas in ``docs/schemas`` are generated from these models.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from driftloop.periods import Window
from driftloop.records import (
    Action,
    CheckStatus,
    Finding,
    GateResult,
    GateStatus,
    ModelVersion,
    MonitorRecord,
    PerformanceStatus,
    RetrainRecord,
    Role,
    Status,
    TroubleKind,
    to_plain,
)


class Condition(StrEnum):
    """What ``--fail-on`` can ask for."""

    drift = "drift"
    quality = "quality"
    performance = "performance"
    inconclusive = "inconclusive"


class Output(BaseModel):
    """Base of all printed objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    training: Span | None
    holdout: Span | None
    labelled_rows: int | None = Field(description="Rows trained on, all of them labelled.")
    reason: str
    sentence: str


class Champion(Output):
    """The version that serves after the run."""

    version: str | None


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


class InferredColumn(Output):
    """What one column of the file was taken for."""

    name: str
    role: str = Field(description="time, label, key, numeric, categorical or left out.")
    reason: str


class InitOutput(Output):
    """``driftloop init --json``."""

    model: str
    workspace: str
    config: str
    rev: str
    rows: int
    batches: int
    train_until: datetime
    columns: tuple[InferredColumn, ...]
    notes: tuple[str, ...]
    champion: Champion
    score: float | None = Field(description="The champion's score on its own holdout.")
    metric: str | None
    sentence: str


_ORDER: dict[Status, int] = {"drift": 0, "warning": 1, "inconclusive": 2, "ok": 3}


def ranked(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return findings as people want to read them: drifted first, what matters most first."""
    return sorted(findings, key=lambda one: (_ORDER[one.status], -one.weight))


def monitor_output(record: MonitorRecord) -> MonitorOutput:
    """Return what is printed of a monitoring run."""
    promoted = record.retrain.promotion if record.retrain else None
    live = promoted.version if promoted and promoted.promoted else record.champion
    plain = to_plain(record)
    return MonitorOutput(
        **{name: plain[name] for name in ("model", "as_of", "rev", "dry_run", "window")},
        verdict=record.verdict.status,
        sentence=record.verdict.sentence,
        rows=Rows(reference=record.rows_reference, current=record.rows_current),
        features=tuple(Feature(**_picked(one, Feature)) for one in ranked(record.findings)),
        quality=tuple(Check(**_picked(one, Check)) for one in record.quality),
        performance=PerformanceOutput(**plain["performance"]),
        label=Feature(**_picked(record.label, Feature)) if record.label else None,
        troubles=tuple(TroubleOutput(**_picked(one, TroubleOutput)) for one in record.troubles),
        decision=DecisionOutput(action=record.decision.action, reasons=record.decision.reasons),
        retrain=RetrainSummary(**_retrain(record.retrain)) if record.retrain else None,
        champion=Champion(version=live),
    )


def retrain_output(record: RetrainRecord) -> RetrainOutput:
    """Return what is printed of a retraining."""
    promotion = record.promotion
    live = None
    if promotion is not None:
        live = promotion.version if promotion.promoted else promotion.previous
    return RetrainOutput(
        **_retrain(record),
        model=record.model,
        as_of=record.as_of,
        rev=record.rev,
        champion=Champion(version=live),
    )


def model_status(
    model: str, champion: ModelVersion | None, last: dict[str, Any] | None
) -> ModelStatus:
    """Return one model's line from its champion and the tags of its last monitoring run."""
    trained = champion.training.window.end if champion and champion.training else None
    baseline = champion.baseline if champion else None
    tags = last or {}
    return ModelStatus(
        model=model,
        champion=champion.version if champion else None,
        promoted_at=champion.promoted_at if champion else None,
        trained_until=trained,
        score=baseline.value if baseline else None,
        metric=baseline.metric if baseline else None,
        as_of=tags.get("as_of"),
        verdict=tags.get("verdict"),
        performance=tags.get("performance"),
        action=tags.get("action"),
        sentence=tags.get("sentence"),
    )


def _retrain(record: RetrainRecord) -> dict[str, Any]:
    found, plan, promotion = record.comparison, record.plan, record.promotion
    numbers = to_plain(found) if found else {}
    old, new = numbers.get("champion"), numbers.get("challenger")
    return {
        "challenger": record.challenger,
        "won": record.won,
        "scores": Scores(
            metric=found.metric if found else None,
            champion=old["value"] if old else None,
            challenger=new["value"] if new else None,
            difference=numbers.get("difference"),
            low=numbers.get("low"),
            high=numbers.get("high"),
            rows=found.rows if found else 0,
        ),
        "gates": tuple(_gate(one) for one in found.gates) if found else (),
        "promoted_version": promotion.version if promotion and promotion.promoted else None,
        "training": _span(plan.training.window) if plan else None,
        "holdout": _span(plan.holdout.window) if plan else None,
        "labelled_rows": plan.training.rows if plan else None,
        "reason": record.reason,
        "sentence": record.sentence,
    }


def _gate(found: GateResult) -> Gate:
    return Gate(passed=found.passed, **to_plain(found))


def _span(window: Window) -> Span:
    return Span(start=window.start, end=window.end)


def _picked(record: Any, model: type[Output]) -> dict[str, Any]:
    plain = to_plain(record)
    return {name: plain[name] for name in model.model_fields}
