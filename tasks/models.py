"""Models in the registry: stored with skops, loaded only if every type in them is allowed."""

import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pandas as pd

from driftloop.errors import RegistryError, TrainingError, listed
from driftloop.estimators import SAFE_TYPES
from tasks.registry import Registry, mlflow_context, registry_errors

if TYPE_CHECKING:
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

    done = _logged_before(registry, run_id)
    if done is not None:
        return done
    types = skops.io.get_untrusted_types(data=skops.io.dumps(pipeline))
    check_types(types, "the trained model")
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


def register(
    registry: Registry, model: str, run_id: str, model_id: str, tags: Mapping[str, str]
) -> str:
    """Register a stored model as a new version with its tags, and return the version."""
    from mlflow.exceptions import MlflowException

    with registry_errors(registry.workspace):
        try:
            registry.client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        found = registry.client.create_model_version(
            model,
            source=f"models:/{model_id}",
            run_id=run_id,
            model_id=model_id,
            tags=dict(tags),
        )
        return str(found.version)


def load_model(registry: Registry, model: str, version: str) -> Any:
    """Return the fitted pipeline of a version.

    Raises:
        TrainingError: if the file holds a type that is not on the allow-list.
        RegistryError: if the version was not stored with skops.
    """
    with registry_errors(registry.workspace):
        source = registry.client.get_model_version_download_uri(model, version)
    return _load(registry, source, f"{model} version {version}")


@lru_cache(maxsize=4)
def _load(registry: Registry, source: str, what: str) -> Any:
    import mlflow
    import skops.io

    with (
        registry_errors(registry.workspace),
        mlflow_context(registry.workspace),
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
        experiment = registry.client.get_run(run_id).info.experiment_id
        found = registry.client.search_logged_models(
            [experiment], filter_string=f"source_run_id = '{run_id}'", max_results=5
        )
    ready = [one for one in found if str(one.status).upper().endswith("READY")]
    return str(ready[0].model_id) if ready else None
