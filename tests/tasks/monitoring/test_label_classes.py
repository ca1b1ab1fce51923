"""Classes that a champion was never trained on: refused, or named and not scored."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss
from workshop import dvc, git, monday, small_config, write_config

from driftloop.base.errors import DataError
from driftloop.base.findings import Verdict
from driftloop.base.retrain_record import ModelVersion, TrainingPlan
from driftloop.base.workspace import Workspace
from driftloop.decision.window_analysis import WindowAnalysis
from driftloop.performance.target import Classes
from driftloop.performance.value import ValueSettings
from driftloop.training.training import predict
from tasks.monitoring.predict import predict_version
from tasks.monitoring.realised_performance import RealisedPerformance, measure_performance
from tasks.monitoring.steps import OpenRun, judge_and_decide
from tasks.monitoring.tables import examples, read_labelled
from tasks.monitoring.windows import choose_slices
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of, model_of
from tasks.registry.opening import open_registry
from tasks.retraining.compare import compare_models
from tasks.retraining.plan import OpenTraining, open_training, plan_training
from tasks.retraining.train import train_challenger
from tasks.runtime.job import Job, load_job
from tasks.snapshots.resolve import resolve_snapshot

pytestmark = pytest.mark.usefixtures("no_server")  # the steps are asked one by one
WEEK, AS_OF = 8, monday(10)


def config(task: str) -> dict[str, Any]:
    """Fraud as a binary task; with more classes, by what way a payment was entered."""
    made = small_config()
    made["training"]["estimator"] = {"kind": "logistic_regression"}
    if task == "multiclass":
        made["task"] = task
        made["data"] = {**made["data"], "label": "entry_mode"}
        del made["data"]["positive"]
        made["features"]["categorical"].remove("entry_mode")
        made["comparison"] = {"metric": "neg_log_loss"}
    return made


def trained(folder: Path, task: str) -> tuple[Job, OpenTraining, TrainingPlan, ModelVersion]:
    write_config(folder, config(task))
    return _trained(folder)


def _trained(folder: Path) -> tuple[Job, OpenTraining, TrainingPlan, ModelVersion]:
    job = load_job("payments", monday(9), workspace=folder)
    snapshot = resolve_snapshot.fn(job)
    opened = open_training.fn(job, snapshot, "retrain", None)
    plan = plan_training.fn(job, snapshot, opened, None)
    assert isinstance(plan, TrainingPlan), plan
    version = train_challenger.fn(job, opened, plan, {})
    return job, opened, plan, open_registry(job.workspace).version("payments", version)


def relabel(folder: Path, week: int, label: str, change: Any) -> None:
    path = folder / "data" / "payments" / f"{monday(week):%Y-%m-%d}.parquet"
    table = pd.read_parquet(path)
    table.assign(**{label: change(table[label])}).to_parquet(path, index=False)
    dvc(folder, "add", "data")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "labels of another job")


def measured(
    folder: Path, champion: ModelVersion, **config: Any
) -> tuple[Job, RealisedPerformance]:
    job = load_job("payments", AS_OF, workspace=folder)
    job = replace(job, config=job.config.model_copy(update=config))
    snapshot = resolve_snapshot.fn(job)
    slices = choose_slices.fn(job, snapshot, champion)
    return job, measure_performance.fn(job, slices, champion)


def judged(job: Job, champion: ModelVersion, realised: RealisedPerformance) -> Any:
    analysis = WindowAnalysis((), (), 1000, 1000)
    return judge_and_decide.fn(job, OpenRun(None, champion, ()), "rev", analysis, realised)


def test_recoded_labels_are_a_failed_check_and_never_scored(payments: Path) -> None:
    _, opened, _, champion = trained(payments, "binary")
    relabel(payments, WEEK, "is_fraud", lambda label: label.map({0: "no", 1: "yes"}))
    job, found = measured(payments, champion)
    assert found.performance.score is None
    assert found.fault is not None
    assert "never trained on: no, yes" in found.fault.sentence
    record = judged(job, champion, found)
    assert [check.check for check in record.broken] == ["label_classes"]
    assert record.decision.action == "hold"
    later = load_job("payments", monday(15), workspace=payments)
    snapshot, own = resolve_snapshot.fn(later), replace(opened, champion=champion)
    plan = plan_training.fn(later, snapshot, own, None)
    assert isinstance(plan, TrainingPlan), plan
    left_out = {*plan.training.excluded, *plan.holdout.excluded}
    assert monday(WEEK) in {window.start for window in left_out}


def with_contactless(label: "pd.Series[Any]") -> "pd.Series[Any]":
    return label.where(np.arange(len(label)) % 10 > 0, "implant")


def test_what_a_row_was_worth_is_measured(payments: Path) -> None:
    _, _, _, champion = trained(payments, "binary")
    worth = ValueSettings(true_positive=120, false_positive=-8, false_negative=-200)
    job, found = measured(payments, champion, value=worth)
    table = read_labelled(job, choose_slices.fn(job, resolve_snapshot.fn(job), champion).labelled)
    target = target_for(job, champion.version)
    called = predict(model_of(job, champion.version), examples(job, table, target).table, target)
    caught, fraud = called[:, 1] > 0.5, table["is_fraud"] == 1
    by_hand = 120 * (caught & fraud) - 8 * (caught & ~fraud) - 200 * (~caught & fraud)
    assert found.performance.value == pytest.approx(by_hand.mean())
    assert measured(payments, champion)[1].performance.value is None


def test_a_new_class_is_named_and_its_rows_are_not_scored(payments: Path) -> None:
    _, _, _, champion = trained(payments, "multiclass")
    relabel(payments, WEEK, "entry_mode", with_contactless)
    job, found = measured(payments, champion)
    table = read_labelled(job, choose_slices.fn(job, resolve_snapshot.fn(job), champion).labelled)
    known = table[table["entry_mode"] != "implant"].reset_index(drop=True)
    target = target_for(job, champion.version)
    p = predict(model_of(job, champion.version), examples(job, known, target).table, target)
    expected = -log_loss(known["entry_mode"], p[:, np.argsort(target.names)])
    assert found.performance.score == pytest.approx(expected)
    assert found.performance.rows == len(known)
    assert found.performance.status != "ok"
    share = 1 - len(known) / len(table)
    assert found.performance.sentence.startswith("On known classes, performance holds: ")
    assert f"Not scored: {share:.0%} of {len(table):,} rows" in found.performance.sentence
    assert found.unknown is not None
    assert (found.unknown.status, found.unknown.role) == ("drift", "label")
    assert f"implant ({share:.0%} of the labels)" in found.unknown.sentence
    record = judged(job, champion, found)
    assert record.verdict == Verdict(
        "drift", "The labels hold classes that the champion cannot predict."
    )
    assert [trouble.kind for trouble in record.troubles] == ["label_shift"]
    assert found.unknown.sentence in record.troubles[0].sentence


def test_no_challenger_passes_that_cannot_predict_a_class_of_the_holdout(payments: Path) -> None:
    job, opened, plan, _ = trained(payments, "multiclass")
    relabel(payments, 7, "entry_mode", with_contactless)  # the newest week of the holdout
    job = load_job("payments", job.as_of, workspace=payments)
    snapshot = resolve_snapshot.fn(job)
    moved = replace(plan, holdout=replace(plan.holdout, snapshot=snapshot))
    version = open_registry(job.workspace).version("payments", "1").version
    alone = replace(opened, champion=None)
    found = compare_models.fn(job, alone, moved, version)
    assert not found.won
    (gate,) = [gate for gate in found.gates if gate.gate == "known_classes"]
    rows = read_labelled(job, moved.holdout)
    count = int((rows["entry_mode"] == "implant").sum())
    assert count >= 10
    assert gate.sentence.endswith(f"implant ({count} rows).")
    scored = predict_version(job, version, rows)
    assert found.rows == len(scored.y) == len(rows) - count


WORTHS = {
    "chip": {"chip": 3.0, "online": -5.0},
    "online": {"online": 2.0, "contactless": -1.0},
    "contactless": {"chip": -4.0},
    "magstripe": {},
    "wallet": {"wallet": 1.0},
    "implant": {"chip": -50.0, "online": -50.0, "contactless": -50.0},
}


def by_value(folder: Path, worths: dict[str, dict[str, float]]) -> None:
    made = config("multiclass")
    write_config(folder, made | {"value": {"classes": worths}, "comparison": {"metric": "value"}})


def worth_by_hand(table: pd.DataFrame, called: Any) -> float:
    """What a row is worth on average by the classes that a model calls, row by row."""
    pairs = zip(table["entry_mode"], called, strict=True)
    return float(np.mean([WORTHS[truth].get(said, 0.0) for truth, said in pairs]))


def test_classes_are_judged_by_what_they_are_worth(payments: Path) -> None:
    """Also one that no training row had, and that the champion never predicts."""
    trained(payments, "multiclass")  # by another metric, of the classes that occurred
    by_value(payments, WORTHS)
    relabel(payments, WEEK, "entry_mode", with_contactless)
    champion = open_registry(Workspace(payments)).version("payments", "1")
    job, found = measured(payments, champion)
    table = read_labelled(job, choose_slices.fn(job, resolve_snapshot.fn(job), champion).labelled)
    model = model_of(job, champion.version)
    called = model.predict(examples(job, table, target_for(job, "1")).table)
    assert found.performance.score == pytest.approx(worth_by_hand(table, called))
    assert found.performance.rows == len(table)
    assert found.performance.value == pytest.approx(found.performance.score)
    assert found.unknown is not None
    assert "never trained on and cannot predict: implant" in found.unknown.sentence


def test_a_challenger_is_compared_by_the_worth_of_classes(payments: Path) -> None:
    by_value(payments, WORTHS)
    job, opened, plan, version = _trained(payments)
    found = compare_models.fn(job, opened, plan, version.version)
    rows = read_labelled(job, plan.holdout)
    target = target_for(job, version.version)
    assert target == Classes(tuple(sorted(WORTHS)))
    called = compared_model_of(job, version.version).predict(examples(job, rows, target).table)
    assert found.challenger.value == pytest.approx(worth_by_hand(rows, called))


def test_a_class_without_a_worth_trains_nothing(payments: Path) -> None:
    by_value(payments, {"chip": {"chip": 3.0}, "wallet": {"chip": -1.0}})
    with pytest.raises(DataError, match=r"class 'contactless'.*valid: chip, wallet"):
        _trained(payments)
