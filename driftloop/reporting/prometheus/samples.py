"""The values of a model's metrics.

An unknown value is absent: a missing time series is not a zero.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import get_args

from driftloop.alerts.delivery_plan import Target
from driftloop.alerts.message import LEVELS
from driftloop.base.findings import CheckStatus, Finding, PerformanceStatus, Status, by_severity
from driftloop.base.records import Action, Held, MonitorRecord
from driftloop.base.tags import RunTags
from driftloop.promotion.ledger import MOVES
from driftloop.reporting.prometheus.inputs import LastRun, MetricInputs
from driftloop.reporting.prometheus.metrics import PREFIX, TABLE, Sample

MOST_FEATURES = 10
LONGEST_LABEL = 100
OUTCOMES = ("promoted", "won", "lost", "untrained")
Value = float | int | datetime | None


class _Samples:
    """Collects the samples of one model."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.samples: list[Sample] = []

    def add(self, name: str, value: Value, *labels: str) -> None:
        """Add a value; None and NaN are left out, a datetime becomes seconds since 1970."""
        if value is None:
            return
        number = value.timestamp() if isinstance(value, datetime) else float(value)
        if isfinite(number):
            cut = tuple(shortened(label) for label in labels)
            self.samples.append(Sample(TABLE[PREFIX + name], (self.model, *cut), number))

    def state(self, name: str, choices: Iterable[str], holds: str | None) -> None:
        """Add a value for every choice: 1 for the one that holds."""
        for choice in choices:
            self.add(name, choice == holds, choice)


def samples_of(inputs: MetricInputs, most_features: int = MOST_FEATURES) -> tuple[Sample, ...]:
    """Return every metric of a model that has a value.

    Effect sizes are those of the `most_features` features that changed most.
    """
    into = _Samples(inputs.model)
    into.add("period_seconds", inputs.period.total_seconds())
    if inputs.last is not None:
        _verdicts(into, inputs.last.record)
        _effects(into, inputs.last.record, most_features)
        _scores(into, inputs.last.record)
        _times(into, inputs.last)
    _champion(into, inputs)
    _retrainings(into, inputs)
    _messages(into, inputs)
    _incidents(into, inputs)
    return tuple(into.samples)


def shortened(label: str) -> str:
    """Return the value of a label; a very long one is cut, with a hash that keeps it distinct."""
    text = label.encode("utf-8", "replace").decode()
    if len(text) <= LONGEST_LABEL:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{text[: LONGEST_LABEL - 10]}…{digest}"


def _verdicts(into: _Samples, record: MonitorRecord) -> None:
    into.state("verdict", get_args(Status), record.verdict.status)
    into.state("performance", get_args(PerformanceStatus), record.performance.status)
    into.state("action", get_args(Action), record.decision.action)
    into.state("held", get_args(Held), record.decision.held)
    into.add("features_drifted", len({hit.name for hit in record.drifted}))
    counts = Counter(check.status for check in record.quality)
    for status in get_args(CheckStatus):
        into.add("quality_checks", counts[status], status)
    into.add("rows", record.rows_reference, "reference")
    into.add("rows", record.rows_current, "current")


def _effects(into: _Samples, record: MonitorRecord, limit: int) -> None:
    label = () if record.label is None else (record.label,)
    for finding in _most_changed((*record.findings, *label), limit):
        labels = finding.name, finding.role, finding.effect
        into.add("effect_size", finding.effect_size, *labels)
        into.add("effect_floor", finding.effect_floor, *labels)


def _most_changed(findings: tuple[Finding, ...], limit: int) -> Iterator[Finding]:
    """Yield one finding per column: of the features that changed most, and of everything else."""
    seen: set[tuple[str, str]] = set()
    features = 0
    for finding in by_severity(findings):
        column = finding.role, shortened(finding.name)
        if finding.effect_size is None or column in seen:
            continue
        if finding.role == "feature" and features >= limit:
            continue
        seen.add(column)
        features += finding.role == "feature"
        yield finding


def _scores(into: _Samples, record: MonitorRecord) -> None:
    performance = record.performance
    into.add("score", performance.score, performance.metric)
    into.add("score_low", performance.low, performance.metric)
    into.add("score_high", performance.high, performance.metric)
    into.add("score_baseline", performance.baseline, performance.metric)
    into.add("score_rows", performance.rows)
    if record.estimate is not None:
        into.add("estimated_score", record.estimate.score, record.estimate.metric)


def _times(into: _Samples, last: LastRun) -> None:
    record = last.record
    into.add("last_run_timestamp_seconds", last.at)
    into.add("last_run_as_of_timestamp_seconds", record.as_of)
    into.add("run_duration_seconds", last.seconds, "monitor")
    if last.at is not None:
        into.add("data_lag_seconds", (last.at - record.window.end).total_seconds())
        into.add("label_lag_seconds", (last.at - record.performance.window.end).total_seconds())


def _champion(into: _Samples, inputs: MetricInputs) -> None:
    champion = inputs.champion
    into.add("promotions_total", sum(entry.kind == "promoted" for entry in inputs.ledger))
    into.add("rollbacks_total", sum(entry.kind == "rolled_back" for entry in inputs.ledger))
    if champion is None:
        return
    into.add("champion_info", 1, champion.version)
    into.add("champion_since_timestamp_seconds", inputs.champion_since)
    if champion.training is not None:
        into.add("champion_trained_until_timestamp_seconds", champion.training.window.end)


def _retrainings(into: _Samples, inputs: MetricInputs) -> None:
    counts = Counter(_outcome(retraining) for retraining in inputs.retrainings)
    for outcome in OUTCOMES:
        into.add("retrains_total", counts[outcome], outcome)
    into.add("losing_challengers", inputs.losing)
    if inputs.retrainings:
        newest = inputs.retrainings[0]
        into.add("last_retrain_as_of_timestamp_seconds", newest.as_of)
        into.add("run_duration_seconds", newest.seconds, "retrain")


def _outcome(retraining: RunTags) -> str:
    if not retraining.trained:
        return "untrained"
    return "promoted" if retraining.promoted else "won" if retraining.won else "lost"


def _messages(into: _Samples, inputs: MetricInputs) -> None:
    alerts, written = inputs.alerts, []
    for channel in inputs.channels:
        to = Target(inputs.model, channel, True, inputs.now)
        waiting = [post for post in alerts.posts if channel.key in post.waiting]
        held = 0
        for post in waiting:
            incident = alerts.incident(post.incident)
            held += to.holds(alerts, incident.severity if incident else post.level)
            written.append(post.written)
        into.add("messages_waiting", held, channel.key, "held")
        into.add("messages_waiting", len(waiting) - held, channel.key, "undelivered")
        into.add("delivery_failures_total", alerts.failures.get(channel.key, 0), channel.key)
    into.add("message_oldest_timestamp_seconds", min(written, default=None))
    into.add("muted_until_timestamp_seconds", alerts.muted_at(inputs.now))


def _incidents(into: _Samples, inputs: MetricInputs) -> None:
    alerts = inputs.alerts
    incident, newest = alerts.open, alerts.newest
    into.add("incident_open", incident is not None)
    into.state("incident_severity", LEVELS, incident.severity if incident else None)
    into.add("incidents_total", newest.number if newest else 0)
    into.add("blind_runs", alerts.blind)
    if incident is not None:
        into.add("incident_since_timestamp_seconds", incident.since)
        into.add("incident_opened_timestamp_seconds", incident.opened_at)
        into.add("incident_acknowledged", incident.acknowledged is not None)
    detected = [episode.opened_at - episode.since for episode in inputs.episodes]
    recovered = [
        episode.resolved_at - episode.opened_at
        for episode in inputs.episodes
        if episode.resolved_at is not None
    ]
    into.add("mean_time_to_detect_seconds", _mean(detected))
    into.add("mean_time_to_recover_seconds", _mean(recovered))
    into.add("mean_time_to_new_champion_seconds", _mean(_changed(inputs)))


def _changed(inputs: MetricInputs) -> list[timedelta]:
    """Return how long it took in each episode until the champion first changed, if it did."""
    moves = [entry.as_of for entry in inputs.ledger if entry.kind in MOVES]
    durations = []
    for episode in inputs.episodes:
        end = episode.resolved_at or inputs.now
        first = next((at for at in moves if episode.opened_at <= at <= end), None)
        if first is not None:
            durations.append(first - episode.opened_at)
    return durations


def _mean(durations: Sequence[timedelta]) -> float | None:
    if not durations:
        return None
    return sum(duration.total_seconds() for duration in durations) / len(durations)
