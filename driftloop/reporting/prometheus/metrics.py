"""The table of all metrics that driftloop exposes; docs/metrics.md repeats it.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for counters. A
state has one time series per choice, 1 for the one that holds and 0 otherwise.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, computed_field, field_serializer

from driftloop.base.serialize import UNPRINTED

Kind = Literal["gauge", "counter"]
PREFIX = "driftloop_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, type, help text and its labels besides ``model``."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "gauge", text, labels)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "counter", text, labels)


_COLUMN = ("feature", "role", "effect")

METRICS: tuple[Metric, ...] = (
    _gauge("verdict", "Verdict of the newest run, 1 for the one that holds.", "status"),
    _gauge("performance", "Judgement of the realised performance, 1 for its status.", "status"),
    _gauge("action", "Decision of the newest run, 1 for the one taken.", "action"),
    _gauge("held", "Rule that blocked a retraining in the newest run, 1 for that one.", "rule"),
    _gauge("features_drifted", "Columns that drifted in the newest run, without broken ones."),
    _gauge("effect_size", "Effect size of the columns that changed most.", *_COLUMN),
    _gauge("effect_floor", "Effect size above which a change counts as drift.", *_COLUMN),
    _gauge("quality_checks", "Data-quality checks of the newest run by status.", "status"),
    _gauge("rows", "Rows compared in the newest run.", "part"),
    _gauge("score", "Realised score on the newest labelled rows.", "metric"),
    _gauge("score_low", "Lower end of the confidence interval of the realised score.", "metric"),
    _gauge("score_high", "Upper end of the confidence interval of the realised score.", "metric"),
    _gauge("score_baseline", "Score of the champion on its own holdout.", "metric"),
    _gauge("estimated_score", "Score of the champion estimated without labels.", "metric"),
    _gauge("score_rows", "Labelled rows behind the realised score."),
    _gauge("last_run_timestamp_seconds", "When the newest monitoring run was recorded."),
    _gauge("last_run_as_of_timestamp_seconds", "Moment as of which the newest run judged."),
    _gauge("data_lag_seconds", "Age of the end of the judged window when the run was recorded."),
    _gauge("label_lag_seconds", "Age of the end of the newest window with labels, likewise."),
    _gauge("period_seconds", "Length of the window that a run judges."),
    _gauge("run_duration_seconds", "Duration of the newest run of a flow.", "flow"),
    _gauge("blind_runs", "Consecutive inconclusive runs up to the newest."),
    _gauge("champion_info", "Always 1; the label holds the champion's version.", "version"),
    _gauge("champion_since_timestamp_seconds", "When the champion last became champion."),
    _gauge("champion_trained_until_timestamp_seconds", "End of the champion's training data."),
    _counter("retrains_total", "Recorded retrainings by outcome.", "outcome"),
    _gauge("last_retrain_as_of_timestamp_seconds", "Moment as of which the newest retraining ran."),
    _gauge("losing_challengers", "Consecutive challengers up to the newest that did not win."),
    _counter("promotions_total", "Promotions in the ledger, including the first champion."),
    _counter("rollbacks_total", "Rollbacks in the ledger."),
    _gauge("messages_waiting", "Messages waiting to be sent, by reason.", "channel", "why"),
    _gauge("message_oldest_timestamp_seconds", "When the oldest waiting message was written."),
    _counter("delivery_failures_total", "Failed delivery attempts.", "channel"),
    _gauge("muted_until_timestamp_seconds", "When the mute of messages ends."),
    _gauge("incident_open", "1 while an incident is open."),
    _gauge("incident_severity", "Severity of the open incident, 1 for that one.", "severity"),
    _gauge("incident_since_timestamp_seconds", "Start of the first window with trouble."),
    _gauge("incident_opened_timestamp_seconds", "Moment as of which the trouble was found."),
    _gauge("incident_acknowledged", "1 if a person acknowledged the open incident."),
    _counter("incidents_total", "Opened incidents."),
    _gauge(
        "mean_time_to_detect_seconds", "Mean time from the start of trouble until it was found."
    ),
    _gauge("mean_time_to_recover_seconds", "Mean time from there until the incident was resolved."),
    _gauge(
        "mean_time_to_new_champion_seconds",
        "Mean time from when it was found until the champion changed.",
    ),
)

TABLE: dict[str, Metric] = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric, with the values of all its labels, ``model`` first."""

    metric: Annotated[Metric, UNPRINTED]
    labels: tuple[str, ...]
    value: Annotated[float, Field(description="Times are seconds since 1970, states 0 or 1.")]

    @computed_field
    @property
    def name(self) -> str:
        """Name of the metric."""
        return self.metric.name

    @computed_field
    @property
    def type(self) -> Literal["gauge", "counter"]:
        """Type of the metric."""
        return self.metric.kind

    @computed_field
    @property
    def help(self) -> str:
        """Meaning of the metric."""
        return self.metric.help

    @field_serializer("labels")
    def _labels(self, _: tuple[str, ...]) -> dict[str, str]:
        return self.named

    @property
    def named(self) -> dict[str, str]:
        """The labels by name."""
        return dict(zip(("model", *self.metric.labels), self.labels, strict=True))


@dataclass(frozen=True, slots=True)
class Metrics:
    """All samples; ``driftloop metrics --json``."""

    samples: Annotated[tuple[Sample, ...], Field(description="Unknown values are left out.")]
