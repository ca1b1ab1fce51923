"""What was served beside a champion: performance from it, and where it is not what that says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score
from workshop import dvc, git, monday, small_config, write_config

from driftloop.base.findings import QualityFinding
from driftloop.training.training import predict
from tasks.monitoring.realised_performance import measure_performance
from tasks.monitoring.served import SERVED, check_logging, check_skew, served_findings
from tasks.monitoring.tables import examples, read_labelled
from tasks.monitoring.windows import choose_slices
from tasks.registry.lineage import target_of
from tasks.registry.models import compared_model_of, model_of
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job, load_job
from tasks.snapshots.parquet import slice_columns
from tasks.snapshots.resolve import resolve_snapshot

pytestmark = pytest.mark.usefixtures("no_server")
WEEK = 9


def serve(folder: Path) -> pd.DataFrame:
    """Write what was served in a week: skewed for one channel, unlogged in every 20th row."""
    path = folder / "data" / "payments" / f"{monday(WEEK):%Y-%m-%d}.parquet"
    table = pd.read_parquet(path)
    job = load_job("payments", monday(WEEK + 1), workspace=folder)
    target = target_of(open_registry(job.workspace), "payments", "1")
    model = model_of(job, "1")
    rows = examples(job, table.assign(is_fraud=0), target, model)
    p = predict(model, rows.table, target)[:, 1]
    skewed = (table["entry_mode"] == table["entry_mode"].value_counts().index[1]).to_numpy()
    table["served"] = np.where(skewed, 0.5 * p + 0.2, p)
    table.loc[::20, "served"] = np.nan
    table["by"] = np.where(np.arange(len(table)) % 4 == 1, "other", "1")
    table["skewed"] = skewed & table["served"].notna() & (table["by"] == "1")
    table.drop(columns="skewed").to_parquet(path, index=False)
    dvc(folder, "add", "data")
    git(folder, "commit", "-qam", "what was served")
    return table


def job_of(folder: Path, as_of: int, **served: str) -> Job:
    config = small_config(data={"predictions": served})
    write_config(folder, config)
    return load_job("payments", monday(as_of), workspace=folder)


def skew_of(job: Job) -> QualityFinding:
    champion = open_registry(job.workspace).version("payments", "1")
    part = choose_slices.fn(job, resolve_snapshot.fn(job), champion).current
    (found,) = check_skew(job, slice_columns(part, job.config.data.time, job.workspace), champion)
    return found


def test_skew_of_a_known_size_is_found(championed: Path) -> None:
    table = serve(championed)
    found = skew_of(job_of(championed, WEEK + 1, score="served", version="by"))
    compared = table["served"].notna() & (table["by"] == "1")
    assert found.status == "failed"
    assert found.value == pytest.approx(table["skewed"].sum() / compared.sum(), abs=0.003)
    assert f"of {compared.sum():,} rows" in found.sentence
    assert "told apart by `entry_mode`" in found.sentence
    honest = championed / "data" / "payments" / f"{monday(WEEK):%Y-%m-%d}.parquet"
    now = pd.read_parquet(honest)
    now.loc[table["skewed"] | (now["by"] == "other"), "served"] = np.nan
    now.to_parquet(honest, index=False)
    dvc(championed, "add", "data")
    git(championed, "commit", "-qam", "without them")
    fair = skew_of(job_of(championed, WEEK + 1, score="served"))
    assert (fair.status, fair.value) == ("ok", 0.0), fair.sentence


def test_performance_is_that_of_what_was_served(championed: Path) -> None:
    table = serve(championed)
    job = job_of(championed, WEEK + 2, score="served")  # the labels of the week have come
    champion = open_registry(job.workspace).version("payments", "1")
    slices = choose_slices.fn(job, resolve_snapshot.fn(job), champion)
    assert slices.labelled.window.start == monday(WEEK)
    found = measure_performance.fn(job, slices, champion).performance
    rows = table[table["served"].notna() & table["is_fraud"].notna()]
    assert found.rows == len(rows)
    assert found.score == pytest.approx(roc_auc_score(rows["is_fraud"], rows["served"]))


def test_unlogged_rows_are_counted(championed: Path) -> None:
    table = serve(championed)
    job = job_of(championed, WEEK + 1, score="served")
    champion = open_registry(job.workspace).version("payments", "1")
    slices = choose_slices.fn(job, resolve_snapshot.fn(job), champion)
    current = slice_columns(slices.current, job.config.data.time, job.workspace)
    (found,) = check_logging(job, current, champion, slices.holdout)
    missing = int(table["served"].isna().sum())
    assert f"{missing:,} of {len(table):,} rows" in found.sentence
    (nothing,) = check_logging(job_of(championed, WEEK + 1, score="gone"), current, champion, None)
    assert nothing.status == "failed"
    assert "gone" in nothing.sentence


def test_what_was_served_is_compared_and_estimated_beside_the_champions_own(
    championed: Path,
) -> None:
    table = serve(championed)
    job = job_of(championed, WEEK + 1, score="served", version="by")
    champion = open_registry(job.workspace).version("payments", "1")
    slices = choose_slices.fn(job, resolve_snapshot.fn(job), champion)
    assert slices.holdout is not None
    window = slice_columns(slices.current, job.config.data.time, job.workspace)
    own, served = served_findings(job, window, champion, slices.holdout)
    assert (own.name, served.name) == ("prediction", SERVED)
    target = target_of(open_registry(job.workspace), "payments", "1")
    held = read_labelled(job, slices.holdout)
    model = compared_model_of(job, "1")
    before = predict(model, examples(job, held, target, model).table, target)[:, 1]
    now = table["served"][table["served"].notna() & (table["by"] == "1")]
    assert len(before) == served.rows_reference
    assert served.statistic == pytest.approx(ks_2samp(before, now).statistic)
    assert served.rows_current == len(now), "of the version that is champion"
    assert (served.effect_size or 0) > 2 * (own.effect_size or 0), "a third of it is skewed"

    found = measure_performance.fn(job, slices, champion)
    assert found.estimate is not None
    assert found.served_estimate is not None
    assert found.served_estimate.score != found.estimate.score
    data = job.config.data.model_copy(update={"predictions": None})
    without = replace(job, config=job.config.model_copy(update={"data": data}))
    alone = measure_performance.fn(without, slices, champion)
    assert (alone.served_estimate, alone.estimate) == (None, found.estimate)
    assert [one.name for one in served_findings(without, window, champion, slices.holdout)] == [
        "prediction"
    ]


def test_each_served_version_is_scored_on_its_rows(championed: Path) -> None:
    table = serve(championed)
    job = job_of(championed, WEEK + 2, score="served", version="by")
    least = job.config.performance.model_copy(update={"minimum_rows": 50, "minimum_per_class": 3})
    job = replace(job, config=job.config.model_copy(update={"performance": least}))
    champion = open_registry(job.workspace).version("payments", "1")
    slices = choose_slices.fn(job, resolve_snapshot.fn(job), champion)
    found = measure_performance.fn(job, slices, champion).performance
    rows = table[table["served"].notna() & table["is_fraud"].notna()]
    by = {part.segment: part for part in found.versions}
    assert by.keys() == {"by=1", "by=other"}
    for version, part in rows.groupby("by"):
        told = by[f"by={version}"]
        assert told.rows == len(part)
        assert told.score == pytest.approx(roc_auc_score(part["is_fraud"], part["served"]))
        assert told.elsewhere == by["by=other" if version == "1" else "by=1"].score
