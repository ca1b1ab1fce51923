"""The registry in MLflow: an SQLite file, a database or a server."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from driftloop.base.retrain_record import ModelVersion
from driftloop.base.serialize import to_plain
from driftloop.base.tags import ModelTags, PastRun, RunTags, VersionTags, counts_as_past
from driftloop.base.workspace import Workspace
from tasks.registry.mlflow_calls import all_pages, answered, mlflow_context, put, registry_errors
from tasks.registry.mlflow_overview import (
    FINISHED,
    finished_runs,
    newest_runs,
    overview_of_models,
    stored_run,
)
from tasks.registry.moved import follow_workspace
from tasks.registry.protocol import CHAMPION, EXPERIMENTS, RECORD, ModelOverview, Run
from tasks.registry.unfinished import close_unfinished, this_process

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


class MlflowRegistry:
    """The registry of one workspace in MLflow; see `tasks.registry.protocol.Registry`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            follow_workspace(workspace)
        self.client = _client(workspace.tracking_uri)
        self._experiments: dict[str, str] = {}

    def experiment(self, model: str) -> str:
        """Return the id of the model's experiment, made where it is missing; asked for once."""
        if model not in self._experiments:
            self._experiments[model] = self._experiment(model)
        return self._experiments[model]

    def _experiment(self, model: str) -> str:
        from mlflow.exceptions import MlflowException

        name = f"{EXPERIMENTS}{model}"
        with registry_errors(self.workspace):
            experiment = self.client.get_experiment_by_name(name)
            artifacts = self.workspace.artifacts
            location = f"{artifacts}/{model}" if artifacts else None
            try:
                if experiment is None:
                    return str(self.client.create_experiment(name, artifact_location=location))
            except MlflowException as error:  # another run made it in the meantime
                experiment = self.client.get_experiment_by_name(name)
                if error.error_code != "RESOURCE_ALREADY_EXISTS" or experiment is None:
                    raise
            return str(answered(experiment, "experiment_id", self.workspace).experiment_id)

    def models(self) -> tuple[str, ...]:
        with registry_errors(self.workspace):
            search = self.client.search_registered_models
            return tuple(sorted(model.name for model in all_pages(search)))

    def registered(self, model: str) -> bool:
        return self._unless_absent(self.client.get_registered_model, model) is not None

    def overviews(self, each: int = 12) -> dict[str, ModelOverview]:
        """Return an overview of every registered model, in one query and not one per model."""
        with registry_errors(self.workspace):
            return overview_of_models(self.client, each)

    def champion(self, model: str) -> ModelVersion | None:
        version = self._unless_absent(self.client.get_model_version_by_alias, model, CHAMPION)
        return None if version is None else self._version(version)

    def version(self, model: str, version: str) -> ModelVersion:
        with registry_errors(self.workspace):
            return self._version(self.client.get_model_version(model, version))

    def versions(self, model: str) -> dict[str, VersionTags]:
        with registry_errors(self.workspace):
            search, query = self.client.search_model_versions, f"name = '{model}'"
            return {
                str(version.version): VersionTags.from_tags(version.tags)
                for version in all_pages(search, filter_string=query)
            }

    def tags(self, model: str, version: str) -> VersionTags:
        with registry_errors(self.workspace):
            return VersionTags.from_tags(self.client.get_model_version(model, version).tags)

    def tag(self, model: str, version: str, tags: VersionTags) -> None:
        with registry_errors(self.workspace):
            for name, value in tags.to_tags().items():
                put(self.client.set_model_version_tag, model, version, name, value)

    def register(self, model: str, run_id: str, model_id: str | None, tags: VersionTags) -> str:
        from mlflow.exceptions import MlflowException

        # MLflow looks the stored model up in the store that its module-level functions speak to.
        with registry_errors(self.workspace), mlflow_context(self.workspace):
            try:
                self.client.create_registered_model(model)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            model_version = self.client.create_model_version(
                model,
                source=f"models:/{model_id}" if model_id else f"runs:/{run_id}/{RECORD}",
                run_id=run_id,
                model_id=model_id,
                tags=tags.to_tags(),
            )
            return str(model_version.version)

    def describe(self, model: str, version: str, text: str) -> None:
        with registry_errors(self.workspace):
            self.client.update_model_version(model, version, text)

    def set_champion(self, model: str, version: str) -> None:
        with registry_errors(self.workspace):
            put(self.client.set_registered_model_alias, model, CHAMPION, version)

    def model_tags(self, model: str) -> ModelTags:
        registered = self._unless_absent(self.client.get_registered_model, model)
        if registered is None:
            return ModelTags()
        return ModelTags.from_tags(answered(registered, "name", self.workspace).tags)

    def tag_model(self, model: str, tags: ModelTags) -> None:
        with registry_errors(self.workspace):
            for name, value in tags.to_tags().items():
                put(self.client.set_registered_model_tag, model, name, value)

    def open_run(self, model: str, name: str, tags: RunTags) -> Run:
        experiment = self.experiment(model)
        with registry_errors(self.workspace):
            run, process = self._run_with_key(experiment, tags.key), this_process()
            if run is not None:
                put(self.client.set_tag, run.info.run_id, RunTags.tag_name("process"), process)
            else:
                opening = replace(tags, process=process).to_tags()
                run = self.client.create_run(experiment, tags=opening, run_name=name)
                answered(run.info, "run_id", self.workspace)
            close_unfinished(self.client, experiment, run.info.run_id)
            return stored_run(run)

    def run_with_key(self, model: str, key: str) -> Run | None:
        experiment = self.experiment(model)
        with registry_errors(self.workspace):
            run = self._run_with_key(experiment, key)
            return None if run is None else stored_run(run)

    def _run_with_key(self, experiment: str, key: str) -> Any:
        same_key = f"tags.`{RunTags.tag_name('key')}` = '{key}'"
        return next(iter(self.client.search_runs([experiment], same_key, max_results=1)), None)

    def close_run(
        self, run_id: str, tags: RunTags, metrics: Mapping[str, float], record: Any
    ) -> None:
        from mlflow.entities import RunTag

        from driftloop.reporting.prefect_summary import escaped

        with registry_errors(self.workspace):
            self.client.log_dict(run_id, to_plain(record), RECORD)
            tagged = [RunTag(name, value) for name, value in tags.to_tags().items()]
            if tags.headline:  # the description at the top of the run's page
                note = f"{tags.headline}. {tags.sentence}"
                tagged.append(RunTag("mlflow.note.content", escaped(note)))
            put(self.client.log_batch, run_id, _metrics(metrics), (), tagged)
            self.client.set_terminated(run_id)

    def past_runs(self, model: str, before: datetime, limit: int = 60) -> tuple[PastRun, ...]:
        query = f"metrics.as_of < {before.timestamp():.0f} and {FINISHED}"
        tags = [run.stored for run in self._newest(model, query, limit)]
        return tuple(
            RunTags.from_tags(stored).past_run for stored in tags if counts_as_past(stored)
        )

    def finished(
        self, model: str, kind: str, limit: int = 1, before: datetime | None = None
    ) -> tuple[Run, ...]:
        query = finished_runs(kind)
        if before is not None:
            query += f" and metrics.as_of < {before.timestamp():.0f}"
        return self._newest(model, query, limit)

    def log(
        self,
        run_id: str,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        from mlflow.entities import Param

        texts = [Param(name, str(value)[:6000]) for name, value in (params or {}).items()]
        with registry_errors(self.workspace):
            if texts or metrics:
                put(self.client.log_batch, run_id, _metrics(metrics or {}), texts)
            for name, content in (files or {}).items():
                if isinstance(content, str):
                    self.client.log_text(run_id, content, name)
                else:
                    self.client.log_dict(run_id, to_plain(content), name)

    def log_figure(self, run_id: str, figure: "Figure", name: str) -> None:
        with registry_errors(self.workspace):
            self.client.log_figure(run_id, figure, name)

    def store_file(self, run_id: str, file: Path, artifact_path: str) -> None:
        with registry_errors(self.workspace):
            self.client.log_artifact(run_id, str(file), artifact_path)

    def store_folder(self, run_id: str, folder: Path, artifact_path: str) -> None:
        with registry_errors(self.workspace):
            self.client.log_artifacts(run_id, str(folder), artifact_path)

    def fetch_folder(self, run_id: str, artifact_path: str, into: Path) -> Path | None:
        if not self._holds(run_id, artifact_path):
            return None
        with registry_errors(self.workspace):
            return Path(self.client.download_artifacts(run_id, artifact_path, str(into)))

    def file(self, run_id: str, name: str) -> bytes | None:
        if not self._holds(run_id, name):
            return None
        with registry_errors(self.workspace), TemporaryDirectory() as folder:
            return Path(self.client.download_artifacts(run_id, name, folder)).read_bytes()

    def file_sizes(self, run_id: str) -> dict[str, int]:
        with registry_errors(self.workspace):
            files = self.client.list_artifacts(run_id)
        return {file.path: file.file_size or 0 for file in files if not file.is_dir}

    def remove_file(self, run_id: str, name: str) -> None:
        self._remove_artifacts(run_id, name)
        with registry_errors(self.workspace):
            put(self.client.set_tag, run_id, RunTags.tag_name("removed"), name)

    def remove_run(self, run_id: str) -> None:
        self._remove_artifacts(run_id)  # first: of a run that is deleted they are not found again
        with registry_errors(self.workspace):
            self.client.delete_run(run_id)

    def _remove_artifacts(self, run_id: str, name: str | None = None) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with registry_errors(self.workspace), mlflow_context(self.workspace):
            files: Any = get_artifact_repository(self.client.get_run(run_id).info.artifact_uri)
            files.delete_artifacts(name)

    def address(self, model: str, run_id: str, name: str | None = None) -> str | None:
        """Return the page that shows a run or one of its files, None where no server shows it.

        The file is shown inside MLflow's own page: what MLflow serves directly is a download.
        Without the experiment MLflow would lead on to it, and drop the view of model training.
        """
        if self.workspace.mlflow_pages is None:
            return None
        run = f"experiments/{self.experiment(model)}/runs/{run_id}"
        return self.workspace.mlflow_page(run if name is None else f"{run}/artifacts/{name}")

    def _version(self, stored: "MlflowVersion") -> ModelVersion:
        answered(stored, "version", self.workspace)
        tags = VersionTags.from_tags(stored.tags)
        return tags.version(stored.name, str(stored.version), stored.run_id or "")

    def _newest(self, model: str, query: str, limit: int) -> tuple[Run, ...]:
        experiment = self.experiment(model)
        with registry_errors(self.workspace):
            return tuple(map(stored_run, newest_runs(self.client, [experiment], query, limit)))

    def _unless_absent(self, get: Callable[..., Any], *arguments: str) -> Any | None:
        """Return what MLflow holds, or None where there is no such model or alias."""
        from mlflow.exceptions import MlflowException

        with registry_errors(self.workspace):
            try:
                return get(*arguments)
            except MlflowException as error:
                if error.error_code in _ABSENT:
                    return None
                raise

    def _holds(self, run_id: str, artifact_path: str) -> bool:
        above = artifact_path.rpartition("/")[0] or None
        with registry_errors(self.workspace):
            files = self.client.list_artifacts(run_id, above)
        return artifact_path in {file.path for file in files}


@lru_cache(maxsize=8)
def _client(tracking_uri: str) -> "MlflowClient":
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    if tracking_uri.startswith("sqlite:///"):
        path = unquote(tracking_uri.removeprefix("sqlite:///"))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri, tracking_uri)


def _metrics(values: Mapping[str, float]) -> list[Any]:
    from mlflow.entities import Metric

    now = time.time_ns() // 1_000_000
    return [Metric(name, float(value), now, 0) for name, value in values.items()]
