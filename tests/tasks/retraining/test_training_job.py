"""Training by a program of somebody else's: what it is given, and every way in which it fails."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from workshop import monday, small_config, write_config

from driftloop.base.errors import TrainingError
from driftloop.base.retrain_record import TrainingPlan
from driftloop.config.model_config import ModelConfig
from driftloop.training.training import predict
from tasks.monitoring.tables import examples, read_labelled
from tasks.registry.lineage import target_of
from tasks.registry.models import compared_model_of, model_of
from tasks.registry.opening import open_registry
from tasks.retraining.compare import compare_models
from tasks.retraining.job import ROW, ROWS
from tasks.retraining.plan import OpenTraining, open_training, plan_training
from tasks.retraining.row_hashes import hashes_of
from tasks.retraining.train import search_settings, train_challenger
from tasks.runtime.job import Job, load_job
from tasks.snapshots.resolve import resolve_snapshot

pytestmark = pytest.mark.usefixtures("no_server")
COPY = 'cp -r "{0}" "$DRIFTLOOP_JOB/model"'
Started = tuple[Job, OpenTraining, TrainingPlan]


def started(folder: Path, job: dict[str, Any], **training: Any) -> Started:
    config = small_config()
    config["training"].update({"job": job, "windows": [{"kind": "all"}], **training})
    write_config(folder, config)
    loaded = load_job("payments", monday(9), workspace=folder)
    snapshot = resolve_snapshot.fn(loaded)
    opened = open_training.fn(loaded, snapshot, "retrain", None)
    plan = plan_training.fn(loaded, snapshot, opened, None)
    assert isinstance(plan, TrainingPlan), plan
    return loaded, opened, plan


def shell(line: str, **settings: Any) -> dict[str, Any]:
    return {"kind": "command", "command": ["sh", "-c", line], **settings}


def booster(folder: Path, columns: tuple[str, ...], classes: int = 2) -> Path:
    """A model of LightGBM's own, stored by MLflow as anybody stores it."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(300, len(columns))), columns=list(columns))
    y = np.arange(300) % classes
    settings = {"verbosity": -1, "num_threads": 1, "num_leaves": 4}
    settings |= {"objective": "binary"} if classes == 2 else {}
    settings |= {"objective": "multiclass", "num_class": classes} if classes > 2 else {}
    model = lightgbm.train(settings, lightgbm.Dataset(table, y), 3)
    signature = infer_signature(table, model.predict(table))
    mlflow.lightgbm.save_model(model, str(folder), signature=signature, pip_requirements=[])
    return folder


TRAIN = """
import json, os, sys
from pathlib import Path
import lightgbm, pandas as pd

def train(folder):
    folder = Path(folder)
    plan = json.loads((folder / "plan.json").read_text())
    rows = pd.read_parquet(folder / "train.parquet")
    rows = rows.iloc[:: plan["parameters"]["every"]]
    table = rows[plan["numeric"]].astype(float)
    for name in plan["categorical"]:
        table[name] = rows[name].astype("category")
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 1}
    model = lightgbm.train(settings, lightgbm.Dataset(table, rows[plan["label"]]), 20)
    import mlflow
    mlflow.lightgbm.save_model(model, str(folder / "mine"), pip_requirements=[])
    rows[["driftloop_row"]].to_parquet(folder / "seen.parquet")
    (folder / "result.json").write_text(json.dumps({"model": "mine", "rows": "seen.parquet"}))
    (folder.parent / f"{plan['purpose']}.txt").write_text(str(len(rows)))
"""


def test_what_a_function_trains_is_compared_and_refitted_like_any_other(payments: Path) -> None:
    (payments / "mine.py").write_text(TRAIN)
    own = {"kind": "function", "path": "mine.train", "parameters": {"every": 2}}
    job, opened, plan = started(payments, own)
    parameters = search_settings.fn(job, plan)
    assert parameters == {"every": 2}
    version = train_challenger.fn(job, opened, plan, parameters)
    registry = open_registry(job.workspace)
    given = {
        name: int((job.workspace.state / "jobs" / f"{name}.txt").read_text())
        for name in ("compare", "serve")
    }
    rows, holdout = plan.training.rows or 0, plan.holdout.rows or 0
    assert given == {"compare": -(-rows // 2), "serve": -(-(rows + holdout) // 2)}
    kept = registry.file(opened.run_id or "", "training_rows/compared.npy")
    assert len(np.load(io.BytesIO(kept or b""))) == given["compare"], "as the job listed them"

    compared = compare_models.fn(job, opened, plan, version)
    assert compared.challenger.value > 0.85, "categories reached it as categories"
    assert compared.rows == holdout
    target = target_of(registry, job.model, version)
    table = read_labelled(job, plan.holdout)
    said = []
    for model in (model_of(job, version), compared_model_of(job, version)):
        rows_of = examples(job, table, target, model)
        said.append(predict(model, rows_of.table, target))
    assert not np.array_equal(*said), "what serves has seen the holdout, too"
    tags = registry.tags(job.model, version)
    assert (tags.environment, tags.warm_start) == ("its own", None)
    run = registry.client.get_run(opened.run_id or "")
    assert run.data.params["job"] == "function"
    assert run.data.params["every"] == "2"
    assert not list((job.workspace.state / "jobs").glob("payments-*")), "nothing is left behind"


FAILING = {
    "timeout": (shell("sleep 60", minutes=0.003), "took longer than 0.003 minutes"),
    "crash": (shell("echo 4111-1111; exit 3"), "failed with 3; what it printed is with the MLflow"),
    "killed": (shell("kill -9 $$"), "was ended by SIGKILL"),
    "no program": ({"kind": "command", "command": ["/no/such"]}, r"cannot be started \(No such"),
    "no model": (shell("true"), "left no model: its folder holds neither result.json"),
    "no MLmodel": (shell('mkdir "$DRIFTLOOP_JOB/model"'), "not a model in MLflow's format"),
    "a bad result": (
        shell('echo "{" > "$DRIFTLOOP_JOB/result.json"'),
        "result.json cannot be read",
    ),
    "changed rows": (shell('echo >> "$DRIFTLOOP_JOB/train.parquet"'), "changed train.parquet"),
    "no such stage": ({"kind": "dvc", "stage": "train"}, "failed with"),
}


def with_job(job: Job, own: dict[str, Any], **training: Any) -> Job:
    """The same job with another program, whose training is planned already."""
    changed = {**job.config.model_dump(mode="json", exclude_unset=True)}
    changed["training"] = {**changed["training"], "job": own, **training}
    return replace(job, config=ModelConfig.model_validate(changed))


def test_a_job_that_fails_is_one_clear_sentence(payments: Path) -> None:
    job, opened, plan = started(payments, shell("true"))
    registry = open_registry(job.workspace)
    for name, (own, expected) in FAILING.items():
        with pytest.raises(TrainingError, match=expected) as error:
            train_challenger.fn(with_job(job, own), opened, plan, {})
        assert "\n" not in str(error.value), name
        assert "4111" not in str(error.value), "what a job prints may hold data"
        if name == "crash":
            printed = registry.file(opened.run_id or "", "job/compare/job.log")
            assert printed == b"4111-1111\n", "and is kept with the run"
    assert not registry.versions("payments")


def test_a_job_that_saw_the_holdout_is_refused(payments: Path, tmp_path: Path) -> None:
    model = booster(tmp_path / "model", ("amount",))
    given = '{"model": "model", "rows": "seen.parquet"}'
    line = f"{COPY.format(model)}; cp {tmp_path}/seen.parquet $DRIFTLOOP_JOB/"
    line += f"; echo '{given}' > $DRIFTLOOP_JOB/result.json"
    job, opened, plan = started(payments, shell(line), refit=False)
    inside, outside = (read_labelled(job, part) for part in (plan.training, plan.holdout))
    some = [inside.head(200), outside.head(7)]
    for listed in (
        pd.concat(some),
        pd.concat(some).assign(**{ROW: np.concatenate([hashes_of(job, part) for part in some])})[
            [ROW]
        ],
    ):
        listed.to_parquet(tmp_path / "seen.parquet")
        with pytest.raises(TrainingError, match="7 rows that it was not given"):
            train_challenger.fn(job, opened, plan, {})
    some[0].to_parquet(tmp_path / "seen.parquet")
    assert train_challenger.fn(job, opened, plan, {}) == "1"


def test_wrong_columns_and_classes(payments: Path, tmp_path: Path) -> None:
    job, opened, plan = started(payments, shell("true"))
    wrong = {
        "columns": (booster(tmp_path / "1", ("amount", "height")), "reads 'height', which feat"),
        "classes": (booster(tmp_path / "2", ("amount",), 3), "3 classes, and the labels are 0, 1"),
    }
    for model, expected in wrong.values():
        with pytest.raises(TrainingError, match=expected):
            train_challenger.fn(with_job(job, shell(COPY.format(model))), opened, plan, {})


def test_a_model_that_runs_code_needs_trust(payments: Path, tmp_path: Path) -> None:
    from sklearn.dummy import DummyClassifier

    table = pd.DataFrame({"amount": np.arange(10.0)})
    names = np.array(["no", "yes"])
    for labels, where in ((np.arange(10) % 2, "model"), (names[np.arange(10) % 2], "other")):
        model = DummyClassifier(strategy="prior").fit(table, labels)
        mlflow.sklearn.save_model(
            model, str(tmp_path / where), serialization_format="cloudpickle", pip_requirements=[]
        )
    own = shell(COPY.format(tmp_path / "model"))
    job, opened, plan = started(payments, own)
    with pytest.raises(TrainingError, match=r"stored with cloudpickle.*training\.allow\.code"):
        train_challenger.fn(job, opened, plan, {})
    trusted = {"allow": {"code": True}}
    other = with_job(job, shell(COPY.format(tmp_path / "other")), **trusted)
    with pytest.raises(TrainingError, match=r"classes no, yes, and the labels are 0, 1"):
        train_challenger.fn(other, opened, plan, {})
    job = with_job(job, own, **trusted)
    write_config(payments, job.config.model_dump(mode="json", exclude_unset=True))
    version = train_challenger.fn(job, opened, plan, {})
    assert predict(
        model_of(job, version), table, target_of(open_registry(job.workspace), "payments", version)
    ).shape == (10, 2)


def test_a_stage_of_dvc_is_reproduced(payments: Path, tmp_path: Path) -> None:
    model, own = booster(tmp_path / "model", ("amount",)), "driftloop-job"
    copy = f"cp -r {model} {own}/model && wc -c < {own}/{ROWS} > {own}/size"
    stage = {"cmd": copy, "deps": [f"{own}/{ROWS}"], "outs": [f"{own}/model", f"{own}/size"]}
    (payments / "dvc.yaml").write_text(json.dumps({"stages": {"train": stage}}))
    job, opened, plan = started(payments, {"kind": "dvc", "stage": "train"})
    version = train_challenger.fn(job, opened, plan, {})
    size, given = (payments / own / name for name in ("size", ROWS))
    assert int(size.read_text()) == given.stat().st_size, "reproduced for the refit, too"
    assert compare_models.fn(job, opened, plan, version).rows == plan.holdout.rows
