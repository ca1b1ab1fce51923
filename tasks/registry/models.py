"""Models in the registry: stored with skops, loaded only if every type in them is allowed."""

import shutil
import tempfile
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftloop.base.errors import ConfigError, RegistryError
from driftloop.base.workspace import Workspace
from driftloop.performance.metrics import takes_decisions
from driftloop.performance.target import Target
from driftloop.training.estimators import SAFE_TYPES
from driftloop.training.foreign import ForeignModel
from driftloop.training.served import ServedPredictions, reader
from tasks.registry.environment_lock import Environment
from tasks.registry.foreign import CONTRACT, SAFE, Trust, read_foreign
from tasks.registry.lineage import registered_tags, target_for
from tasks.registry.memory import MemoryRegistry
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.mlflow_calls import mlflow_context, registry_errors
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.registry.skops_files import check_types, read_skops, skops_bytes
from tasks.registry.skops_import import skops_io
from tasks.registry.unfinished import close_models
from tasks.runtime.job import Job

if TYPE_CHECKING:
    from mlflow import MlflowClient


SERVING, COMPARED = "model", "compared"
"""Names of a run's models: the one that is registered, and the one compared where that differs."""


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
    foreign = isinstance(stored.model, ForeignModel)
    types = [] if foreign else skops_io().get_untrusted_types(data=skops_bytes(stored.model))
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
    return (_copy if foreign else _log)(registry, run_id, stored, types, name)


def _copy(registry: Registry, run_id: str, stored: StoredModel, types: list[str], name: str) -> str:
    """Keep the files of a foreign model as they are: it may be gone where it came from."""
    from mlflow.entities import LoggedModelOutput

    with registry_errors(registry.workspace), mlflow_context(registry.workspace):
        client = _client(registry)
        experiment = client.get_run(run_id).info.experiment_id
        model_id = str(client.create_logged_model(experiment, name, run_id).model_id)
        client.log_model_artifacts(model_id, str(stored.model.folder))
        client.finalize_logged_model(model_id, "READY")
        client.log_outputs(run_id, [LoggedModelOutput(model_id, 0)])
    return model_id


def _log(registry: Registry, run_id: str, stored: StoredModel, types: list[str], name: str) -> str:
    import mlflow
    from mlflow.models import infer_signature

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


def model_of(job: Job, version: str) -> Any:
    """Return what predicts as a version does: its fitted model, or a reader of what was served.

    A model may hold the types that the configuration allows.
    """
    registry = open_registry(job.workspace)
    if registered_tags(registry, job.model, version).served:
        return reader_of(job, target_for(job, version))
    return load_model(registry, job.model, version, trust_of(job))


def trust_of(job: Job) -> Trust:
    """Return what the configuration trusts in a model that is loaded."""
    training = job.config.training
    return Trust(training.allowed_types, training.allow.code)


def reader_of(job: Job, target: Target) -> ServedPredictions:
    """Return what reads served predictions; raises `ConfigError` where no column holds them."""
    config, served = job.config, job.config.data.predictions
    if served is None:
        raise ConfigError(
            f"{job.model} was adopted from a log of predictions, and data.predictions names no "
            "column of them any more: name it"
        )
    decisions = takes_decisions(config.comparison.metric)
    return reader(served, target, config.features.by_type, decisions)


def served_beside_model(job: Job, version: str) -> bool:
    """Say whether predictions are logged, and of a version that has a model of its own, too."""
    registry = open_registry(job.workspace)
    logs = job.config.data.predictions is not None
    return logs and not registered_tags(registry, job.model, version).served


def load_model(registry: Registry, model: str, version: str, trust: Trust = SAFE) -> Any:
    """Return the fitted pipeline of a version, or the model of others that it keeps.

    Raises:
        TrainingError: if the file holds a type that is not on the allow-list, or runs code.
        RegistryError: if driftloop did not store it.
    """
    if isinstance(registry, MemoryRegistry):
        return registry.pipeline(model, version)
    with registry_errors(registry.workspace):
        source = _client(registry).get_model_version_download_uri(model, version)
    what = f"{model} version {version}"
    return _load(registry.workspace, source, what, trust)


def compared_model_of(job: Job, version: str) -> Any:
    """Return the fitted model by which a version was compared, which has not seen its holdout."""
    registry = open_registry(job.workspace)
    model_id = registered_tags(registry, job.model, version).compared_model
    if model_id is None:
        return model_of(job, version)
    if isinstance(registry, MemoryRegistry):
        return registry.pipelines[model_id]
    what = f"the compared model of {job.model} version {version}"
    return _load(registry.workspace, f"models:/{model_id}", what, trust_of(job))


@lru_cache(maxsize=4)
def _load(workspace: Workspace, source: str, what: str, trust: Trust) -> Any:
    kept = tempfile.TemporaryDirectory()  # as long as a foreign model, which may read its files
    folder = _fetch_own(workspace, source, Path(kept.name))
    if (folder / CONTRACT).is_file():
        with mlflow_context(workspace):
            model = read_foreign(folder, what, trust)
        model.keep(kept)
        return model
    stored = next(folder.rglob("*.skops"), None)
    if stored is None:
        raise RegistryError(
            f"{what} holds no skops file; only models that driftloop stored are loaded"
        )
    return read_skops(stored, what, trust.types)


def fetch_model(workspace: Workspace, source: str, into: Path) -> Path:
    """Return a copy of a model's files, made inside `into`, from MLflow or a local folder."""
    if Path(source).is_dir():
        return Path(shutil.copytree(source, into / "model"))
    import mlflow

    skops_io()  # before MLflow: it searches all modules that are loaded
    with registry_errors(workspace), mlflow_context(workspace):
        return Path(mlflow.artifacts.download_artifacts(source, dst_path=str(into)))


def _fetch_own(workspace: Workspace, source: str, into: Path) -> Path:
    """Return a copy of a model's files; of one that driftloop trained, its skops file alone.

    From MLflow each file is a request, and the others are for those who load it with MLflow.
    """
    if Path(source).is_dir():
        return fetch_model(workspace, source, into)
    skops_io()  # before MLflow, as above
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with registry_errors(workspace), mlflow_context(workspace):
        stored: Any = get_artifact_repository(source)
        names = {file.path for file in stored.list_artifacts(None)}
        own = [name for name in names if name.endswith(".skops")]
        if CONTRACT not in names and len(own) == 1:
            stored.download_artifacts(own[0], dst_path=str(into))
            return into
    return fetch_model(workspace, source, into)


def model_size(model: Any) -> int:
    """Return the size of a model's files in bytes."""
    return model.size if isinstance(model, ForeignModel) else len(skops_bytes(model))


def _logged_model_id(registry: Registry, run_id: str, name: str) -> str | None:
    with registry_errors(registry.workspace):
        client = _client(registry)
        ready = close_models(client, client.get_run(run_id).info.experiment_id, run_id)
    return ready.get(name)


def _client(registry: Registry) -> "MlflowClient":
    if not isinstance(registry, MlflowRegistry):
        raise RegistryError(f"{type(registry).__name__} stores no MLflow models")
    return registry.client
