"""Events that automations can wait for.

An event's name is `driftloop.<subject>.<what>`, and its resource the model. See docs/events.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftloop.alerts.message import Kind, event_key
from driftloop.alerts.responses import Acknowledged
from driftloop.base.findings import Finding
from driftloop.base.records import MonitorRecord, TrialAction, TrialOutcome
from driftloop.base.retrain_record import Promotion, RetrainRecord
from driftloop.base.serialize import to_plain

MOST_FEATURES = 10
EVENTS: dict[str, str] = {
    "window.judged": "a monitoring run has judged its window, whatever the result",
    "window.inconclusive": "the window could not be judged",
    "data.broken": "a data-quality check failed",
    "drift.detected": "the verdict is drift",
    "performance.fell": "labels show that predictions got worse",
    "incident.opened": "an episode of trouble began",
    "incident.worsened": "it got worse",
    "incident.reopened": "it came back soon after it was over",
    "incident.confirmed": "labels show that the drift does harm",
    "incident.acknowledged": "a person took it on",
    "incident.resolved": "it is over",
    "model.trained": "a challenger was trained and compared",
    "model.promoted": "another version is champion",
    "model.kept": "the challenger did not replace the champion",
    "model.proposed": "a challenger waits for a person, or for its shadow to end",
    "model.rolled_back": "an earlier version is champion again",
    "retraining.failed": "no challenger could be trained",
    "snapshot.taken": "newly arrived data became a snapshot",
}
"""Every event there is, and when it is emitted."""
_TRIALS: dict[TrialAction, str] = {
    "promoted": "model.promoted",
    "rolled_back": "model.rolled_back",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event; events with equal keys are the same."""

    name: str
    model: str
    key: str
    payload: Mapping[str, Any]


def run_events(record: MonitorRecord, kinds: tuple[Kind, ...]) -> tuple[Event, ...]:
    """Return the events of a monitoring run; `kinds` are what is new about the model's incident."""
    happened = {
        "window.judged": True,
        "window.inconclusive": record.verdict.status == "inconclusive",
        "data.broken": bool(record.broken),
        "drift.detected": record.verdict.status == "drift",
        "performance.fell": record.performance.worst == "fell",
        **{f"incident.{kind}": True for kind in kinds if f"incident.{kind}" in EVENTS},
    }
    payload = _payload(record)
    names = [name for name, has_happened in happened.items() if has_happened]
    events = [_event(name, record.model, record.as_of, payload) for name in names]
    return (*events, *(_trial(record, trial) for trial in record.trials if trial.action in _TRIALS))


def retrain_events(record: RetrainRecord) -> tuple[Event, ...]:
    """Return the events of a retraining."""
    payload = {
        "as_of": record.as_of,
        "rev": record.rev,
        "reason": record.reason,
        "sentence": record.sentence,
        "version": record.challenger,
        "mlflow_run": record.run_id,
    }
    if record.challenger is None:
        return (_event("retraining.failed", record.model, record.as_of, payload),)
    outcome = _with(payload, record.promotion)
    return (
        _event("model.trained", record.model, record.as_of, payload),
        _event(_outcome(record.promotion), record.model, record.as_of, outcome),
    )


def promotion_event(model: str, as_of: datetime, promotion: Promotion) -> Event:
    """Return the event of a person's decision on a challenger."""
    return _event(_outcome(promotion), model, as_of, _with({"as_of": as_of}, promotion))


def rollback_events(model: str, as_of: datetime, promotion: Promotion) -> tuple[Event, ...]:
    """Return the event of a rollback, if one was done."""
    if not promotion.promoted:
        return ()
    return (_event("model.rolled_back", model, as_of, _with({"as_of": as_of}, promotion)),)


def acknowledged_event(acknowledged: Acknowledged, at: datetime) -> Event:
    """Return the event of an incident that a person took on."""
    names = ("by", "incident", "since", "not_a_problem")
    payload = {name: getattr(acknowledged, name) for name in names}
    return _event("incident.acknowledged", acknowledged.model, at, payload)


def _outcome(promotion: Promotion | None) -> str:
    if promotion is None:
        return "model.kept"
    if promotion.promoted:
        return "model.promoted"
    return "model.kept" if promotion.waits_for is None else "model.proposed"


def _with(payload: Mapping[str, Any], promotion: Promotion | None) -> dict[str, Any]:
    names = ("version", "previous", "waits_for", "sentence")
    details = {name: getattr(promotion, name) for name in names} if promotion else {}
    return {**payload, **details}


def _trial(record: MonitorRecord, trial: TrialOutcome) -> Event:
    new, old = trial.version, trial.against
    if trial.action == "rolled_back":
        new, old = old, new
    payload = {"as_of": record.as_of, "version": new, "previous": old, "sentence": trial.sentence}
    return _event(_TRIALS[trial.action], record.model, record.as_of, payload)


def _payload(record: MonitorRecord) -> dict[str, Any]:
    scored = record.performance
    return {
        "as_of": record.as_of,
        "window": {"start": record.window.start, "end": record.window.end},
        "rev": record.rev,
        "champion": record.champion,
        "rows": record.rows_current,
        "headline": record.headline,
        "verdict": record.verdict.status,
        "sentence": record.verdict.sentence,
        "action": record.decision.action,
        "reasons": record.decision.reasons,
        "metric": scored.metric,
        "score": scored.score,
        "performance": scored.status,
        "failed_checks": [check.sentence for check in record.broken][:MOST_FEATURES],
        "features": [_feature(finding) for finding in record.drifted[:MOST_FEATURES]],
        "features_drifted": len(record.drifted),
    }


def _feature(finding: Finding) -> dict[str, Any]:
    names = ("name", "effect", "effect_size", "effect_floor", "p_adjusted")
    return {name: getattr(finding, name) for name in names}


def _event(name: str, model: str, as_of: datetime, payload: Mapping[str, Any]) -> Event:
    version = str(payload.get("version") or "") if name.startswith("model.") else ""
    key = "/".join(("event", name, event_key(model, as_of, "observed", version)))
    return Event(f"driftloop.{name}", model, key, to_plain(dict(payload)))
