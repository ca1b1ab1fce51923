"""The status of every model, from the registry and the alerts."""

from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config
from driftloop.reporting.status import Statuses, model_status
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.opening import open_registry
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
    statuses = []
    for model in names:
        champion = registry.champion(model) if model in registered else None
        runs = registry.finished(model, "monitor") if model in registered else ()
        last, alerts = runs[0].tags if runs else None, read_alerts(documents, model)
        statuses.append(model_status(model, champion, last, alerts, clock.now()))
    return Statuses(tuple(statuses))
