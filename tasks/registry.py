"""MLflow: runs, model versions and the champion alias, behind one small class.

Everything driftloop writes carries tags that begin with ``driftloop.``. A run is found again by
its key, so that work which was cut off is resumed and not doubled.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from driftloop.errors import RegistryError, UnavailableError
from driftloop.labels import Classes, Quantity, Target
from driftloop.periods import Window, parse_time
from driftloop.records import DataSlice, ModelVersion, Score, Snapshot, to_plain
from driftloop.triggers import PastRun
from driftloop.workspace import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

CHAMPION = "champion"
IMPORTANCES = "importances.json"
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


class Registry:
    """What driftloop asks of MLflow for one workspace.

    Raises `UnavailableError` from every method where MLflow does not answer, and `RegistryError`
    where it refuses.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.client = _client(workspace.tracking_uri)

    def experiment(self, model: str) -> str:
        """Return the id of the model's experiment, made where it is missing."""
        name = f"driftloop/{model}"
        with registry_errors(self.workspace):
            found = self.client.get_experiment_by_name(name)
            if found is not None:
                return str(found.experiment_id)
            place = self.workspace.artifacts
            made = self.client.create_experiment(
                name, artifact_location=f"{place}/{model}" if place else None
            )
            return str(made)

    def champion(self, model: str) -> ModelVersion | None:
        """Return the version that the champion alias names, or None where there is none."""
        from mlflow.exceptions import MlflowException

        with registry_errors(self.workspace):
            try:
                return _version(self.client.get_model_version_by_alias(model, CHAMPION))
            except MlflowException as error:
                if error.error_code in _ABSENT:
                    return None
                raise

    def version(self, model: str, version: str) -> ModelVersion:
        """Return one version."""
        with registry_errors(self.workspace):
            return _version(self.client.get_model_version(model, version))

    def tags(self, model: str, version: str) -> dict[str, str]:
        """Return the tags of one version."""
        with registry_errors(self.workspace):
            return dict(self.client.get_model_version(model, version).tags)

    def models(self) -> tuple[str, ...]:
        """Return the names of all registered models."""
        with registry_errors(self.workspace):
            return tuple(sorted(one.name for one in self.client.search_registered_models()))

    def version_of(self, model: str, key: str) -> str | None:
        """Return the version that an earlier attempt registered under this key."""
        with registry_errors(self.workspace):
            for one in self.client.search_model_versions(f"name = '{model}'"):
                if one.tags.get("driftloop.key") == key:
                    return str(one.version)
        return None

    def open_run(self, model: str, kind: str, key: str, name: str, tags: dict[str, str]) -> "Run":
        """Return the run with this key, made where it is missing; an open one is resumed."""
        experiment = self.experiment(model)
        with registry_errors(self.workspace):
            found = self.client.search_runs(
                [experiment], f"tags.`driftloop.key` = '{key}'", max_results=1
            )
            if found:
                return found[0]
            own = {"driftloop.kind": kind, "driftloop.key": key, "mlflow.runName": name}
            return self.client.create_run(experiment, tags={**own, **tags})

    def close_run(
        self, run_id: str, tags: dict[str, str], metrics: dict[str, float], record: Any
    ) -> None:
        """Store a run's outcome and mark it as finished."""
        from mlflow.entities import Metric, RunTag

        with registry_errors(self.workspace):
            self.client.log_dict(run_id, to_plain(record), "record.json")
            now = _milliseconds(datetime.now().astimezone())
            self.client.log_batch(
                run_id,
                metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
                tags=[RunTag(name, value) for name, value in tags.items()],
            )
            self.client.set_terminated(run_id)

    def past_runs(self, model: str, before: datetime, most: int = 60) -> tuple[PastRun, ...]:
        """Return finished monitorings and retrainings as of earlier moments, newest first."""
        experiment = self.experiment(model)
        earlier = f"metrics.as_of < {before.timestamp():.0f} and attributes.status = 'FINISHED'"
        with registry_errors(self.workspace):
            found = self.client.search_runs(
                [experiment], earlier, max_results=most, order_by=["metrics.as_of DESC"]
            )
        return tuple(_past_run(run) for run in found if _counts(run.data.tags))

    def record(self, run_id: str) -> dict[str, Any]:
        """Return the record that a finished run stored."""
        with registry_errors(self.workspace), TemporaryDirectory() as folder:
            path = self.client.download_artifacts(run_id, "record.json", folder)
            found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            return found

    def importances(self, run_id: str) -> dict[str, float]:
        """Return the importances that a training run stored; none where it is of an older kind."""
        with registry_errors(self.workspace), TemporaryDirectory() as folder:
            held = [one.path for one in self.client.list_artifacts(run_id)]
            if IMPORTANCES not in held:
                return {}
            path = self.client.download_artifacts(run_id, IMPORTANCES, folder)
            found: dict[str, float] = json.loads(Path(path).read_text(encoding="utf-8"))
            return found

    def finished(self, model: str, kind: str, most: int = 1) -> "list[Run]":
        """Return the newest finished runs of a kind, by the moment they looked at."""
        experiment = self.experiment(model)
        query = f"tags.`driftloop.kind` = '{kind}' and attributes.status = 'FINISHED'"
        with registry_errors(self.workspace):
            return list(
                self.client.search_runs(
                    [experiment], query, max_results=most, order_by=["metrics.as_of DESC"]
                )
            )


@lru_cache(maxsize=8)
def open_registry(workspace: Workspace) -> Registry:
    """Return the registry of a workspace, opened once a process."""
    return Registry(workspace)


@contextmanager
def registry_errors(workspace: Workspace) -> Iterator[None]:
    """Turn what MLflow raises into one line; request bodies and data rows are left out."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    where = f"MLflow at {workspace.tracking_uri}"
    try:
        yield
    except MlflowException as error:
        line = str(error).splitlines()[0][:200]
        if error.error_code in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"):
            raise UnavailableError(f"{where} does not answer: {line}") from error
        raise RegistryError(f"{where} refused: {line}") from error
    except (RequestException, SQLAlchemyError, OSError) as error:
        line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnavailableError(f"{where} does not answer: {line}") from error


def data_tags(training: DataSlice, holdout: Window) -> dict[str, str]:
    """Return the tags by which a version carries the coordinates of its data."""
    snapshot = training.snapshot
    return {
        "driftloop.data.repository": snapshot.repository,
        "driftloop.data.rev": snapshot.rev,
        "driftloop.data.path": snapshot.path,
        "driftloop.data.files": str(len(snapshot.files)),
        "driftloop.train.start": training.window.start.isoformat(),
        "driftloop.train.end": training.window.end.isoformat(),
        "driftloop.train.excluded": json.dumps(to_plain(training.excluded)),
        "driftloop.train.rows": str(training.rows),
        "driftloop.holdout.start": holdout.start.isoformat(),
        "driftloop.holdout.end": holdout.end.isoformat(),
    }


def score_tags(score: Score, target: Target) -> dict[str, str]:
    """Return the tags by which a version carries its holdout score and what it predicts."""
    if isinstance(target, Quantity):
        predicts = {"driftloop.predicts": "quantity"}
    else:
        predicts = {"driftloop.classes": json.dumps(target.names)}
    return {"driftloop.score": json.dumps(to_plain(asdict(score))), **predicts}


def target_of(registry: Registry, model: str, version: str) -> Target:
    """Return what a version predicts: its classes, or a quantity."""
    tags = registry.tags(model, version)
    if tags.get("driftloop.predicts") == "quantity":
        return Quantity()
    if "driftloop.classes" not in tags:
        raise RegistryError(
            f"{model} version {version} was not registered by driftloop (it has no "
            "driftloop.classes tag); train one with 'driftloop retrain'"
        )
    return Classes(tuple(json.loads(tags["driftloop.classes"])))


@contextmanager
def mlflow_context(workspace: Workspace) -> Iterator[None]:
    """Let MLflow's module-level functions speak to this workspace's store.

    MLflow writes the address into the environment, where it would pass for the user's own
    setting; the environment is put back.
    """
    import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(workspace.tracking_uri)
    mlflow.set_registry_uri(workspace.tracking_uri)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        else:
            os.environ["MLFLOW_TRACKING_URI"] = before


@lru_cache(maxsize=8)
def _client(tracking_uri: str) -> "MlflowClient":
    import logging

    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    if tracking_uri.startswith("sqlite:///"):
        Path(tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri, tracking_uri)


def _version(found: "MlflowVersion") -> ModelVersion:
    tags = found.tags
    known = "driftloop.train.start" in tags
    promoted = tags.get("driftloop.promoted_at")
    return ModelVersion(
        model=found.name,
        version=str(found.version),
        run_id=found.run_id or "",
        training=_slice(tags) if known else None,
        holdout=_window(tags, "holdout") if known else None,
        baseline=Score(**json.loads(tags["driftloop.score"])) if known else None,
        promoted_at=parse_time(promoted) if promoted else None,
    )


def _slice(tags: dict[str, str]) -> DataSlice:
    """The files are looked up again at the recorded commit, where they cannot have changed."""
    snapshot = Snapshot(
        tags["driftloop.data.repository"],
        tags["driftloop.data.rev"],
        tags["driftloop.data.path"],
        (),
    )
    excluded = tuple(
        Window(parse_time(one["start"]), parse_time(one["end"]))
        for one in json.loads(tags["driftloop.train.excluded"])
    )
    return DataSlice(snapshot, _window(tags, "train"), excluded, int(tags["driftloop.train.rows"]))


def _window(tags: dict[str, str], name: str) -> Window:
    start, end = (parse_time(tags[f"driftloop.{name}.{edge}"]) for edge in ("start", "end"))
    return Window(start, end)


def _counts(tags: dict[str, str]) -> bool:
    """A retraining that found too few rows to train on is no attempt."""
    kind = tags.get("driftloop.kind")
    return kind == "monitor" or (kind == "retrain" and tags.get("driftloop.trained") == "true")


def _past_run(run: "Run") -> PastRun:
    tags = {
        name.removeprefix("driftloop."): value
        for name, value in run.data.tags.items()
        if name.startswith("driftloop.")
    }
    return PastRun(
        kind="monitor" if tags["kind"] == "monitor" else "retrain",
        as_of=parse_time(tags["as_of"]),
        window_start=parse_time(tags.get("window_start", tags["as_of"])),
        verdict=tags.get("verdict", ""),
        action=tags.get("action", ""),
        quality_failed=tags.get("quality_failed") == "true",
        performance=tags.get("performance", ""),
        champion=tags.get("champion", ""),
        won=tags.get("won") == "true",
        seen=frozenset(tags.get("seen", "").split()),
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
