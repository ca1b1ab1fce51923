"""The registry of a workspace: MLflow, or in memory during a backtest."""

from functools import lru_cache

from driftloop.base.workspace import Workspace
from tasks.registry.memory import in_memory
from tasks.registry.protocol import Registry


@lru_cache(maxsize=8)
def _mlflow(workspace: Workspace) -> Registry:
    from tasks.registry.mlflow import MlflowRegistry

    return MlflowRegistry(workspace)


def open_registry(workspace: Workspace) -> Registry:
    """Return the registry of a workspace, opened once per process."""
    return in_memory(workspace) or _mlflow(workspace)
