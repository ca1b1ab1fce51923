"""Files and servers that are broken: one line that names the file, and the way out of it."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from faults.forks import Zygote
from faults.ground import SECOND, job_of
from faults.state import champion_of
from peers.http_peer import Answer, HttpPeer

from driftloop.base.errors import RegistryError
from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.skops_files import check_model_file
from tasks.snapshots.resolve import local_path, resolve_snapshot


def model_file(folder: Path) -> Path:
    """The file of the version that serves; beside it is the model that was compared."""
    source = MlflowRegistry(Workspace(folder)).client.get_model_version("payments", "1").source
    model_id = source.removeprefix("models:/")
    (found,) = (
        path
        for path in (folder / ".driftloop" / "artifacts").rglob("*.skops")
        if model_id in path.as_posix()
    )
    return found


def flip(path: Path, place: float = 0.5) -> None:
    """Change one byte in the middle, as a bad disk does; DVC keeps its cache read-only."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("spoil", [flip, cut])
def test_a_damaged_model_file(spoil: Any, first: Path, zygote: Zygote) -> None:
    spoil(model_file(first))
    failed = zygote.run("monitor", first)
    assert failed["error"] == "RegistryError", failed
    assert "the model file of payments version 1 is damaged (" in failed["line"]
    assert (
        "from a backup, or go back to another version with 'driftloop rollback'" in failed["line"]
    )
    assert "\n" not in failed["line"]
    assert champion_of(first) == "1"


def test_a_model_file_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("schema.json", "w", force_zip64=True) as part,
    ):
        for _ in range(300):
            part.write(bytes(1_000_000))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(RegistryError, match=r"unpacks from 0\.3 MB to 0\.3 GB and is not loaded"):
        check_model_file(path, "payments version 1")


def test_a_damaged_batch_in_the_cache(first: Path, zygote: Zygote) -> None:
    job = job_of(first, SECOND)
    snapshot = resolve_snapshot.fn(job)
    path = local_path(snapshot, snapshot.files[-1], job.workspace)
    flip(path)
    failed = zygote.run("retrain", first)
    assert failed["error"] == "SnapshotError", failed
    assert snapshot.files[-1].path in failed["line"]
    assert "is damaged (its MD5 is " in failed["line"]
    assert f"delete {path} and run 'dvc pull' there" in failed["line"]


class Empty(HttpPeer):
    """Answers everything with an empty object, as a proxy's page of health does."""

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return Answer(200, "{}")


@pytest.fixture
def empty() -> Iterator[str]:
    with Empty() as peer:
        yield peer.root


@pytest.mark.parametrize("work", ["monitor", "retrain", "roll back", "bootstrap"])
def test_an_mlflow_that_answers_nothing(work: str, first: Path, zygote: Zygote, empty: str) -> None:
    there = {"MLFLOW_TRACKING_URI": empty, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    failed = Zygote(zygote.process, {**zygote.env, **there}).run(work, first)
    assert failed["error"] == "UnavailableError", failed
    assert f"what answers at {empty} is not an MLflow server" in failed["line"]
    assert os.linesep not in failed["line"]
