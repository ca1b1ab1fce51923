"""Records as the command line prints them; see `driftloop.reporting.json.base` for the objects."""

from datetime import datetime
from typing import Any

from driftloop.alerts.incident import AlertState
from driftloop.base.periods import Window
from driftloop.base.records import (
    GateResult,
    ModelVersion,
    MonitorRecord,
    Promotion,
    RetrainRecord,
    to_plain,
)
from driftloop.drift.ranking import by_severity
from driftloop.promotion.ledger import Entry, inconsistencies
from driftloop.reporting.json.base import (
    ApproveOutput,
    Champion,
    Check,
    DecisionOutput,
    Feature,
    Gate,
    LedgerEntry,
    LedgerOutput,
    ModelStatus,
    MonitorOutput,
    Output,
    PerformanceOutput,
    RetrainOutput,
    RetrainSummary,
    RollbackOutput,
    Rows,
    Scores,
    Span,
    TrialOutput,
    TroubleOutput,
)


def monitor_output(record: MonitorRecord) -> MonitorOutput:
    """Return what is printed of a monitoring run."""
    live = _live(record)
    plain = to_plain(record)
    return MonitorOutput(
        **{name: plain[name] for name in ("model", "as_of", "rev", "dry_run", "window")},
        verdict=record.verdict.status,
        sentence=record.verdict.sentence,
        rows=Rows(reference=record.rows_reference, current=record.rows_current),
        features=tuple(
            Feature(**_picked(finding, Feature)) for finding in by_severity(record.findings)
        ),
        quality=tuple(Check(**_picked(finding, Check)) for finding in record.quality),
        performance=PerformanceOutput(**plain["performance"]),
        label=Feature(**_picked(record.label, Feature)) if record.label else None,
        troubles=tuple(
            TroubleOutput(**_picked(trouble, TroubleOutput)) for trouble in record.troubles
        ),
        decision=DecisionOutput(action=record.decision.action, reasons=record.decision.reasons),
        trials=tuple(TrialOutput(**_picked(trial, TrialOutput)) for trial in record.trials),
        aftermath=record.aftermath,
        retrain=RetrainSummary(**_retrain(record.retrain)) if record.retrain else None,
        champion=Champion(version=live),
    )


def replay_command(record: MonitorRecord) -> str:
    """Return the command that looks again at what a run saw, without changing anything."""
    return (
        f"driftloop monitor {record.model} --as-of {record.as_of.isoformat()} "
        f"--rev {record.rev} --dry-run"
    )


def _live(record: MonitorRecord) -> str:
    """Return the version that serves after the run."""
    live = record.champion
    for trial in record.trials:
        live = {"promoted": trial.version, "rolled_back": trial.against}.get(trial.action, live)
    done = record.retrain.promotion if record.retrain else None
    return done.version if done and done.promoted else live


def ledger_output(model: str, champion: str | None, entries: tuple[Entry, ...]) -> LedgerOutput:
    """Return what is printed of a promotion ledger."""
    return LedgerOutput(
        model=model,
        champion=Champion(version=champion),
        entries=tuple(LedgerEntry(**_picked(entry, LedgerEntry)) for entry in entries),
        faults=inconsistencies(entries, champion),
    )


def rollback_output(model: str, done: Promotion) -> RollbackOutput:
    """Return what is printed of a rollback."""
    return RollbackOutput(
        model=model,
        rolled_back=done.promoted,
        champion=Champion(version=done.version),
        previous=done.previous,
        sentence=done.sentence,
    )


def approve_output(model: str, done: Promotion) -> ApproveOutput:
    """Return what is printed of an answer to a proposal."""
    live = done.version if done.promoted else done.previous
    return ApproveOutput(
        model=model,
        promoted=done.promoted,
        champion=Champion(version=live),
        sentence=done.sentence,
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
    model: str,
    champion: ModelVersion | None,
    last: dict[str, Any] | None,
    alerts: AlertState,
    now: datetime,
) -> ModelStatus:
    """Return one model's line from its champion, its last run's tags and its alerts."""
    incident = alerts.open
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
        incident_since=incident.since if incident else None,
        incident_severity=incident.severity if incident else None,
        muted_until=alerts.muted_at(now),
        waiting=len(alerts.posts),
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
        "gates": tuple(_gate(gate) for gate in found.gates) if found else (),
        "promoted_version": promotion.version if promotion and promotion.promoted else None,
        "waits_for": promotion.waits_for if promotion else None,
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
