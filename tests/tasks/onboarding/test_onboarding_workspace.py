"""Making a workspace with real Git and DVC; nothing half made is left by any error."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, DriftloopError, WorkspaceError
from driftloop.base.periods import Window
from driftloop.base.windows import EARLIEST
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from driftloop.snapshots.options import Options
from tasks.onboarding import workspace as onboarding
from tasks.onboarding.workspace import create_workspace
from tasks.snapshots.parquet import read_slice
from tasks.snapshots.resolve import open_snapshot

OPTIONS = Options("at", "bought", label_delay="1 week")
ROWS = 1200


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "at": pd.date_range("2026-01-05", periods=ROWS, freq="1h"),
            "emp.var.rate": rng.normal(size=ROWS).round(3),
            "job": rng.choice(["admin.", "blue-collar", "yes"], ROWS),
            "bought": np.where(rng.random(ROWS) < 0.3, "yes", "no"),
        }
    )
    path = tmp_path / "source" / "calls.csv"
    path.parent.mkdir()
    table.to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any Git configuration, and no environment of an earlier run."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("GIT_", "XDG_")) or name == "EMAIL":
            monkeypatch.delenv(name)
    monkeypatch.delenv("DVC_SITE_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


def git(folder: Path, *words: str) -> str:
    command = ["git", *words]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_file_becomes_a_workspace_that_the_tasks_can_read(
    source: Path, tmp_path: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = dict(os.environ)
    folder = tmp_path / "new" / "calls"
    made = create_workspace(source, folder, OPTIONS)
    assert (made.inferred.name, made.inferred.rows, made.batches) == ("calls", ROWS, 8)
    assert made.inferred.training.until == datetime(2026, 2, 2, tzinfo=UTC)
    assert made.bootstrap_as_of == datetime(2026, 2, 9, tzinfo=UTC)
    assert made.commit == git(folder, "rev-parse", "HEAD")
    assert sorted(path.name for path in folder.iterdir()) == [
        *(".dvc", ".dvcignore", ".git", ".gitignore", "README.md"),
        *("configs", "data", "data.dvc", "dvc-remote"),
    ]
    assert load_config(folder / "configs" / "calls.yaml").data.positive == "yes"
    snapshot = open_snapshot(str(folder), "HEAD", "data/calls")
    assert len(snapshot.files) == made.batches
    window = Window(EARLIEST, datetime(2027, 1, 1, tzinfo=UTC))
    rows = read_slice(DataSlice(snapshot, window), ("job",), "at", Workspace(folder))
    assert len(rows) == ROWS
    assert list(home.iterdir()) == []
    assert [path.name for path in folder.parent.iterdir()] == ["calls"]
    assert dict(os.environ) == before
    assert capfd.readouterr() == ("", "")


def test_the_repository_is_clean_on_main_and_the_remote_holds_the_data(
    source: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "calls"
    made = create_workspace(source, folder, OPTIONS)
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "branch", "--show-current") == "main"
    assert git(folder, "log", "--format=%an <%ae>") == "driftloop <driftloop@localhost>"
    files = git(folder, "ls-files").splitlines()
    assert {"data.dvc", ".dvc/config", "configs/calls.yaml", "README.md"} <= set(files)
    assert not any(name.startswith(("data/", "dvc-remote/")) for name in files)
    assert "url = ../dvc-remote" in (folder / ".dvc" / "config").read_text()
    pushed = [path for path in (folder / "dvc-remote").rglob("*") if path.is_file()]
    assert len(pushed) == made.batches + 1


def test_the_identity_that_git_knows_is_used(source: Path, tmp_path: Path, home: Path) -> None:
    text = "[user]\nname = Ada\nemail = ada@example.org\n[commit]\ngpgsign = true\n"
    (home / ".gitconfig").write_text(text)
    folder = tmp_path / "calls"
    create_workspace(source, folder, OPTIONS)
    assert git(folder, "log", "--format=%an %ae") == "Ada ada@example.org"


def test_inside_another_repository_the_workspace_has_its_own(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(outer / ".git"))
    monkeypatch.chdir(outer)
    create_workspace(source, Path("calls"), OPTIONS)
    monkeypatch.delenv("GIT_DIR")
    assert git(outer / "calls", "rev-parse", "--show-toplevel") == str(outer / "calls")
    assert sorted(path.name for path in outer.iterdir()) == [".git", "calls"]


def test_an_empty_folder_is_filled_and_stays_the_same_one(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    identity = folder.stat().st_ino
    create_workspace(source, folder, OPTIONS)
    assert folder.stat().st_ino == identity
    assert (folder / "configs" / "calls.yaml").is_file()
    assert not list(folder.glob(".mounted*"))
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_what_is_there_already_is_left_alone(source: Path, tmp_path: Path, taken: str) -> None:
    folder = tmp_path / "calls"
    if taken == "file":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "note.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match="exists and is not empty; choose a new folder"):
        create_workspace(source, folder, OPTIONS)
    note = folder if taken == "file" else folder / "note.txt"
    assert note.read_text() == "mine"


def test_bad_input_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("at,x,y\nsoon,1,2\n")
    folder = tmp_path / "deep" / "new" / "calls"
    with pytest.raises(DataError, match="not a valid date"):
        create_workspace(path, folder, Options("at", "y"))
    assert not (tmp_path / "deep").exists()


def stop(*args: object) -> str:
    raise KeyboardInterrupt


def refuse(*args: object) -> str:
    raise WorkspaceError("git commit failed: no")


def fill(*args: object) -> str:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize(
    ("step", "how", "error"),
    [
        ("_commit", stop, KeyboardInterrupt),
        ("_commit", refuse, WorkspaceError),
        ("write_batches", fill, WorkspaceError),
        ("_version_data", stop, KeyboardInterrupt),
    ],
)
def test_an_error_or_ctrl_c_leaves_nothing_half_made(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    how: Callable[..., str],
    error: type[BaseException],
    exists: bool,
) -> None:
    folder = tmp_path / "deep" / "calls"
    if exists:
        folder.mkdir(parents=True)
    monkeypatch.setattr(onboarding, step, how)
    before = dict(os.environ)
    with pytest.raises(error):
        create_workspace(source, folder, OPTIONS)
    assert dict(os.environ) == before
    if exists:
        assert list(folder.iterdir()) == []
        assert list(folder.parent.iterdir()) == [folder]
    else:
        assert not folder.parent.exists()


def test_the_state_of_another_workspace_is_left_alone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its registry was removed where ``init`` was run in a shell with DRIFTLOOP_STATE."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "mlflow.db").write_text("a registry")
    monkeypatch.setenv("DRIFTLOOP_STATE", str(state))
    create_workspace(source, tmp_path / "calls", OPTIONS)
    assert [path.name for path in state.iterdir()] == ["mlflow.db"]


def test_a_real_ctrl_c_leaves_nothing(source: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tasks.onboarding import workspace as o\n"
        "from driftloop.snapshots.options import Options\n"
        "def slow(*a): print('committing', flush=True); time.sleep(60)\n"
        "o._commit = slow\n"
        "o.create_workspace(Path(sys.argv[1]), Path(sys.argv[2]), Options('at', 'bought'))"
    )
    folder = tmp_path / "calls"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(source), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"committing\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    assert process.returncode != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "source"]


def test_a_folder_that_cannot_be_made_is_one_line(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError) as caught:
        create_workspace(source, tmp_path / "file" / "calls", OPTIONS)
    assert "\n" not in str(caught.value)


def test_missing_git_is_one_line(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkspaceError, match="Git is not installed"):
        create_workspace(source, tmp_path / "calls", OPTIONS)
    assert not (tmp_path / "calls").exists()


def test_a_refusal_of_git_and_dvc_is_one_line(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    (home / ".gitconfig").write_text("[core\n")
    with pytest.raises(WorkspaceError, match="git init failed") as caught:
        create_workspace(source, tmp_path / "calls", OPTIONS)
    assert "\n" not in str(caught.value)
    (home / ".gitconfig").unlink()

    def broken(*args: object) -> None:
        from dvc.exceptions import DvcException

        raise DvcException("the remote\nis gone")

    monkeypatch.setattr("dvc.repo.Repo.push", broken)
    with pytest.raises(DriftloopError, match="DVC could not add the data: the remote is gone"):
        create_workspace(source, tmp_path / "calls", OPTIONS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "source"]
