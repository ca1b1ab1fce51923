"""A workspace small enough to be broken a hundred times: one run on it takes about a second.

The label follows `a`, from `TURN` on `b`, and from `BACK` on `a` again. Inputs never drift, and
whoever was trained in another stretch is proven worse.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from workshop import dvc, git, write_config

from driftloop.base.workspace import Workspace
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job, load_job

START = datetime(2026, 1, 5, tzinfo=UTC)
TURN, BACK, WEEKS, ROWS = 5, 10, 13, 240
FIRST, SECOND, WATCH = 6, 11, 13
"""Weeks as of which the first champion and its challenger are trained, and probation is judged."""

CONFIG: dict[str, Any] = {
    "model": "payments",
    "task": "binary",
    "data": {
        "path": "data/payments",
        "time": "at",
        "label": "bad",
        "positive": 1,
        "label_delay": "7 days",
        "key": "id",
    },
    "features": {"numeric": ["a", "b"], "categorical": ["c"]},
    "windows": {"current": "1 week"},
    "decision": {"triggers": [{"kind": "manual"}]},
    "training": {
        "estimator": {"kind": "logistic_regression"},
        "windows": [{"kind": "sliding", "length": "4 weeks"}],
        "holdout": {"share": 0.25, "minimum_rows": 100},
        "search": {"kind": "halving", "trials": 0},
        "minimum_rows": 200,
    },
    "comparison": {"metric": "roc_auc", "gates": []},
    "promotion": {"mode": {"kind": "auto"}, "probation": {"windows": 1}},
}
SLACK = ({"kind": "slack", "channel": "#ml-alerts"},)


def moment(week: int) -> datetime:
    """The moment a week begins."""
    return START + timedelta(weeks=week)


def week_rows(week: int) -> pd.DataFrame:
    """The batch of one week."""
    rng = np.random.default_rng(week)
    a, b = rng.normal(size=(2, ROWS))
    speaks = b if TURN <= week < BACK else a
    minutes = np.sort(rng.choice(7 * 24 * 60, ROWS, replace=False))
    return pd.DataFrame(
        {
            "id": [f"w{week:02d}-{row:04d}" for row in range(ROWS)],
            "at": pd.Timestamp(moment(week)).tz_localize(None) + pd.to_timedelta(minutes, "min"),
            "a": a,
            "b": b,
            "c": rng.choice(["x", "y"], ROWS),
            "bad": (rng.random(ROWS) < 1 / (1 + np.exp(-3 * speaks))).astype(np.int64),
        }
    )


def build(folder: Path, channels: Sequence[dict[str, Any]] = SLACK) -> Path:
    """Make the workspace, with an empty registry."""
    batches = folder / "data" / "payments"
    batches.mkdir(parents=True)
    for week in range(WEEKS):
        week_rows(week).to_parquet(batches / f"{week:02d}.parquet", index=False)
    write_config(folder, {**CONFIG, "alerts": {"channels": list(channels)}})
    (folder / ".gitignore").write_text("/data\n.driftloop\n")
    git(folder, "init", "-q", "-b", "main")
    dvc(folder, "init")
    commit(folder)
    open_registry(Workspace(folder)).models()
    return folder


def commit(folder: Path) -> None:
    """Commit the data as they are now."""
    dvc(folder, "add", "data")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "data")


def job_of(folder: Path, week: int) -> Job:
    """The job of the model as of the beginning of a week."""
    return load_job("payments", moment(week), workspace=folder)
