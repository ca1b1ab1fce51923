"""Every metric that driftloop exposes, in one place; docs/metrics.md has the same table.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for counters. A
state is one time series a choice, 1 where it holds and 0 otherwise.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "counter"]
PREFIX = "driftloop_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, type, help text and the labels it has beside ``model``."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "gauge", text, labels)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "counter", text, labels)


_FOUND = ("feature", "role", "effect")

METRICS: tuple[Metric, ...] = (
    _gauge("verdict", "Verdict of the newest run, 1 for the one that holds.", "status"),
    _gauge("performance", "Judgement of the realised performance, 1 for its status.", "status"),
    _gauge("action", "Decision of the newest run, 1 for the one that was taken.", "action"),
    _gauge("held", "Rule that forbade a retraining in the newest run, 1 for that one.", "rule"),
    _gauge("features_drifted", "Columns that drifted in the newest run, broken ones left out."),
    _gauge("effect_size", "Effect size of the columns that changed most.", *_FOUND),
    _gauge("effect_floor", "Effect size that has to be exceeded to count as drift.", *_FOUND),
    _gauge("quality_checks", "Data-quality checks of the newest run by status.", "status"),
    _gauge("rows", "Rows that were compared in the newest run.", "part"),
    _gauge("score", "Realised score on the newest labelled rows.", "metric"),
    _gauge("score_low", "Lower end of the interval of the realised score.", "metric"),
    _gauge("score_high", "Upper end of the interval of the realised score.", "metric"),
    _gauge("score_baseline", "Score of the champion on its own holdout.", "metric"),
    _gauge("score_rows", "Labelled rows that the realised score rests on."),
    _gauge("last_run_timestamp_seconds", "When the newest monitoring run was recorded."),
    _gauge("last_run_as_of_timestamp_seconds", "Moment that the newest run looked from."),
    _gauge("data_lag_seconds", "Age of the end of the judged window when it was recorded."),
    _gauge("label_lag_seconds", "The same of the newest window with labels."),
    _gauge("period_seconds", "Length of the window that a run judges."),
    _gauge("run_duration_seconds", "How long the newest run of a flow took.", "flow"),
    _gauge("blind_runs", "Newest runs in a row that could not judge."),
    _gauge("champion_info", "Always 1; the label names the champion.", "version"),
    _gauge("champion_since_timestamp_seconds", "When the champion last became champion."),
    _gauge("champion_trained_until_timestamp_seconds", "End of the champion's training data."),
    _counter("retrains_total", "Retrainings that were recorded, by outcome.", "outcome"),
    _gauge("last_retrain_as_of_timestamp_seconds", "Moment that the newest one looked from."),
    _gauge("losing_challengers", "Newest challengers in a row that did not win."),
    _counter("promotions_total", "Promotions in the ledger, with that of the first champion."),
    _counter("rollbacks_total", "Rollbacks in the ledger."),
    _gauge("messages_waiting", "Messages that wait to be sent, by the reason.", "channel", "why"),
    _gauge("message_oldest_timestamp_seconds", "When the oldest message that waits was written."),
    _counter("delivery_failures_total", "Attempts to send that failed.", "channel"),
    _gauge("muted_until_timestamp_seconds", "Until when the messages are muted."),
    _gauge("incident_open", "1 while an incident is open."),
    _gauge("incident_severity", "Severity of the open incident, 1 for that one.", "severity"),
    _gauge("incident_since_timestamp_seconds", "Start of the first window with trouble."),
    _gauge("incident_opened_timestamp_seconds", "Moment from which the trouble was found."),
    _gauge("incident_acknowledged", "1 where a person took the open incident on."),
    _counter("incidents_total", "Incidents that were opened."),
    _gauge("mean_time_to_detect_seconds", "Mean from the start of trouble until it was found."),
    _gauge("mean_time_to_recover_seconds", "Mean from there until the incident was resolved."),
    _gauge("mean_time_to_new_champion_seconds", "Mean from there until the champion changed."),
)

TABLE: dict[str, Metric] = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric, with the values of all its labels, ``model`` first."""

    metric: Metric
    labels: tuple[str, ...]
    value: float

    @property
    def named(self) -> dict[str, str]:
        """The labels by name."""
        return dict(zip(("model", *self.metric.labels), self.labels, strict=True))
