"""What the registry knows of every model."""

from driftloop.incident import AlertState
from driftloop.load import find_config
from driftloop.output import ModelStatus
from driftloop.printed import model_status
from driftloop.workspace import Workspace
from tasks import clock
from tasks.alert_store import read_alerts
from tasks.documents import open_documents
from tasks.registry import Registry, open_registry, own_tags


def model_statuses(workspace: Workspace, name: str | None) -> tuple[ModelStatus, ...]:
    """Return a line for every configured or registered model, or for one.

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
    return tuple(
        _status(registry, one, one in registered, read_alerts(documents, one)) for one in names
    )


def _status(registry: Registry, model: str, registered: bool, alerts: AlertState) -> ModelStatus:
    now = clock.now()
    if not registered:
        return model_status(model, None, None, alerts, now)
    runs = registry.finished(model, "monitor")
    own = own_tags(runs[0].tags) if runs else {}
    return model_status(model, registry.champion(model), own, alerts, now)
