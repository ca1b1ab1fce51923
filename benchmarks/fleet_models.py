"""Generated models for a fleet: their data, configurations and first champions."""

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks.errors import BenchmarkError
from benchmarks.paths import ROOT

NUMERIC, CATEGORICAL = 24, 6
MONDAY = date(2026, 1, 5)
TRAINED, WEEKS = 4, 8
"""Weeks of data when a champion is trained, whose labels are a week late, and all weeks."""

MOVED = ("n0", "n1", "n2")
"""What moves by a standard deviation in a troubled model, once its champion is trained."""


def moment(week: int) -> datetime:
    """Return the moment at which week `week` begins."""
    return datetime.combine(MONDAY + timedelta(weeks=week), datetime.min.time(), UTC)


def names_of(count: int) -> list[str]:
    """Return the names of so many models."""
    return [f"m{number:04d}" for number in range(count)]


def troubled(count: int) -> int:
    """Return how many of the models are in trouble: ten, or a tenth of few."""
    return min(10, max(1, count // 10))


def make_models(folder: Path, count: int, rows: int, variables: Mapping[str, str]) -> None:
    """Make the workspace of so many models, each with a champion; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [
        (folder / "data" / name, number, rows, number < troubled(count))
        for number, name in enumerate(names_of(count))
        if not (folder / "data" / f"{name}.dvc").exists()
    ]
    with ProcessPoolExecutor() as pool:
        for writing in [pool.submit(_write_data, *each) for each in missing]:
            writing.result()
    for name in names_of(count):
        _write_config(folder / "configs" / f"{name}.yaml", name)
    if not (folder / ".git").exists():
        (folder / ".gitignore").write_text(".driftloop\n")
        _do(folder, "git", "init", "-q", "-b", "main")
        _do(folder, sys.executable, "-m", "dvc", "init", "-q")
        _do(folder, sys.executable, "-m", "dvc", "config", "cache.type", "hardlink,copy")
        tracked = [f"data/{name}" for name in names_of(count)]
        _do(folder, sys.executable, "-m", "dvc", "add", "-q", *tracked)
        _do(folder, "git", "add", "-A")
        identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
        _do(folder, "git", *identity, "commit", "-qm", "data")
    command = [sys.executable, "-m", "benchmarks.runners.fleet_champions", str(folder)]
    subprocess.run([*command, moment(TRAINED).isoformat()], cwd=ROOT, env=variables, check=True)


def week_of(seed: int, week: int, rows: int, moved: bool) -> pd.DataFrame:
    """Return a week of a model's rows: features, and a label that eight of them explain alike."""
    rng = np.random.default_rng((seed, week))
    numbers = rng.normal(size=(rows, NUMERIC))
    weights = np.random.default_rng(0).normal(size=8) / 2
    chance = 1 / (1 + np.exp(1 - numbers[:, :8] @ weights))
    table = pd.DataFrame(numbers.round(4), columns=[f"n{place}" for place in range(NUMERIC)])
    if moved:
        table[[*MOVED]] += 1.0
    levels = np.array(list("abcdefgh"), dtype=object)
    for place in range(CATEGORICAL):
        table[f"c{place}"] = levels[rng.integers(0, 4 + place % 5, rows)]
    seconds = np.sort(rng.integers(0, 7 * 86_400, rows))
    start = np.datetime64(MONDAY + timedelta(weeks=week), "us")
    table.insert(0, "time", start + seconds.astype("timedelta64[s]"))
    return table.assign(label=(rng.random(rows) < chance).astype(int))


def _write_data(folder: Path, seed: int, rows: int, trouble: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for week in range(WEEKS):
        table = week_of(seed, week, rows, trouble and week >= TRAINED)
        table.to_parquet(folder / f"{MONDAY + timedelta(weeks=week)}.parquet", index=False)


def _write_config(path: Path, name: str) -> None:
    config: dict[str, Any] = yaml.safe_load((ROOT / "configs" / "payments.yaml").read_text())
    config.pop("description")
    config |= {
        "model": name,
        "data": {
            "path": f"data/{name}",
            "time": "time",
            "label": "label",
            "positive": 1,
            "label_delay": "7 days",
        },
        "features": {
            "numeric": [f"n{place}" for place in range(NUMERIC)],
            "categorical": [f"c{place}" for place in range(CATEGORICAL)],
        },
        "alerts": {"channels": [{"kind": "page"}]},
    }
    config["drift"]["engine"] = "native"
    config["decision"] = {"triggers": [{"kind": "manual"}]}  # to retrain is another measure
    config["training"]["search"] = {"kind": "halving", "trials": 0}
    config["training"]["windows"] = [{"kind": "sliding", "length": f"{TRAINED} weeks"}]
    config["training"]["estimator"] = {"kind": "hist_gradient_boosting", "max_iter": 40}
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def _do(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-600:]}")
