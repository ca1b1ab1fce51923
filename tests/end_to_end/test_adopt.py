"""docs/adopting.md followed to the letter: a scorer that driftloop knows nothing of is watched."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from driftloop.training.estimators import NOT_TRAINED
from tasks.registry.opening import open_registry

Cli = Callable[..., CompletedProcess[str]]
PAGE = Path(__file__).parents[2] / "docs" / "adopting.md"
NAMES = ("--time", "at", "--key", "id", "--name", "m", "--every", "week")


def commands() -> list[list[str]]:
    lines = re.findall(r"^driftloop .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(line)[1:] for line in lines]


def auc(log: pd.DataFrame, start: str, end: str) -> tuple[float, int]:
    rows = log[log.decided_at.between(start, end, inclusive="left")]
    return roc_auc_score(rows.defaulted, rows.probability), len(rows)


def test_the_page_leads_from_a_log_to_a_verdict(
    tmp_path: Path, run_cli: Cli, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert program
    subprocess.run([sys.executable, "-c", program[1]], check=True)
    adopt, *others, monitor = commands()[:6]
    done = run_cli(*adopt, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    log = pd.read_csv("log.csv", parse_dates=["decided_at"])
    labels = pd.read_csv("labels.csv")
    whole = log.assign(
        defaulted=log.defaulted.fillna(
            log.application.map(labels.set_index("application").defaulted)
        )
    )

    first = made["verdict"]
    assert (first["verdict"], first["decision"]["action"], first["retrain"]) == (
        "drift",
        "alert",
        None,
    )
    assert [found["name"] for found in first["features"] if found["status"] == "drift"] == [
        "income"
    ]
    score, rows = auc(whole, "2026-06-01", "2026-06-08")
    assert (first["performance"]["rows"], first["performance"]["score"]) == (
        rows,
        pytest.approx(score),
    ), "of what was served, in the newest week whose labels have come"
    assert first["estimate"]["score"] is not None

    for command in others:
        ran = run_cli(*command)
        assert ran.returncode == 0, ran.stderr
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "income" in report
    assert "prediction" in report
    later = json.loads(run_cli(*monitor, "--json").stdout)
    score, rows = auc(whole, "2026-06-15", "2026-06-22")
    assert (later["performance"]["rows"], later["performance"]["score"]) == (
        rows,
        pytest.approx(score),
    ), "labels that came later, by their key"

    place = Workspace(tmp_path / "loans")
    config, registry = load_config(place.configs / "loans.yaml"), open_registry(place)
    tags = registry.tags("loans", "1")
    assert not config.trained_here
    assert (tags.served, tags.classes, tags.warm_start) == (True, ("0", "1"), None)
    assert registry.file(registry.version("loans", "1").run_id, "model/MLmodel") is None
    for refused in ("retrain", "rollback", "backtest", "tune"):
        ran = run_cli(refused, "loans", "-w", "loans")
        assert (ran.returncode, ran.stderr) == (2, f"error: loans: {NOT_TRAINED}\n"), refused


def log(rows: int = 3000, **columns: Any) -> pd.DataFrame:
    """Twelve weeks of two features and what a scorer said of them."""
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, rows))
    times = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(rows) * 12 * 7 / rows, "D")
    frame = pd.DataFrame({"at": times.floor("s"), "id": np.arange(rows), "a": a, "b": b})
    return frame.assign(**columns)


def adopted(run_cli: Cli, folder: Path, frame: pd.DataFrame, *options: str) -> Any:
    frame.to_csv(folder / "log.csv", index=False)
    command = ("adopt", "--predictions", str(folder / "log.csv"), *NAMES)
    done = run_cli(*command, "--workspace", str(folder / "place"), *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_decisions_of_three_classes_without_a_label(
    tmp_path: Path, run_cli: Cli, prefect_server: str
) -> None:
    frame = log()
    kinds = np.array(["hold", "pay", "refuse"])[np.digitize(frame.a, [-0.5, 0.5])]
    frame = frame.assign(kind=np.where(frame["at"] >= "2026-03-23", "pay", kinds))
    frame.loc[frame.index[-20:], "kind"] = None
    made = adopted(run_cli, tmp_path, frame, "--decision", "kind")
    assert made["verdict"]["verdict"] == "drift"
    moved = {found["name"] for found in made["verdict"]["features"] if found["status"] == "drift"}
    assert moved == {"prediction"}, "what was decided, while no feature moved"
    (check,) = [one for one in made["verdict"]["quality"] if one["check"] == "served"]
    assert (check["status"], "in 20 of 250 rows" in check["sentence"]) == ("ok", True)
    assert made["verdict"]["performance"]["score"] is None
    assert any("no label yet" in note for note in made["notes"])


def test_a_quantity_whose_log_began_with_another_system(
    tmp_path: Path, run_cli: Cli, prefect_server: str
) -> None:
    frame = log(6000)
    early = (frame["at"] < "2026-01-19").to_numpy()
    frame["a"] += np.where(early, 2.0, 0.0)
    rng = np.random.default_rng(1)
    truth = 10 * frame.b + rng.normal(size=len(frame))
    frame = frame.assign(said=(10 * frame.b).round(2), came=truth.round(2))
    options = ("--score", "said", "--label", "came", "--task", "regression")
    frame.loc[frame.index[-100:], "said"] = np.nan
    made = adopted(run_cli, tmp_path, frame, *options, "--train-until", "2026-03-16")
    assert "from 2026-01-19" in made["sentence"], "the first weeks that hold still"
    (check,) = [one for one in made["verdict"]["quality"] if one["check"] == "served"]
    assert (check["status"], "in 100 of 500 rows" in check["sentence"]) == ("failed", True)
    assert made["verdict"]["decision"]["action"] == "alert"
    newest = frame[frame["at"] >= "2026-03-23"].dropna()
    assert made["verdict"]["performance"]["rows"] == 400
    share = (
        1
        - ((newest.came - newest.said) ** 2).sum() / ((newest.came - newest.came.mean()) ** 2).sum()
    )
    assert made["verdict"]["performance"]["score"] == pytest.approx(share)
