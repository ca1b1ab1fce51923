"""Models in the registry: stored with skops, loaded only if every type in them is allowed."""

import os
import tempfile
import zipfile
import zlib
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftloop.base.errors import ConfigError, RegistryError, TrainingError, join_names, reason
from driftloop.base.import_path import is_public_estimator
from driftloop.base.workspace import Workspace
from driftloop.performance.metrics import THRESHOLDED
from driftloop.performance.target import Target
from driftloop.training.estimators import SAFE_TYPES
from driftloop.training.served import ServedPredictions, reader
from tasks.registry.environment_lock import Environment
from tasks.registry.lineage import target_of
from tasks.registry.memory import MemoryRegistry
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.mlflow_calls import mlflow_context, registry_errors
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.registry.skops_import import skops_io
from tasks.registry.unfinished import close_models
from tasks.runtime.job import Job

if TYPE_CHECKING:
    from mlflow import MlflowClient


SERVING, COMPARED = "model", "compared"
"""Names of a run's models: the one that is registered, and the one compared where that differs."""

_MOST_TIMES, _SMALL_BYTES = 20, 100_000_000
_WAY_OUT = (
    "put the artifact back from a backup, or go back to another version with 'driftloop rollback'"
)


def check_types(unknown: list[str], what: str, allowed: Set[str] = SAFE_TYPES) -> None:
    """Refuse a model of types that are neither on the allow-list nor estimators of scikit-learn.

    `TrainingError` lists them.
    """
    others = sorted(set(unknown) - allowed)
    forbidden = [path for path in others if not is_public_estimator(path)]
    if forbidden:
        raise TrainingError(
            f"{what} holds types that are not on the allow-list and is neither stored nor loaded: "
            f"{join_names(forbidden)}; add them to training.allow.types if you trust them"
        )


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A fitted model to be stored, with sample rows of its input, its environment and its types."""

    model: Any
    sample: pd.DataFrame
    environment: Environment
    allowed: Set[str] = SAFE_TYPES


def log_model(registry: Registry, run_id: str, stored: StoredModel, name: str = SERVING) -> str:
    """Store the model in the run and return its model id; one of this name there is reused.

    The run also gets the lock file that the environment is from. Types are checked as `check_types`
    does.
    """
    import mlflow
    from mlflow.models import infer_signature

    types = skops_io().get_untrusted_types(data=skops_bytes(stored.model))
    check_types(types, "the trained model", stored.allowed)
    if isinstance(registry, MemoryRegistry):
        model_id = run_id if name == SERVING else f"{run_id}/{name}"
        registry.pipelines[model_id] = stored.model
        return model_id
    if stored.environment.lock is not None:
        registry.store_file(run_id, stored.environment.lock, "environment")
    logged = _logged_model_id(registry, run_id, name)
    if logged is not None:
        return logged
    with (
        registry_errors(registry.workspace),
        mlflow_context(registry.workspace),
        mlflow.start_run(run_id=run_id),
    ):
        info = mlflow.sklearn.log_model(
            stored.model,
            name=name,
            serialization_format="skops",
            skops_trusted_types=types,
            signature=infer_signature(stored.sample, stored.model.predict(stored.sample)),
            pip_requirements=list(stored.environment.requirements),
        )
    with registry_errors(registry.workspace):
        _client(registry).update_run(run_id, "RUNNING")  # MLflow has ended the run, which goes on
    return str(info.model_id)


def skops_bytes(pipeline: Any) -> bytes:
    """Return a model as skops stores it; `TrainingError` if it cannot."""
    try:
        return bytes(skops_io().dumps(pipeline))
    except Exception as error:  # what a foreign estimator is made of may raise anything
        text = f"the trained model cannot be stored with skops: {reason(error)}"
        raise TrainingError(text) from error


def model_of(job: Job, version: str) -> Any:
    """Return what predicts as a version does: its fitted model, or a reader of what was served.

    A model may hold the types that the configuration allows.
    """
    registry, allowed = open_registry(job.workspace), job.config.training.allowed_types
    if registry.tags(job.model, version).served:
        return reader_of(job, target_of(registry, job.model, version))
    return load_model(registry, job.model, version, allowed)


def reader_of(job: Job, target: Target) -> ServedPredictions:
    """Return what reads served predictions; raises `ConfigError` where no column holds them."""
    config, served = job.config, job.config.data.predictions
    if served is None:
        raise ConfigError(
            f"{job.model} was adopted from a log of predictions, and data.predictions names no "
            "column of them any more: name it"
        )
    decisions = config.comparison.metric in THRESHOLDED
    return reader(served, target, config.features.by_type, decisions)


def load_model(registry: Registry, model: str, version: str, allowed: Set[str] = SAFE_TYPES) -> Any:
    """Return the fitted pipeline of a version.

    Raises:
        TrainingError: if the file holds a type that is not on the allow-list.
        RegistryError: if the version was not stored with skops.
    """
    if isinstance(registry, MemoryRegistry):
        return registry.pipeline(model, version)
    with registry_errors(registry.workspace):
        source = _client(registry).get_model_version_download_uri(model, version)
    what = f"{model} version {version}"
    return _load(registry.workspace, source, what, frozenset(allowed))


def compared_model_of(job: Job, version: str) -> Any:
    """Return the fitted model by which a version was compared, which has not seen its holdout."""
    registry = open_registry(job.workspace)
    model_id = registry.tags(job.model, version).compared_model
    if model_id is None:
        return model_of(job, version)
    if isinstance(registry, MemoryRegistry):
        return registry.pipelines[model_id]
    what = f"the compared model of {job.model} version {version}"
    return _load(registry.workspace, f"models:/{model_id}", what, job.config.training.allowed_types)


@lru_cache(maxsize=4)
def _load(workspace: Workspace, source: str, what: str, allowed: frozenset[str]) -> Any:
    import mlflow

    skops = skops_io()
    with (
        registry_errors(workspace),
        mlflow_context(workspace),
        tempfile.TemporaryDirectory() as folder,
    ):
        downloaded = Path(mlflow.artifacts.download_artifacts(source, dst_path=folder))
        stored = next(downloaded.rglob("*.skops"), None)
        if stored is None:
            raise RegistryError(
                f"{what} holds no skops file; only models that driftloop stored are loaded"
            )
        check_model_file(stored, what)
        types = skops.get_untrusted_types(file=os.fspath(stored))
        check_types(types, what, allowed)
        try:
            return skops.load(stored, trusted=types)
        except (ValueError, KeyError, EOFError, OSError) as error:
            raise _damaged(what, reason(error)) from error


def check_model_file(path: Path, what: str) -> None:
    """Refuse a model's file before it is unpacked, if it is damaged or would fill the memory.

    Each part of the archive has a checksum. What skops stores is not compressed, so an archive that
    grows many times over was made by somebody else.

    Raises:
        RegistryError: with what to do instead.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            packed = path.stat().st_size
            if unpacked > max(_MOST_TIMES * packed, _SMALL_BYTES):
                raise RegistryError(
                    f"the model file of {what} unpacks from {packed / 1e6:.1f} MB to "
                    f"{unpacked / 1e9:.1f} GB and is not loaded: driftloop stored no such file; "
                    f"{_WAY_OUT}"
                )
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _damaged(what, reason(error)) from error
    if broken is not None:
        raise _damaged(what, f"the checksum of its part {broken} is wrong")


def _damaged(what: str, why: str) -> RegistryError:
    return RegistryError(f"the model file of {what} is damaged ({why}); {_WAY_OUT}")


def _logged_model_id(registry: Registry, run_id: str, name: str) -> str | None:
    with registry_errors(registry.workspace):
        client = _client(registry)
        ready = close_models(client, client.get_run(run_id).info.experiment_id, run_id)
    return ready.get(name)


def _client(registry: Registry) -> "MlflowClient":
    if not isinstance(registry, MlflowRegistry):
        raise RegistryError(f"{type(registry).__name__} stores no MLflow models")
    return registry.client
