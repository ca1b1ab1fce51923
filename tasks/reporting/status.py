"""The status of every model, from the registry and the alerts."""

from driftloop.alerts.incident import AlertState
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import ModelTags
from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config
from driftloop.decision.outcome import outcome_of_tags
from driftloop.reporting.status import ModelStatus, Statuses, model_status
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import all_documents, open_documents
from tasks.registry.opening import open_registry
from tasks.registry.protocol import ModelOverview, Registry, Run
from tasks.runtime import clock

_LOOKED_BACK = 60


def model_statuses(workspace: Workspace, name: str | None) -> Statuses:
    """Return the status of every configured or registered model, or of one.

    Raises:
        ConfigError: if the named model is neither configured nor registered.
    """
    registry = open_registry(workspace)
    if name is not None:
        return Statuses((_status_of(registry, name),))
    overviews = registry.overviews(1)
    documents = all_documents(workspace, {name: one.tags for name, one in overviews.items()})
    configured = {path.stem for path in workspace.configs.glob("*.yaml")}
    statuses = []
    for model in sorted(configured | overviews.keys()):
        own = overviews.get(model, ModelOverview(None, ModelTags(), ()))
        champion = registry.version(model, own.champion) if own.champion else None
        alerts = read_alerts(documents, model)
        statuses.append(_status(registry, model, champion, own.runs, alerts))
    return Statuses(tuple(statuses))


def _status_of(registry: Registry, model: str) -> ModelStatus:
    registered = registry.registered(model)
    if not registered:
        find_config(registry.workspace.configs, model)
    champion = registry.champion(model) if registered else None
    runs = registry.finished(model, "monitor") if registered else ()
    alerts = read_alerts(open_documents(registry.workspace), model)
    return _status(registry, model, champion, runs, alerts)


def _status(
    registry: Registry,
    model: str,
    champion: ModelVersion | None,
    runs: tuple[Run, ...],
    alerts: AlertState,
) -> ModelStatus:
    """Return a status; a run that found no rows does not hide what the one before it found."""
    last, empty = (runs[0].tags if runs else None), None
    if last is not None and outcome_of_tags(last) == "empty":
        earlier = registry.finished(model, "monitor", _LOOKED_BACK)
        with_rows = (run.tags for run in earlier if outcome_of_tags(run.tags) != "empty")
        if seen := next(with_rows, None):
            last, empty = seen, last
    return model_status(model, champion, last, alerts, clock.now(), empty)
