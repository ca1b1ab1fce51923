"""`init` and `monitor` on a file whose features say nothing of the label."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pandas as pd

Cli = Callable[..., CompletedProcess[str]]
ROWS, START, END = 2400, "2026-01-05", "2026-03-30"


def table(label: Callable[[Any, Any], Any]) -> pd.DataFrame:
    """Twelve weeks of two features and a label that is made of them, or of chance."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, ROWS))
    times = pd.Timestamp(START) + pd.to_timedelta(np.arange(ROWS) * 50, "min")
    return pd.DataFrame(
        {"id": np.arange(ROWS), "at": times, "a": a, "b": b, "y": label(a + 0 * b, rng)}
    )


def made(run_cli: Cli, folder: Path, frame: pd.DataFrame) -> tuple[Path, Any]:
    """Run `init` and return the workspace and what it said."""
    frame.to_csv(folder / "data.csv", index=False)
    place = folder / "place"
    names = (
        "--time",
        "at",
        "--label",
        "y",
        "--key",
        "id",
        "--name",
        "m",
        "--workspace",
        str(place),
    )
    done = run_cli("init", str(folder / "data.csv"), *names, "--json")
    assert done.returncode == 0, done.stderr
    return place, done


def test_a_first_champion_that_guesses(tmp_path: Path, run_cli: Cli, prefect_server: str) -> None:
    doubt = "is not proven better than guessing, 0.5"
    place, done = made(run_cli, tmp_path, table(lambda a, rng: rng.choice(["no", "yes"], len(a))))
    assert doubt in json.loads(done.stdout)["sentence"]
    where = ("-w", str(place), "--json")
    (model,) = json.loads(run_cli("status", *where).stdout)["models"]
    assert model["incident_severity"] == "warning", "an incident is open before the first run"
    looked = run_cli("monitor", "m", "--as-of", END, *where)
    assert looked.returncode == 0, looked.stderr
    found = json.loads(looked.stdout)
    assert found["doubt"], found["performance"]
    assert doubt in found["doubt"]
    shown = run_cli("monitor", "m", "--as-of", END, "-w", str(place))
    assert doubt in " ".join(shown.stdout.split())
