"""The registry: runs, model versions and the champion alias, behind one small protocol.

Everything driftloop writes carries tags that begin with ``driftloop.``. A run is found again by
its key, so that work which was cut off is resumed and not doubled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from driftloop.base.errors import RegistryError
from driftloop.base.past_run import PastRun
from driftloop.base.periods import Window, parse_time
from driftloop.base.records import DataSlice, ModelVersion, Score, Snapshot, to_plain
from driftloop.base.workspace import Workspace
from driftloop.performance.target import Classes, Quantity, Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHAMPION = "champion"
IMPORTANCES = "importances.json"
RECORD = "record.json"
PREFIX = "driftloop."


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a registry, with all its tags."""

    run_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands: the version that serves, its own tags, its monitoring runs, newest first.

    The tags hold its ledger; see `tasks.registry.ledger`.
    """

    champion: str | None
    tags: Mapping[str, str]
    runs: tuple[Run, ...]


class Registry(Protocol):
    """What driftloop asks of a model registry.

    Every method raises `UnavailableError` where the registry does not answer, and `RegistryError`
    where it refuses. `tag`, `tag_model` and `close_run` name tags without ``driftloop.``;
    `register` and `open_run` take them as they are stored, and every method gives them so.
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

    def versions(self, model: str) -> dict[str, dict[str, str]]:
        """Return the tags of every version of a model, by version."""

    def tags(self, model: str, version: str) -> dict[str, str]:
        """Return the tags of one version."""

    def tag(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        """Set tags of a version."""

    def register(self, model: str, run_id: str, model_id: str, tags: Mapping[str, str]) -> str:
        """Register a stored model as a new version with its tags, and return the version."""

    def describe(self, model: str, version: str, text: str) -> None:
        """Set the description of a version, Markdown, for people."""

    def set_champion(self, model: str, version: str) -> None:
        """Let the champion alias name a version; the last writer wins."""

    def model_tags(self, model: str) -> dict[str, str]:
        """Return the tags of a registered model, none where it is not registered."""

    def tag_model(self, model: str, name: str, value: str) -> None:
        """Set a tag of a registered model."""

    def open_run(self, model: str, kind: str, key: str, name: str, tags: Mapping[str, str]) -> Run:
        """Return the run with this key, made where it is missing; an open one is resumed."""

    def close_run(
        self, run_id: str, tags: Mapping[str, str], metrics: Mapping[str, float], record: Any
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
        if tags.get(f"{PREFIX}key") == key:
            return version
    return None


def md5_of(snapshot: Snapshot) -> str:
    """Return one digest over the paths and contents of all batches of a snapshot."""
    listed = "\n".join(f"{file.md5} {file.path}" for file in snapshot.files)
    return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()


def data_tags(training: DataSlice, holdout: Window) -> dict[str, str]:
    """Return the tags by which a version carries the coordinates of its data."""
    snapshot = training.snapshot
    return {
        "driftloop.data.repository": snapshot.repository,
        "driftloop.data.rev": snapshot.rev,
        "driftloop.data.path": snapshot.path,
        "driftloop.data.files": str(len(snapshot.files)),
        "driftloop.data.md5": md5_of(snapshot),
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


def version_of_tags(model: str, version: str, run_id: str, tags: Mapping[str, str]) -> ModelVersion:
    """Return the version that carries these tags."""
    known = "driftloop.train.start" in tags
    promoted = tags.get("driftloop.promoted_at")
    return ModelVersion(
        model=model,
        version=version,
        run_id=run_id,
        training=_slice(tags) if known else None,
        holdout=_window(tags, "holdout") if known else None,
        baseline=Score(**json.loads(tags["driftloop.score"])) if known else None,
        promoted_at=parse_time(promoted) if promoted else None,
    )


def _slice(tags: Mapping[str, str]) -> DataSlice:
    """The files are looked up again at the recorded commit, where they cannot have changed."""
    snapshot = Snapshot(
        tags["driftloop.data.repository"],
        tags["driftloop.data.rev"],
        tags["driftloop.data.path"],
        (),
    )
    excluded = tuple(
        Window(parse_time(load["start"]), parse_time(load["end"]))
        for load in json.loads(tags["driftloop.train.excluded"])
    )
    return DataSlice(snapshot, _window(tags, "train"), excluded, int(tags["driftloop.train.rows"]))


def _window(tags: Mapping[str, str], name: str) -> Window:
    start, end = (parse_time(tags[f"driftloop.{name}.{edge}"]) for edge in ("start", "end"))
    return Window(start, end)


def counts_as_past(tags: Mapping[str, str]) -> bool:
    """Say whether a run is a past one to decide by; one that found too few rows is no attempt."""
    kind = tags.get("driftloop.kind")
    return kind == "monitor" or (kind == "retrain" and tags.get("driftloop.trained") == "true")


def own_tags(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that driftloop wrote, named without ``driftloop.``."""
    return {name.removeprefix(PREFIX): value for name, value in stored.items() if PREFIX in name}


def past_run(stored: Mapping[str, str]) -> PastRun:
    """Return what is remembered of a run, by its tags."""
    tags = own_tags(stored)
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
        by_hand=tags.get("by_hand") == "true",
        held=tags.get("held", ""),
        seen=frozenset(tags.get("seen", "").split()),
    )
