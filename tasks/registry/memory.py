"""A registry in memory: a backtest runs the loop as in production and leaves nothing behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from driftloop.base.errors import RegistryError
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.serialize import to_json
from driftloop.base.tags import ModelTags, RunTags, VersionTags, counts_as_past
from driftloop.base.workspace import Workspace
from tasks.registry.protocol import RECORD, ModelOverview, Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from driftloop.base.tags import PastRun

_OPEN: dict[Workspace, MemoryRegistry] = {}


@dataclass(slots=True)
class _StoredRun:
    model: str
    opened: RunTags
    tags: dict[str, str]
    folder: Path
    finished: bool = False


@dataclass(slots=True)
class _StoredModel:
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    champion: str | None = None


class MemoryRegistry:
    """Runs, versions and models of this process; see `tasks.registry.protocol.Registry`."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace = workspace
        self.pipelines: dict[str, Any] = {}
        self._folder = folder
        self._runs: dict[str, _StoredRun] = {}
        self._models: dict[str, _StoredModel] = {}
        self._number = count(1)

    def models(self) -> tuple[str, ...]:
        return tuple(sorted(self._models))

    def registered(self, model: str) -> bool:
        return model in self._models

    def overviews(self, each: int = 12) -> dict[str, ModelOverview]:
        return {
            model: ModelOverview(
                stored.champion, self.model_tags(model), self.finished(model, "monitor", each)
            )
            for model, stored in self._models.items()
        }

    def champion(self, model: str) -> ModelVersion | None:
        stored = self._models.get(model)
        champion = stored.champion if stored else None
        return None if champion is None else self.version(model, champion)

    def version(self, model: str, version: str) -> ModelVersion:
        tags = self.tags(model, version)
        return tags.version(model, version, self._models[model].sources[version][0])

    def versions(self, model: str) -> dict[str, VersionTags]:
        stored = self._models.get(model, _StoredModel())
        return {version: VersionTags.from_tags(tags) for version, tags in stored.versions.items()}

    def tags(self, model: str, version: str) -> VersionTags:
        return VersionTags.from_tags(self._version(model, version))

    def tag(self, model: str, version: str, tags: VersionTags) -> None:
        self._version(model, version).update(tags.to_tags())

    def register(self, model: str, run_id: str, model_id: str | None, tags: VersionTags) -> str:
        stored = self._models.setdefault(model, _StoredModel())
        version = str(len(stored.versions) + 1)
        stored.versions[version] = tags.to_tags()
        stored.sources[version] = run_id, model_id or run_id
        return version

    def describe(self, model: str, version: str, text: str) -> None:
        """Store nothing but check the version: nobody reads the descriptions of a backtest."""
        self._version(model, version)

    def set_champion(self, model: str, version: str) -> None:
        self._version(model, version)
        self._models[model].champion = version

    def model_tags(self, model: str) -> ModelTags:
        return ModelTags.from_tags(self._models.get(model, _StoredModel()).tags)

    def tag_model(self, model: str, tags: ModelTags) -> None:
        if model not in self._models:
            raise RegistryError(f"{model} is not registered")
        self._models[model].tags.update(tags.to_tags())

    def open_run(self, model: str, name: str, tags: RunTags) -> Run:
        if (known := self.run_with_key(model, tags.key)) is not None:
            return known
        run_id = f"run-{next(self._number)}"
        self._runs[run_id] = _StoredRun(model, tags, tags.to_tags(), self._folder / run_id)
        return Run(run_id, tags.to_tags())

    def run_with_key(self, model: str, key: str) -> Run | None:
        same = (item for item in self._runs.items() if item[1].opened.key == key)
        own = (Run(run_id, dict(run.tags)) for run_id, run in same if run.model == model)
        return next(own, None)

    def close_run(
        self, run_id: str, tags: RunTags, metrics: Mapping[str, float], record: Any
    ) -> None:
        run = self._run(run_id)
        self.log(run_id, files={RECORD: record})
        run.tags.update(tags.to_tags())
        run.finished = True

    def past_runs(self, model: str, before: datetime, limit: int = 60) -> tuple[PastRun, ...]:
        earlier = [run.tags for _, run in self._finished(model, before)[:limit]]
        return tuple(RunTags.from_tags(tags).past_run for tags in earlier if counts_as_past(tags))

    def finished(
        self, model: str, kind: str, limit: int = 1, before: datetime | None = None
    ) -> tuple[Run, ...]:
        runs = [pair for pair in self._finished(model, before) if pair[1].opened.kind == kind]
        return tuple(Run(run_id, dict(run.tags)) for run_id, run in runs[:limit])

    def log(
        self,
        run_id: str,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        """Store the files alone: nobody reads parameters and metrics of a backtest."""
        run = self._run(run_id)
        for name, content in (files or {}).items():
            path = run.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else to_json(content))

    def log_figure(self, run_id: str, figure: Figure, name: str) -> None:
        """Store nothing: nobody looks at the runs of a backtest."""

    def store_file(self, run_id: str, file: Path, artifact_path: str) -> None:
        folder = self._run(run_id).folder / artifact_path
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)

    def store_folder(self, run_id: str, folder: Path, artifact_path: str) -> None:
        shutil.copytree(folder, self._run(run_id).folder / artifact_path, dirs_exist_ok=True)

    def fetch_folder(self, run_id: str, artifact_path: str, into: Path) -> Path | None:
        folder = self._run(run_id).folder / artifact_path
        return Path(shutil.copytree(folder, into / artifact_path)) if folder.is_dir() else None

    def file(self, run_id: str, name: str) -> bytes | None:
        path = self._run(run_id).folder / name
        return path.read_bytes() if path.is_file() else None

    def file_sizes(self, run_id: str) -> dict[str, int]:
        paths = self._run(run_id).folder.glob("*")
        return {path.name: path.stat().st_size for path in paths if path.is_file()}

    def remove_file(self, run_id: str, name: str) -> None:
        run = self._run(run_id)
        (run.folder / name).unlink(missing_ok=True)
        run.tags[RunTags.tag_name("removed")] = name

    def remove_run(self, run_id: str) -> None:
        shutil.rmtree(self._run(run_id).folder, ignore_errors=True)
        del self._runs[run_id]

    def address(self, model: str, run_id: str, name: str | None = None) -> str | None:
        """Return None: no server shows what is in memory."""
        return None

    def pipeline(self, model: str, version: str) -> Any:
        """Return the fitted pipeline of a version."""
        self._version(model, version)
        return self.pipelines[self._models[model].sources[version][1]]

    def _finished(self, model: str, before: datetime | None) -> list[tuple[str, _StoredRun]]:
        """Return a model's finished runs, newest first; of one moment the one made last first."""
        finished = [
            (run_id, run)
            for run_id, run in reversed(self._runs.items())
            if run.finished and run.model == model and (before is None or run.opened.as_of < before)
        ]
        return sorted(finished, key=lambda pair: -pair[1].opened.as_of.timestamp())

    def _run(self, run_id: str) -> _StoredRun:
        try:
            return self._runs[run_id]
        except KeyError:
            raise RegistryError(f"there is no run {run_id}") from None

    def _version(self, model: str, version: str) -> dict[str, str]:
        try:
            return self._models[model].versions[version]
        except KeyError:
            raise RegistryError(f"{model} has no version {version}") from None


@contextmanager
def memory_registry(workspace: Workspace) -> Iterator[MemoryRegistry]:
    """Give a workspace a registry in memory within a context; other workspaces keep theirs."""
    with TemporaryDirectory() as folder:
        _OPEN[workspace] = MemoryRegistry(workspace, Path(folder))
        try:
            yield _OPEN[workspace]
        finally:
            del _OPEN[workspace]


def in_memory(workspace: Workspace) -> MemoryRegistry | None:
    """Return the registry that a workspace has in memory, if it has one."""
    return _OPEN.get(workspace)
