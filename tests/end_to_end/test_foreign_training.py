"""A model of LightGBM's adopted out of MLflow, which drifts and is replaced by a team's own job."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow.models import infer_signature
from peers.slack import SlackPeer
from sklearn.metrics import roc_auc_score

from driftloop.base.workspace import Workspace
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.registry.skops_import import complete_skops
from tasks.runtime.job import load_job

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_server")]

Cli = Callable[..., CompletedProcess[str]]
WEEKS, ROWS, TURNS = 23, 400, 16
READS = ["income", "debt"]
TRAIN = """
import json, os
from pathlib import Path
import lightgbm, mlflow, pandas as pd
from mlflow.models import infer_signature

folder = Path(os.environ["DRIFTLOOP_JOB"])
plan = json.loads((folder / "plan.json").read_text())
rows = pd.read_parquet(folder / "train.parquet")
rows = rows[rows[plan["time"]] >= plan["parameters"]["since"]]
rows[["driftloop_row"]].to_parquet(folder / "seen.parquet")
inputs = rows[plan["numeric"]]
model = lightgbm.LGBMClassifier(n_estimators=30, num_leaves=7, n_jobs=1, verbosity=-1)
model.fit(inputs, rows[plan["label"]].astype(int))
signature = infer_signature(inputs, model.predict(inputs))
mlflow.lightgbm.save_model(model, folder / "mine", signature=signature, pip_requirements=[])
(folder / "result.json").write_text(json.dumps({"model": "mine", "rows": "seen.parquet"}))
"""


def day(week: int) -> str:
    return f"{pd.Timestamp('2026-01-05') + pd.Timedelta(weeks=week):%Y-%m-%d}"


def loans() -> pd.DataFrame:
    """Weeks in which debt makes a default likely, until incomes fall and it no longer does."""
    rng = np.random.default_rng(5)
    week = np.repeat(np.arange(WEEKS), ROWS)
    income, debt = rng.normal(size=(2, len(week)))
    turned = week >= TURNS
    odds = np.where(turned, -2 * debt - income, 2 * debt - income)
    days = 7 * week + 7 * rng.random(len(week))
    return pd.DataFrame(
        {
            "at": (pd.Timestamp(day(0)) + pd.to_timedelta(days, "D")).floor("s"),
            "id": np.arange(len(week)),
            "income": income - turned,
            "debt": debt,
            "defaulted": (rng.random(len(week)) < 1 / (1 + np.exp(-odds))).astype(int),
        }
    ).sort_values("at")


def register(rows: pd.DataFrame) -> None:
    """Train a model and log it as a team does that knows nothing of driftloop."""
    model = lightgbm.LGBMClassifier(n_estimators=30, num_leaves=7, n_jobs=1, verbosity=-1)
    model.fit(rows[READS], rows.defaulted)
    signature = infer_signature(rows[READS], model.predict(rows[READS]))
    complete_skops()  # as in a process of somebody else's
    with mlflow.start_run():
        mlflow.lightgbm.log_model(
            model, name="m", signature=signature, registered_model_name="scoring"
        )


def answer(done: CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def train_by(place: Path, command: list[str]) -> None:
    """Let a command train from now on, in the configuration that the adoption wrote."""
    path = place / "configs" / "loans.yaml"
    config = yaml.safe_load(path.read_text())
    config["training"]["holdout"]["share"] = 0.1
    config["training"] |= {
        "windows": [{"kind": "all"}],
        "job": {"kind": "command", "command": command, "parameters": {"since": day(TURNS)}},
    }
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def test_an_adopted_model_drifts_and_a_job_trains_its_successor(
    tmp_path: Path, run_cli: Cli, slack: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails first: its one sentence is in Slack and the champion stays. Then it trains."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    for use in (mlflow.set_tracking_uri, mlflow.set_registry_uri):  # others may have set either
        use(f"sqlite:///{tmp_path / 'mlflow.db'}")
    rows = loans()
    register(rows[rows["at"] < day(12)])
    rows[rows["at"] < day(TURNS)].to_csv("before.csv", index=False)
    rows[rows["at"] >= day(TURNS)].to_csv("since.csv", index=False)
    place = tmp_path / "loans"
    where = ("--workspace", str(place), "--json")
    columns = ("--time", "at", "--key", "id", "--label", "defaulted", "--name", "loans")
    options = (*columns, "--every", "week", "--train-until", day(14), *where)
    first = answer(run_cli("adopt", "models:/scoring/1", "--data", "before.csv", *options))
    assert (first["verdict"]["verdict"], first["champion"]["version"]) == ("ok", "1")
    assert slack.posts == [], "nothing is wrong yet"

    train_by(place, ["sh", "-c", "echo 4111-1111; exit 3"])
    answer(run_cli("snapshot", "loans", "--source", str(tmp_path / "since.csv"), *where))

    def look(week: int) -> dict[str, Any]:
        return answer(run_cli("monitor", "loans", "--as-of", day(week), *where))

    failed = look(TURNS + 4)
    assert (failed["verdict"], failed["decision"]["action"]) == ("drift", "retrain")
    assert (failed["champion"]["version"], failed["retrain"]["challenger"]) == ("1", None)
    sentence = "failed with 3"
    assert sentence in failed["retrain"]["sentence"]
    assert any(sentence in str(post.blocks) for post in slack.posts), slack.posts
    assert not any("4111" in str(post.blocks) for post in slack.posts), "it may hold data"
    registry = open_registry(Workspace(place))
    assert [*registry.versions("loans")] == ["1"]

    (place / "train.py").write_text(TRAIN)
    train_by(place, [sys.executable, "train.py"])
    replaced = look(TURNS + 6)
    retrain = replaced["retrain"]
    assert (retrain["won"], retrain["promoted_version"]) == (True, "2"), retrain["sentence"]
    champion = registry.champion("loans")
    assert champion is not None
    assert champion.version == "2"
    ends = [pd.Timestamp(edge).tz_localize(None) for edge in retrain["holdout"].values()]
    held = rows[rows["at"].between(*ends, inclusive="left")]
    assert len(held) == retrain["scores"]["rows"]
    said = model_of(load_job("loans", None, workspace=place), "1").predict_proba(held[READS])
    assert retrain["scores"]["champion"] == pytest.approx(roc_auc_score(held.defaulted, said[:, 1]))
    assert retrain["scores"]["challenger"] > 0.8 > 0.5 > retrain["scores"]["champion"]
    (told,) = slack.story()
    (promoted,) = [reply for reply in told.replies if (reply.key or "").endswith("promoted-2")]
    assert "version 2" in told.text, told.text
    assert "version 2" in str(promoted.text).lower()
