"""Models in the registry: stored with skops, loaded only if every type in them is allowed."""

import os
import tempfile
from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pandas as pd

from driftloop.errors import RegistryError, TrainingError, listed
from driftloop.estimators import SAFE_TYPES
from driftloop.workspace import Workspace
from tasks.memory_registry import MemoryRegistry
from tasks.mlflow_registry import MlflowRegistry, mlflow_context, registry_errors
from tasks.registry import Registry

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sklearn.pipeline import Pipeline

_SERVING = ("scikit-learn", "skops", "numpy", "pandas", "scipy")


def check_types(unknown: list[str], what: str) -> None:
    """Refuse a model that holds types outside the allow-list.

    Raises:
        TrainingError: naming the types.
    """
    forbidden = sorted(set(unknown) - SAFE_TYPES)
    if forbidden:
        raise TrainingError(
            f"{what} holds types that are not on the allow-list and is neither stored nor loaded: "
            f"{listed(forbidden)}"
        )


def log_model(
    registry: Registry,
    run_id: str,
    pipeline: "Pipeline",
    sample: pd.DataFrame,
    answer: npt.NDArray[Any],
) -> str:
    """Store the pipeline in the run and return its model id; a model already there is reused.

    Raises:
        TrainingError: if the pipeline holds a type that is not on the allow-list.
    """
    import mlflow
    import skops.io
    from mlflow.models import infer_signature

    types = skops.io.get_untrusted_types(data=skops.io.dumps(pipeline))
    check_types(types, "the trained model")
    if isinstance(registry, MemoryRegistry):
        registry.pipelines[run_id] = pipeline
        return run_id
    done = _logged_before(registry, run_id)
    if done is not None:
        return done
    with (
        registry_errors(registry.workspace),
        mlflow_context(registry.workspace),
        mlflow.start_run(run_id=run_id),
    ):
        info = mlflow.sklearn.log_model(
            pipeline,
            name="model",
            serialization_format="skops",
            skops_trusted_types=types,
            signature=infer_signature(sample, answer),
            pip_requirements=[f"{name}=={installed(name)}" for name in _SERVING],
        )
        return str(info.model_id)


def load_model(registry: Registry, model: str, version: str) -> Any:
    """Return the fitted pipeline of a version.

    Raises:
        TrainingError: if the file holds a type that is not on the allow-list.
        RegistryError: if the version was not stored with skops.
    """
    if isinstance(registry, MemoryRegistry):
        return registry.pipeline(model, version)
    with registry_errors(registry.workspace):
        source = _client(registry).get_model_version_download_uri(model, version)
    return _load(registry.workspace, source, f"{model} version {version}")


@lru_cache(maxsize=4)
def _load(workspace: Workspace, source: str, what: str) -> Any:
    import mlflow
    import skops.io

    with (
        registry_errors(workspace),
        mlflow_context(workspace),
        tempfile.TemporaryDirectory() as folder,
    ):
        place = Path(mlflow.artifacts.download_artifacts(source, dst_path=folder))
        stored = next(place.rglob("*.skops"), None)
        if stored is None:
            raise RegistryError(f"{what} holds no skops file; only models by driftloop are loaded")
        types = skops.io.get_untrusted_types(file=os.fspath(stored))
        check_types(types, what)
        return skops.io.load(stored, trusted=types)


def _logged_before(registry: Registry, run_id: str) -> str | None:
    with registry_errors(registry.workspace):
        client = _client(registry)
        experiment = client.get_run(run_id).info.experiment_id
        found = client.search_logged_models(
            [experiment], filter_string=f"source_run_id = '{run_id}'", max_results=5
        )
    ready = [one for one in found if str(one.status).upper().endswith("READY")]
    return str(ready[0].model_id) if ready else None


def _client(registry: Registry) -> "MlflowClient":
    if not isinstance(registry, MlflowRegistry):
        raise RegistryError(f"{type(registry).__name__} keeps no models of MLflow")
    return registry.client
