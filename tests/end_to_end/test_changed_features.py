"""A changed list of features: the old champion is judged, and challenged, with its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from faults.ground import CONFIG, FIRST, SECOND, WEEKS, build, commit, job_of, week_rows
from sklearn.metrics import roc_auc_score
from workshop import git, write_config

from flows.challenge import challenge
from flows.watch import watch
from tasks.registry.models import model_of
from tasks.runtime.step import inline

BEFORE = {"numeric": ["a"], "categorical": ["c"]}
AFTER = {"numeric": ["b"], "categorical": ["c"]}
DATA = CONFIG["data"]
WITHOUT_KEY = {name: value for name, value in DATA.items() if name != "key"}


def configure(work: Path, features: dict[str, list[str]], **changes: Any) -> None:
    write_config(work, {**CONFIG, "features": features, **changes})
    git(work, "commit", "-qam", f"features {features}")


def first_champion(work: Path, **changes: Any) -> None:
    configure(work, BEFORE, **changes)
    with inline():
        record = challenge(job_of(work, FIRST), "bootstrap", "The first one.", None)
    assert record.promotion.promoted, record.sentence


@pytest.fixture
def work(tmp_path: Path, no_server: None) -> Path:
    return build(tmp_path / "work")


def rows_between(start: datetime, end: datetime) -> pd.DataFrame:
    rows = pd.concat([week_rows(week) for week in range(WEEKS)], ignore_index=True)
    edges = (edge.astimezone(UTC).replace(tzinfo=None) for edge in (start, end))
    return rows[rows["at"].between(*edges, inclusive="left")]


@pytest.mark.parametrize("data", [DATA, WITHOUT_KEY], ids=["key", "no key"])
def test_both_are_compared_on_the_same_rows_each_with_its_own(
    work: Path, data: dict[str, str]
) -> None:
    first_champion(work, data=data)
    configure(work, AFTER, data=data)
    job = job_of(work, SECOND)
    with inline():
        record = challenge(job, "retrain", "Other features.", None)
    assert record.won, record.sentence
    assert record.promotion.version == "2"
    holdout = rows_between(record.plan.holdout.window.start, record.plan.holdout.window.end)
    assert record.comparison.rows == len(holdout)
    old = model_of(job, "1").predict_proba(holdout[["a", "c"]])[:, 1]
    assert record.comparison.champion.value == pytest.approx(roc_auc_score(holdout["bad"], old))
    assert record.comparison.challenger.value > 0.9
    assert list(model_of(job, "2").feature_names_in_) == ["b", "c"]


def test_what_the_data_hold_no_more_is_missing_to_it(work: Path) -> None:
    training = {**CONFIG["training"], "estimator": {"kind": "hist_gradient_boosting"}}
    first_champion(work, training=training)
    for path in sorted((work / "data" / "payments").glob("*.parquet"))[FIRST:]:
        pd.read_parquet(path).drop(columns="a").to_parquet(path, index=False)
    commit(work)
    configure(work, AFTER, training=training)
    job = job_of(work, SECOND)
    with inline():
        record = challenge(job, "retrain", "The feed lost a column.", None)
    assert record.won, record.sentence
    holdout = rows_between(record.plan.holdout.window.start, record.plan.holdout.window.end)
    old = model_of(job, "1").predict_proba(holdout[["a", "c"]].assign(a=np.nan))[:, 1]
    assert record.comparison.champion.value == pytest.approx(roc_auc_score(holdout["bad"], old))


def test_without_a_key_a_lost_column_leaves_nothing_to_prove_fairness_by(work: Path) -> None:
    first_champion(work, data=WITHOUT_KEY)
    for path in sorted((work / "data" / "payments").glob("*.parquet")):
        pd.read_parquet(path).drop(columns="a").to_parquet(path, index=False)
    commit(work)
    configure(work, AFTER, data=WITHOUT_KEY)
    with inline():
        record = challenge(job_of(work, SECOND), "retrain", "The feed lost a column.", None)
    assert not record.promotion.promoted
    assert "'a'" in record.sentence
    assert "data.key" in record.sentence


def test_monitoring_judges_the_old_champion_until_then(work: Path) -> None:
    first_champion(work)
    with inline():
        before = watch(job_of(work, SECOND), lambda *_: None, lambda *_: None)
    configure(work, AFTER)
    with inline():
        after = watch(job_of(work, SECOND), lambda *_: None, lambda *_: None)
    assert after.performance.status == before.performance.status == "fell"
    assert after.performance.score == before.performance.score
    assert after.estimate == before.estimate
    predicted = {finding.name: finding for finding in after.findings}["prediction"]
    assert predicted == {finding.name: finding for finding in before.findings}["prediction"]
    assert {"b", "c"} <= {finding.name for finding in after.findings}
    assert after.decision.action == before.decision.action == "alert", "only a person retrains here"
