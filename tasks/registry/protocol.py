"""The registry: runs, model versions and the champion alias, behind one small protocol.

A run is found again by its key, so that work which was cut off is resumed and not doubled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from driftloop.base.errors import RegistryError
from driftloop.base.past_run import PastRun
from driftloop.base.periods import Window
from driftloop.base.records import DataSlice, ModelVersion, Score, Snapshot
from driftloop.base.tags import ModelTags, RunTags, VersionTags
from driftloop.base.workspace import Workspace
from driftloop.performance.target import Classes, Quantity, Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHAMPION = "champion"
IMPORTANCES = "importances.json"
RECORD = "record.json"
EXPERIMENTS = "driftloop/"
"""What the names of driftloop's experiments begin with; the model follows."""
QUANTITY = "quantity"
"""What the version of a regression says it predicts."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a registry, with its tags as they are stored."""

    run_id: str
    stored: Mapping[str, str]

    @property
    def tags(self) -> RunTags:
        """The tags; read only now, so that a run whose tags were spoilt is in no other's way."""
        return RunTags.from_tags(self.stored)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands: the version that serves, its own tags, its monitoring runs, newest first.

    The tags hold its ledger; see `tasks.registry.ledger`.
    """

    champion: str | None
    tags: ModelTags
    runs: tuple[Run, ...]


class Registry(Protocol):
    """What driftloop asks of a model registry.

    Every method raises `UnavailableError` where the registry does not answer, and `RegistryError`
    where it refuses. Tags that are None are left as they are.
    """

    workspace: Workspace

    def models(self) -> tuple[str, ...]:
        """Return the names of all registered models."""

    def standings(self, each: int = 12) -> dict[str, Standing]:
        """Return how every registered model stands, each with its newest finished runs."""

    def champion(self, model: str) -> ModelVersion | None:
        """Return the version that the champion alias names, or None where there is none."""

    def version(self, model: str, version: str) -> ModelVersion:
        """Return one version."""

    def versions(self, model: str) -> dict[str, VersionTags]:
        """Return the tags of every version of a model, by version."""

    def tags(self, model: str, version: str) -> VersionTags:
        """Return the tags of one version."""

    def tag(self, model: str, version: str, tags: VersionTags) -> None:
        """Set tags of a version."""

    def register(self, model: str, run_id: str, model_id: str, tags: VersionTags) -> str:
        """Register a stored model as a new version with its tags, and return the version."""

    def describe(self, model: str, version: str, text: str) -> None:
        """Set the description of a version, Markdown, for people."""

    def set_champion(self, model: str, version: str) -> None:
        """Let the champion alias name a version; the last writer wins."""

    def model_tags(self, model: str) -> ModelTags:
        """Return the tags of a registered model, none where it is not registered."""

    def tag_model(self, model: str, tags: ModelTags) -> None:
        """Set tags of a registered model."""

    def open_run(self, model: str, name: str, tags: RunTags) -> Run:
        """Return the run with the key of these tags, made with them where it is missing.

        A run that is there keeps its tags: work that was cut off goes on as it began.
        """

    def close_run(
        self, run_id: str, tags: RunTags, metrics: Mapping[str, float], record: Any
    ) -> None:
        """Store a run's outcome and mark it as finished."""

    def past_runs(self, model: str, before: datetime, most: int = 60) -> tuple[PastRun, ...]:
        """Return finished monitorings and retrainings as of earlier moments, newest first."""

    def finished(
        self, model: str, kind: str, most: int = 1, before: datetime | None = None
    ) -> tuple[Run, ...]:
        """Return the newest finished runs of a kind, by the moment they looked at.

        With `before`, only those that looked from an earlier moment.
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

    def keep_file(self, run_id: str, file: Path, place: str) -> None:
        """Store a file with a run, in the folder `place`."""

    def keep_folder(self, run_id: str, folder: Path, place: str) -> None:
        """Store a folder's files with a run, under `place`."""

    def fetch_folder(self, run_id: str, place: str, into: Path) -> Path | None:
        """Return a local copy of a stored folder, made inside `into`, or None without one."""

    def file(self, run_id: str, name: str) -> bytes | None:
        """Return a stored file of a run, or None where there is none."""

    def address(self, model: str, run_id: str, name: str | None = None) -> str | None:
        """Return the page that shows a run or one of its files, None where no server shows it."""


def importances_of(registry: Registry, run_id: str) -> dict[str, float]:
    """Return the importances that a training run stored; none where it is of an older kind."""
    return json_file(registry, run_id, IMPORTANCES) or {} if run_id else {}


def json_file(registry: Registry, run_id: str, name: str) -> Any:
    """Return what a stored JSON file holds, or None without one."""
    content = registry.file(run_id, name)
    return None if content is None else json.loads(content)


def version_with_key(registry: Registry, model: str, key: str) -> str | None:
    """Return the version that an earlier attempt registered under this key."""
    for version, tags in registry.versions(model).items():
        if tags.key == key:
            return version
    return None


def md5_of(snapshot: Snapshot) -> str:
    """Return one digest over the paths and contents of all batches of a snapshot."""
    listed = "\n".join(f"{file.md5} {file.path}" for file in snapshot.files)
    return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()


def data_tags(training: DataSlice, holdout: Window) -> VersionTags:
    """Return the tags by which a version carries the coordinates of its data."""
    snapshot = training.snapshot
    return VersionTags(
        repository=snapshot.repository,
        rev=snapshot.rev,
        path=snapshot.path,
        files=len(snapshot.files),
        md5=md5_of(snapshot),
        train_start=training.window.start,
        train_end=training.window.end,
        excluded=training.excluded,
        rows=training.rows,
        holdout_start=holdout.start,
        holdout_end=holdout.end,
    )


def with_score(tags: VersionTags, score: Score, target: Target) -> VersionTags:
    """Return the tags with a holdout score, and with what the version predicts."""
    if isinstance(target, Quantity):
        return replace(tags, score=score, predicts=QUANTITY)
    return replace(tags, score=score, classes=target.names)


def target_of(registry: Registry, model: str, version: str) -> Target:
    """Return what a version predicts: its classes, or a quantity.

    Raises:
        RegistryError: if the version does not say.
    """
    tags = registry.tags(model, version)
    if tags.predicts == QUANTITY:
        return Quantity()
    if tags.classes is None:
        raise RegistryError(
            f"{model} version {version} was not registered by driftloop (it has no "
            f"{VersionTags.tag_name('classes')} tag); train one with 'driftloop retrain'"
        )
    return Classes(tags.classes)
