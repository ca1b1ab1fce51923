"""The inputs of a model's metrics, read from the registry and the alerts each time.

Every run is its own process, so nothing is counted in memory: totals come from what is stored.
"""

import os

from driftloop.base.errors import DataError, DriftloopError, MetricsError
from driftloop.base.tags import counts_as_past
from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config, load_config, load_configs
from driftloop.config.model_config import ModelConfig
from driftloop.decision.decision import losing_streak
from driftloop.reporting.prometheus.inputs import LastRun, MetricInputs, read_record
from driftloop.reporting.prometheus.samples import MOST_FEATURES
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry
from tasks.registry.protocol import RECORD, Registry, json_file
from tasks.runtime import clock

MOST_RUNS = 50_000
"""More than MLflow returns at once; a model retrained hourly has as many after five years."""
FEATURES = "DRIFTLOOP_METRICS_FEATURES"
_LARGEST = 1_000


def configs_named(
    workspace: Workspace, name: str | None
) -> tuple[tuple[ModelConfig, ...], tuple[str, ...]]:
    """Return the configuration of one model or of all, and the errors of the invalid ones.

    Raises:
        ConfigError: if the named model is unknown or its configuration is not valid.
    """
    if name is None:
        return load_configs(workspace.configs)
    return (load_config(find_config(workspace.configs, name)),), ()


def most_features() -> int:
    """Return for how many features of a model an effect size is published.

    Raises:
        MetricsError: if the setting is not valid.
    """
    text = os.environ.get(FEATURES, "").strip()
    if not text:
        return MOST_FEATURES
    if not text.isascii() or not text.isdigit() or int(text) > _LARGEST:
        raise MetricsError(f"{FEATURES}: received {text!r}; valid: a number from 0 to {_LARGEST}")
    return int(text)


def read_metric_inputs(workspace: Workspace, config: ModelConfig) -> MetricInputs:
    """Return the state of a model that its metrics are computed from.

    Raises:
        DriftloopError: if the registry or the alerts do not answer, or cannot be read.
    """
    model, now, registry = config.model, clock.now(), open_registry(workspace)
    window = config.windows.current_window(now)
    known = bool(registry.versions(model))
    runs = registry.finished(model, "retrain", MOST_RUNS) if known else ()
    past = tuple(run.tags.past_run for run in runs if counts_as_past(run.stored))
    return MetricInputs(
        model=model,
        now=now,
        period=window.end - window.start,
        channels=config.alerts.channels,
        alerts=read_alerts(open_documents(workspace), model),
        champion=registry.champion(model) if known else None,
        last=_last_run(registry, model) if known else None,
        retrainings=tuple(run.tags for run in runs),
        losing=losing_streak(past),
        ledger=read_ledger(registry, model) if known else (),
    )


def _last_run(registry: Registry, model: str) -> LastRun | None:
    runs = registry.finished(model, "monitor")
    if not runs:
        return None
    stored = json_file(registry, runs[0].run_id, RECORD)
    if stored is None:
        return None
    try:
        record = read_record(stored)
    except DataError as error:
        raise DriftloopError(
            f"{RECORD} of run {runs[0].run_id} of {model} cannot be read: {error}; the next "
            "monitoring run writes a valid one"
        ) from None
    tags = runs[0].tags
    return LastRun(record, tags.recorded_at, tags.seconds)
