"""The registry: runs, model versions and the champion alias, behind one small protocol.

A run is found again by its key, so that work which was cut off is resumed and not doubled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import ModelTags, PastRun, RunTags, VersionTags
from driftloop.base.workspace import Workspace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHAMPION = "champion"
IMPORTANCES = "importances.json"
RECORD = "record.json"
EXPERIMENTS = "driftloop/"
"""What the names of driftloop's experiments begin with; the model follows."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a registry, with its tags as they are stored."""

    run_id: str
    stored: Mapping[str, str]
    experiment: str = ""

    @property
    def tags(self) -> RunTags:
        """The tags; read only now, so that a run whose tags were spoilt is in no other's way."""
        return RunTags.from_tags(self.stored)


@dataclass(frozen=True, slots=True)
class ModelOverview:
    """A registered model: the version that serves, its tags, its newest monitoring runs first.

    The tags hold its ledger; see `tasks.registry.ledger`.
    """

    champion: str | None
    tags: ModelTags
    runs: tuple[Run, ...]


class Registry(Protocol):
    """A model registry, as driftloop uses it.

    Every method raises `UnavailableError` where the registry does not answer, and `RegistryError`
    where it refuses. Tags that are None are left as they are.
    """

    workspace: Workspace

    def models(self) -> tuple[str, ...]:
        """Return the names of all registered models."""

    def registered(self, model: str) -> bool:
        """Say whether a model is registered, without a look at the others."""

    def overviews(self, each: int = 12) -> dict[str, ModelOverview]:
        """Return an overview of every registered model, each with its newest finished runs."""

    def champion(self, model: str) -> ModelVersion | None:
        """Return the version that the champion alias points to, or None without one."""

    def version(self, model: str, version: str) -> ModelVersion:
        """Return one version."""

    def versions(self, model: str) -> dict[str, VersionTags]:
        """Return the tags of every version of a model, by version."""

    def tags(self, model: str, version: str) -> VersionTags:
        """Return the tags of one version."""

    def tag(self, model: str, version: str, tags: VersionTags) -> None:
        """Set tags of a version."""

    def register(self, model: str, run_id: str, model_id: str | None, tags: VersionTags) -> str:
        """Register a stored model as a new version with its tags, and return the version.

        Without a model the version stands for its run.
        """

    def describe(self, model: str, version: str, text: str) -> None:
        """Set the description of a version, Markdown, for people."""

    def set_champion(self, model: str, version: str) -> None:
        """Point the champion alias to a version; the last writer wins."""

    def model_tags(self, model: str) -> ModelTags:
        """Return the tags of a registered model, none where it is not registered."""

    def tag_model(self, model: str, tags: ModelTags) -> None:
        """Set tags of a registered model."""

    def open_run(self, model: str, name: str, tags: RunTags) -> Run:
        """Return the run with the key of these tags, made with them where it is missing.

        A run that is there keeps its tags: work that was cut off goes on as it began.
        """

    def run_with_key(self, model: str, key: str) -> Run | None:
        """Return the run with a key, finished or not, or None."""

    def close_run(
        self, run_id: str, tags: RunTags, metrics: Mapping[str, float], record: Any
    ) -> None:
        """Store a run's outcome and mark it as finished."""

    def past_runs(self, model: str, before: datetime, limit: int = 60) -> tuple[PastRun, ...]:
        """Return finished monitorings and retrainings as of earlier moments, newest first."""

    def finished(
        self, model: str, kind: str, limit: int = 1, before: datetime | None = None
    ) -> tuple[Run, ...]:
        """Return the newest finished runs of a kind, by their `as_of`.

        With `before`, only those as of an earlier moment.
        """

    def log(
        self,
        run_id: str,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        """Store parameters, numbers and files of a run; a file is text or what becomes JSON."""

    def log_figure(self, run_id: str, figure: "Figure", name: str) -> None:
        """Store a picture of a run."""

    def store_file(self, run_id: str, file: Path, artifact_path: str) -> None:
        """Store a file with a run, in the folder `artifact_path`."""

    def store_folder(self, run_id: str, folder: Path, artifact_path: str) -> None:
        """Store a folder's files with a run, under `artifact_path`."""

    def fetch_folder(self, run_id: str, artifact_path: str, into: Path) -> Path | None:
        """Return a local copy of a stored folder, made inside `into`, or None without one."""

    def file(self, run_id: str, name: str) -> bytes | None:
        """Return a stored file of a run, or None where there is none."""

    def file_sizes(self, run_id: str) -> dict[str, int]:
        """Return the bytes of each file of a run, without those in folders."""

    def remove_file(self, run_id: str, name: str) -> None:
        """Remove a file of a run, if it is there, and tag the run with its name."""

    def remove_run(self, run_id: str) -> None:
        """Remove a run with its files."""

    def address(self, model: str, run_id: str, name: str | None = None) -> str | None:
        """Return the page that shows a run or one of its files, None where no server shows it."""


def importances_of(registry: Registry, run_id: str) -> dict[str, float]:
    """Return the feature importances that a training run stored; none where it is too old."""
    return json_file(registry, run_id, IMPORTANCES) or {}


def json_file(registry: Registry, run_id: str, name: str) -> Any:
    """Return the content of a run's JSON file, or None without the file or the run."""
    content = registry.file(run_id, name) if run_id else None
    return None if content is None else json.loads(content)


def version_with_key(registry: Registry, model: str, key: str) -> str | None:
    """Return the version that an earlier attempt registered under this key."""
    versions = registry.versions(model).items()
    return next((version for version, tags in versions if tags.key == key), None)
