"""The status of every model, from the registry and the alerts."""

from driftloop.alerts.incident import AlertState
from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config
from driftloop.reporting.status import ModelStatus, Statuses, model_status
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime import clock


def model_statuses(workspace: Workspace, name: str | None) -> Statuses:
    """Return the status of every configured or registered model, or of one.

    Raises:
        ConfigError: if the named model is neither configured nor registered.
    """
    registry = open_registry(workspace)
    configured = {path.stem for path in workspace.configs.glob("*.yaml")}
    registered = set(registry.models())
    if name is not None and name not in configured | registered:
        find_config(workspace.configs, name)
    names = [name] if name else sorted(configured | registered)
    documents = open_documents(workspace)
    statuses = (
        _status(registry, name, name in registered, read_alerts(documents, name)) for name in names
    )
    return Statuses(tuple(statuses))


def _status(registry: Registry, model: str, registered: bool, alerts: AlertState) -> ModelStatus:
    now = clock.now()
    if not registered:
        return model_status(model, None, None, alerts, now)
    runs = registry.finished(model, "monitor")
    last = runs[0].tags if runs else None
    return model_status(model, registry.champion(model), last, alerts, now)
