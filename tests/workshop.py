"""Builds workspaces for tests, with real Git, DVC and MLflow, small enough to be quick."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from driftloop.base.records import MonitorRecord
from driftloop.onboarding.demo_story import START, WEEKS
from tasks.registry.environment_lock import LOCK_FILE, SERVING_PACKAGES, read_pins
from tools.demo_data import week_frame

ROOT = Path(__file__).parents[1]
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@localhost")


def monday(week: int) -> datetime:
    """The moment week `week` of the story begins."""
    return datetime.combine(START + timedelta(weeks=week), clock(), tzinfo=UTC)


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it printed."""
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def dvc(folder: Path, *arguments: str) -> None:
    """Run dvc, quietly."""
    subprocess.run(
        [sys.executable, "-m", "dvc", *arguments, "-q"], cwd=folder, check=True, capture_output=True
    )


def small_config(**changes: Any) -> dict[str, Any]:
    """The demo's configuration with a small, quick model; sections in `changes` are merged.

    Slack alone is told, without the demo's page.
    """
    config: dict[str, Any] = yaml.safe_load((ROOT / "configs" / "payments.yaml").read_text())
    config["training"]["estimator"] = {"kind": "hist_gradient_boosting", "max_iter": 40}
    config["training"]["search"] = {"kind": "halving", "trials": 0}
    config["training"]["holdout"] = {"share": 0.25}
    config["performance"] = {"margin": 0.12}
    config["alerts"] = {"channels": [{"kind": "slack", "channel": "#ml-alerts"}]}
    for section, values in changes.items():
        config[section] = {**config.get(section, {}), **values}
    return config


def write_config(folder: Path, config: dict[str, Any], name: str = "payments") -> Path:
    """Write a configuration into a workspace."""
    path = folder / "configs" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def build_payments(folder: Path, one_in: int = 3) -> Path:
    """Make a workspace that holds every `one_in`-th payment of the demo."""
    batches = folder / "data" / "payments"
    batches.mkdir(parents=True)
    for week in range(WEEKS):
        frame = week_frame(week)
        rows = frame if len(frame) < 100 else frame.iloc[::one_in]
        rows.to_parquet(batches / f"{START + timedelta(weeks=week)}.parquet", index=False)
    commit_data(folder, small_config())
    make_registry(folder)
    return folder


def commit_data(folder: Path, config: dict[str, Any]) -> Path:
    """Make a folder with data a workspace: a configuration, Git and DVC."""
    write_config(folder, config)
    _lock_what_is_installed(folder)
    (folder / ".gitignore").write_text("/data\n.driftloop\n")
    git(folder, "init", "-q", "-b", "main")
    dvc(folder, "init")
    dvc(folder, "add", "data")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "data")
    return folder


def _lock_what_is_installed(folder: Path) -> None:
    """Give a workspace a lock of its own where the checkout's is not what is installed.

    So it is with the oldest versions that `pyproject.toml` promises.
    """
    pins = {name: version(name) for name in SERVING_PACKAGES}
    if not pins.items() <= read_pins(ROOT / LOCK_FILE).items():
        lines = (f"{name}=={pin}\n" for name, pin in pins.items())
        (folder / LOCK_FILE).write_text("".join(lines))


def train_first(folder: Path) -> None:
    """Train the first champion as of the end of week 8 (labels up to week 7)."""
    from flows.bootstrap import bootstrap

    record = bootstrap("payments", as_of=monday(9), workspace=str(folder))
    assert record.promotion is not None
    assert record.promotion.promoted, record.sentence


def look(folder: Path, week: int, **options: Any) -> MonitorRecord:
    """Monitor at the end of a week of the story."""
    from flows.monitor import monitor

    record: MonitorRecord = monitor(
        "payments", as_of=monday(week + 1), workspace=str(folder), **options
    )
    return record


def make_registry(folder: Path) -> None:
    """Make an empty registry in the state folder of a workspace."""
    from driftloop.base.workspace import Workspace
    from tasks.registry.mlflow import MlflowRegistry

    MlflowRegistry(Workspace(folder)).models()
