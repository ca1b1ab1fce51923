"""A model of somebody else's as first champion and as challenger, step by step."""

from dataclasses import replace
from pathlib import Path

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.metrics import roc_auc_score
from workshop import monday, small_config, write_config

from driftloop.base.errors import DataError, TrainingError
from driftloop.base.retrain_record import TrainingPlan
from driftloop.training.estimators import features_of
from tasks.monitoring.tables import read_labelled
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.registry.skops_import import complete_skops
from tasks.retraining.adopt import adopt_model
from tasks.retraining.compare import compare_models
from tasks.retraining.plan import OpenTraining, open_training, plan_training
from tasks.retraining.train import search_settings, train_challenger
from tasks.runtime.job import Job, Offered, load_job, offered
from tasks.snapshots.resolve import resolve_snapshot

pytestmark = pytest.mark.usefixtures("no_server")
READS = ["amount", "account_age_days"]


def stored(folder: Path, workspace: Path, until: int) -> Path:
    """A classifier of LightGBM's, trained on the weeks before one and stored as MLflow does."""
    weeks = (workspace / "data" / "payments").glob("*.parquet")
    before = [week for week in weeks if week.stem < f"{monday(until):%Y-%m-%d}"]
    table = pd.concat(map(pd.read_parquet, before)).dropna(subset="is_fraud")
    inputs = table[READS].astype(float)
    model = lightgbm.LGBMClassifier(n_estimators=20, num_leaves=7, n_jobs=1, verbosity=-1)
    model.fit(inputs, table["is_fraud"].astype(int))
    signature = infer_signature(inputs, model.predict(inputs))
    complete_skops()  # as in a process of somebody else's
    mlflow.lightgbm.save_model(model, str(folder), signature=signature, pip_requirements=[])
    return folder


def opened(folder: Path, kind: str, week: int, given: Offered) -> tuple[Job, OpenTraining]:
    job = replace(load_job("payments", monday(week), workspace=folder), offered=given)
    return job, open_training.fn(job, resolve_snapshot.fn(job), kind, None)


def test_a_model_is_adopted_and_another_one_challenges_it(payments: Path, tmp_path: Path) -> None:
    write_config(payments, small_config())
    first, second = (stored(tmp_path / str(week), payments, week) for week in (4, 7))
    job, run = opened(payments, "bootstrap", 7, Offered(str(first), monday(4)))
    snapshot, registry = resolve_snapshot.fn(job), open_registry(job.workspace)
    version, sentence = adopt_model.fn(job, snapshot, run)
    assert adopt_model.fn(job, snapshot, run)[0] == version, "once"
    tags, known = registry.tags("payments", version), registry.version("payments", version)
    assert known.training is not None
    assert known.training.window.end == monday(4)
    assert (tags.classes, tags.environment, tags.served) == (("0", "1"), "its own", None)
    model = model_of(job, version)
    assert features_of(model).names == tuple(READS)
    part = replace(known.training, snapshot=snapshot, window=known.holdout or job.window)
    held = read_labelled(job, part)
    said = model.predict_proba(held[READS].astype(float))[:, 1]
    assert tags.score is not None
    assert tags.score.value == pytest.approx(roc_auc_score(held["is_fraud"].astype(int), said))
    assert f"{tags.score.value:.3f} on {len(held):,} labelled ones since" in sentence
    registry.set_champion("payments", version)

    with pytest.raises(DataError, match="nothing says which rows"):
        offered(str(second), None)
    job, run = opened(payments, "retrain", 11, Offered(str(second), monday(7)))
    assert run.champion is not None
    plan = plan_training.fn(job, snapshot, run, None)
    assert isinstance(plan, TrainingPlan), plan
    assert (plan.training.window.end, plan.refit) == (monday(7), False)
    assert plan.holdout.window.start >= monday(7)
    assert "trained elsewhere, as far as its word goes" in plan.sentence
    assert search_settings.fn(job, plan) == {}
    challenger = train_challenger.fn(job, run, plan, {})
    compared = compare_models.fn(job, run, plan, challenger)
    assert compared.champion is not None
    assert compared.rows == plan.holdout.rows
    scores = compared.champion.value, compared.challenger.value
    assert np.isfinite(scores).all()
    assert scores[0] != scores[1]


def test_an_offered_model_of_other_columns_is_refused(payments: Path, tmp_path: Path) -> None:
    config = small_config()
    config["features"]["numeric"].remove("amount")
    config["quality"] = []
    write_config(payments, config)
    model = stored(tmp_path / "model", payments, 4)
    job, run = opened(payments, "bootstrap", 7, Offered(str(model), None))
    with pytest.raises(TrainingError, match="reads 'amount', which features do not list"):
        adopt_model.fn(job, resolve_snapshot.fn(job), run)
