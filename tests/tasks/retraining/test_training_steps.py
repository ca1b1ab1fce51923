"""The steps of a training on real data, one by one: what is stored is what was judged."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from workshop import dvc, git, monday, small_config, write_config

from driftloop.base.errors import DataError, TrainingError
from driftloop.base.periods import Window, naive
from driftloop.base.retrain_record import Refusal, TrainingPlan
from driftloop.base.scores import Worth
from driftloop.base.tags import RunTags
from driftloop.performance.metrics import score
from driftloop.performance.target import Classes, Quantity
from driftloop.performance.value import ValueSettings
from driftloop.training.training import fit, predict, threshold_of
from driftloop.training.tuning import hard_predictions
from tasks.monitoring.joint_and_prediction_drift import label_findings
from tasks.monitoring.tables import examples, read_labelled, target_in
from tasks.registry.environment_lock import Environment
from tasks.registry.foreign import Trust
from tasks.registry.lineage import target_of
from tasks.registry.memory import MemoryRegistry
from tasks.registry.models import StoredModel, compared_model_of, load_model, log_model, model_of
from tasks.registry.opening import open_registry
from tasks.registry.skops_files import check_types
from tasks.retraining.compare import _windows, compare_models
from tasks.retraining.plan import OpenTraining, _without_broken, open_training, plan_training
from tasks.retraining.train import search_settings, train_challenger
from tasks.runtime.job import Job, load_job
from tasks.snapshots.resolve import resolve_snapshot

pytestmark = pytest.mark.usefixtures("no_server")  # the steps are asked one by one
ROOT = Path(__file__).parents[3]


def started(folder: Path, config: dict[str, Any]) -> tuple[Job, OpenTraining, TrainingPlan]:
    write_config(folder, config)
    job = load_job("payments", monday(9), workspace=folder)
    snapshot = resolve_snapshot.fn(job)
    opened = open_training.fn(job, snapshot, "retrain", None)
    plan = plan_training.fn(job, snapshot, opened, None)
    assert isinstance(plan, TrainingPlan), plan
    return job, opened, plan


def classification(**training: Any) -> dict[str, Any]:
    config = small_config()
    config["comparison"] = {"metric": "f1"}
    config["training"].update({"estimator": {"kind": "logistic_regression"}, **training})
    return config


def regression(**training: Any) -> dict[str, Any]:
    """How large a payment is, from everything else."""
    config = small_config()
    config["task"] = "regression"
    config["data"] = {**config["data"], "label": "amount"}
    del config["data"]["positive"]
    config["features"]["numeric"].remove("amount")
    config["comparison"] = {}
    config["quality"] = []
    config["training"].update(training)
    return config


def test_what_is_stored_calls_rows_as_it_was_judged(payments: Path) -> None:
    config = classification(imbalance="balanced", calibration="isotonic", threshold="tuned")
    job, opened, plan = started(payments, config)
    version = train_challenger.fn(job, opened, plan, {"C": 0.5})
    model, registry = compared_model_of(job, version), open_registry(job.workspace)
    target = target_of(registry, job.model, version)
    assert target == Classes(("0", "1"))
    rows = examples(job, read_labelled(job, plan.holdout), target)
    threshold = threshold_of(model)
    assert threshold is not None
    calls = hard_predictions(predict(model, rows.table, target), threshold).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(rows.table), calls)
    run = registry.client.get_run(opened.run_id or "")
    assert run.data.params["threshold"] == str(threshold_of(model_of(job, version)))
    assert run.data.params["C"] == "0.5"
    path = registry.client.download_artifacts(opened.run_id, "confusion_matrix.json", str(payments))
    counts = np.array(json.loads(Path(path).read_text())["rows_true_columns_predicted"])
    assert counts.sum(axis=0).tolist() == np.bincount(calls, minlength=2).tolist()


@pytest.mark.parametrize("refit", [True, False])
def test_what_serves_is_refitted_and_what_was_compared_is_kept(payments: Path, refit: bool) -> None:
    job, opened, plan = started(payments, classification(refit=refit))
    version = train_challenger.fn(job, opened, plan, {})
    registry = open_registry(job.workspace)
    served, compared = model_of(job, version), compared_model_of(job, version)
    parts = [read_labelled(job, part) for part in (plan.training, plan.holdout)]
    tables = (pd.concat(parts, ignore_index=True) if refit else parts[0]), parts[0]
    for model, table in zip((served, compared), tables, strict=True):
        rows = examples(job, table, target_in(job, table))
        own = job.config.training.estimator
        expected = fit(own, rows, *job.config.features.by_type, job.config.training.seed)
        np.testing.assert_allclose(
            predict(model, rows.table, rows.target), predict(expected, rows.table, rows.target)
        )
    rows = examples(job, parts[1], Classes(("0", "1")))
    p = predict(compared, rows.table, rows.target)
    tags = registry.tags(job.model, version)
    assert tags.score is not None
    assert tags.score.value == pytest.approx(score("f1", rows.y, p))
    trained = registry.version(job.model, version).training
    assert trained is not None
    assert trained.window.end == (plan.holdout.window.end if refit else plan.holdout.window.start)
    assert trained.rows == len(tables[0])
    value = ValueSettings(true_positive=120, false_positive=-8)
    priced = replace(job, config=job.config.model_copy(update={"value": value}))
    comparison = compare_models.fn(priced, replace(opened, champion=None), plan, version)
    assert comparison.challenger.value == tags.score.value
    called, true = p[:, 1] > 0.5, rows.y == 1
    by_hand = (120 * (called & true).sum() - 8 * (called & ~true).sum()) / len(true)
    assert comparison.worth == Worth(None, pytest.approx(by_hand))
    assert comparison.value == (pytest.approx(by_hand) if comparison.won else None)
    seen = replace(opened, champion=registry.version(job.model, version))
    if refit:
        with pytest.raises(TrainingError, match="overlaps the training data of version"):
            compare_models.fn(job, seen, plan, version)
    later = plan_training.fn(job, resolve_snapshot.fn(job), seen, None)
    assert isinstance(later, Refusal) == refit, later
    assert getattr(later, "short", refit) == refit


def test_rows_of_a_holdout_are_counted_in_windows_from_its_end(payments: Path) -> None:
    job, _, _ = started(payments, classification())
    hour = timedelta(hours=1)
    at = [monday(6) + 30 * hour, monday(7), monday(8) - hour, monday(8), monday(9) - hour]
    rows = pd.DataFrame({job.config.data.time: [pd.Timestamp(naive(one)) for one in at]})
    memory = MemoryRegistry(job.workspace, payments / "memory")
    for weeks, value in ((6, 0.5), (7, 0.6), (8, 0.7)):
        run = RunTags(kind="monitor", key=f"{weeks}", as_of=monday(weeks), champion="1")
        opened = memory.open_run("payments", f"{weeks}", run)
        ends = {"score_low": value - 0.1, "score_high": value + 0.1, "score_rows": 80}
        closed = replace(run, metric="f1", score=value, **ends)
        memory.close_run(opened.run_id, closed, {}, None)
    found = _windows(job, memory, Window(monday(6) + 24 * hour, monday(9)), rows)
    assert found.of_row.tolist() == [2, 1, 1, 0, 0]
    assert [one.value for one in found.earlier] == [0.7, 0.6, 0.5]
    assert (str(found.length), found.confidence) == ("1 week", 0.95)


def test_the_lock_is_stored_beside_the_model(payments: Path) -> None:
    job, opened, plan = started(payments, classification())
    version = train_challenger.fn(job, opened, plan, {})
    registry, lock = open_registry(job.workspace), ROOT / "requirements.lock"
    digest = sha256(lock.read_bytes()).hexdigest()
    assert registry.tags(job.model, version).lock_sha256 == digest
    path = registry.client.download_artifacts(
        opened.run_id, "environment/requirements.lock", str(payments)
    )
    assert Path(path).read_bytes() == lock.read_bytes()


def test_other_versions_than_locked_train_nothing(payments: Path) -> None:
    (payments / "requirements.lock").write_text("scikit-learn==0.1\n")
    job, opened, plan = started(payments, classification())
    with pytest.raises(TrainingError, match="does not pin skops"):
        train_challenger.fn(job, opened, plan, {})


def test_a_challenger_continues_from_the_champion_and_says_so(payments: Path) -> None:
    estimator = {"kind": "hist_gradient_boosting", "max_iter": 5}
    job, opened, plan = started(payments, classification(warm_start=True, estimator=estimator))
    first = train_challenger.fn(job, opened, plan, {})
    registry = open_registry(job.workspace)
    assert registry.tags(job.model, first).warm_start is None
    later = replace(opened, key="later", champion=registry.version(job.model, first))
    opening = RunTags(kind="retrain", key="later", as_of=job.as_of)
    run = registry.open_run(job.model, "later", opening)
    second = train_challenger.fn(job, replace(later, run_id=run.run_id), plan, {})
    assert registry.tags(job.model, second).warm_start == first
    assert model_of(job, second).named_steps["estimator"].n_iter_ == 10
    assert compared_model_of(job, second).named_steps["estimator"].n_iter_ == 10


def test_a_regression_is_planned_searched_trained_and_stored(payments: Path) -> None:
    space = {"max_leaf_nodes": {"low": 4, "high": 20, "integer": True}}
    config = regression(search={"kind": "halving", "trials": 2, "folds": 2, "space": space})
    job, opened, plan = started(payments, config)
    parameters = search_settings.fn(job, plan)
    version = train_challenger.fn(job, opened, plan, parameters)
    registry = open_registry(job.workspace)
    tags = registry.tags(job.model, version)
    assert target_of(registry, job.model, version) == Quantity()
    assert (tags.predicts, tags.classes) == ("quantity", None)
    rows = examples(job, read_labelled(job, plan.holdout), Quantity())
    p = predict(compared_model_of(job, version), rows.table, Quantity())
    assert p.shape == (len(rows.y), 1)
    assert np.corrcoef(p[:, 0], rows.y)[0, 1] > 0.5
    run = registry.client.get_run(opened.run_id or "")
    logged = {name for name in run.data.metrics if name.startswith("holdout_")}
    assert logged == {"holdout_neg_rmse", "holdout_neg_mae", "holdout_r2"}
    assert run.data.metrics["holdout_neg_rmse"] == pytest.approx(
        -np.sqrt(np.mean((p[:, 0] - rows.y) ** 2))
    )


def test_a_quantitys_label_is_compared_by_its_distribution(payments: Path) -> None:
    job, _, plan = started(payments, regression())
    later = read_labelled(job, plan.holdout)
    same, _ = label_findings(job, later, plan.training)
    moved, _ = label_findings(job, later.assign(amount=later.amount * 3), plan.training)
    assert same is not None
    assert moved is not None
    assert (same.test, same.role, same.status) == ("ks", "label", "ok"), same.sentence
    assert moved.status == "drift"


def test_types_off_the_allow_list_are_neither_stored_nor_loaded(payments: Path) -> None:
    with pytest.raises(TrainingError, match=r"pkg.Odd; add them to training.allow.types"):
        check_types(["pkg.Odd", "numpy.dtype"], "it")
    check_types(["pkg.Odd"], "it", {"pkg.Odd"})
    job, opened, plan = started(payments, classification())
    version = train_challenger.fn(job, opened, plan, {})
    registry = open_registry(job.workspace)
    forest = {"kind": "random_forest", "n_estimators": 3}
    again, reopened, plan = started(payments, classification(estimator=forest))
    other, trusted = (
        train_challenger.fn(again, reopened, plan, {}),
        Trust(frozenset({"numpy.dtype"})),
    )
    load_model(registry, job.model, version, trusted)
    with pytest.raises(TrainingError, match=r"sklearn\.tree\._tree\.Tree;"):
        load_model(registry, job.model, other, trusted)


def test_a_model_that_skops_cannot_store_is_one_sentence(payments: Path) -> None:
    from sklearn.dummy import DummyClassifier

    job, opened, plan = started(payments, classification())
    sample = read_labelled(job, plan.holdout).head(5)
    model = DummyClassifier().fit(sample, [0, 1, 0, 1, 0])
    model.odd = lambda: 0
    stored = StoredModel(model, sample, Environment(("numpy==1",), None))
    with pytest.raises(TrainingError, match=r"stored|allow-list") as error:
        log_model(open_registry(job.workspace), opened.run_id or "", stored)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_labels_of_a_quantity_train_nothing(payments: Path, value: float) -> None:
    job, _, plan = started(payments, regression())
    table = read_labelled(job, plan.training)
    table.loc[3, "amount"] = value
    with pytest.raises(DataError, match=r"label 'amount' is missing or infinite in 1 of"):
        examples(job, table, target_in(job, table))


def test_a_week_in_other_types_is_left_out_and_blocks_nothing_later(payments: Path) -> None:
    first, opened, plan = started(payments, classification())
    version = train_challenger.fn(first, opened, plan, {})
    champion = open_registry(first.workspace).version("payments", version)
    for week, types in ((10, {"amount": str}), (11, {"failed_logins_7d": float})):
        path = payments / "data" / "payments" / f"{monday(week):%Y-%m-%d}.parquet"
        pd.read_parquet(path).astype(types).to_parquet(path, index=False)
    dvc(payments, "add", "data")
    git(payments, "add", "-A")
    git(payments, "commit", "-qm", "data of another job")
    job = load_job("payments", monday(15), workspace=payments)
    snapshot = resolve_snapshot.fn(job)
    found = plan_training.fn(job, snapshot, replace(opened, champion=champion), None)
    assert isinstance(found, TrainingPlan), found
    left_out = {*found.training.excluded, *found.holdout.excluded}
    assert Window(monday(10), monday(11)) in left_out
    assert Window(monday(11), monday(12)) not in left_out
    rows = examples(job, read_labelled(job, found.holdout), Classes(("0", "1")))
    assert rows.table["amount"].dtype == float
    assert "Left out 2 windows of a broken feed between 2026-03-16 and 2026" in found.sentence


def test_rows_that_a_broken_feed_lacks_do_not_come_with_time() -> None:
    few, unseen = Refusal("Too few.", short=True), Window(monday(8), monday(12))
    weeks = [Window(monday(week), monday(week + 1)) for week in (7, 9, 11)]
    assert _without_broken(few, (weeks[0],), unseen) == few
    refused_for_now = Refusal(f"Too few. Left out the broken feed from {weeks[1]}.", short=True)
    assert _without_broken(few, (weeks[0], weeks[1]), unseen) == refused_for_now
    assert not _without_broken(few, tuple(weeks[::-1]), unseen).short
