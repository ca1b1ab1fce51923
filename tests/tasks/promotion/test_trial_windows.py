"""Which labelled windows count for a version under observation."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from workshop import small_config

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.findings import Performance
from driftloop.base.periods import Window
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.scores import Score
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.promotion.sequential import InterimResult
from tasks.promotion import trials
from tasks.promotion.trial_store import (
    PROBATION,
    Trial,
    interim_results,
    running_trials,
    store_trial,
)
from tasks.promotion.trials import continue_trials
from tasks.registry.lineage import data_tags
from tasks.registry.memory import memory_registry
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job

MODEL = "payments"
START = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SNAPSHOT = Snapshot(".", "a" * 40, "data", ())


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """Version 2 on probation against version 1; both have met rows until June only."""
    workspace = Workspace(tmp_path)
    before = Window(START - 60 * DAY, START - 20 * DAY)
    tags = data_tags(DataSlice(SNAPSHOT, before, (), 900), Window(before.end, START))
    tags = replace(tags, score=Score("roc_auc", 0.9, 0.8, 1.0, 9))
    monkeypatch.setattr(
        trials,
        "_score_both",
        lambda job, trial, labelled: InterimResult(labelled.rows.window, 500, 0.01, 0.02),
    )
    with memory_registry(workspace) as registry:
        for _ in range(2):
            registry.register(MODEL, "", "model", tags)
        on = Trial(PROBATION, "probation-2", "2", "1", START, None, 4, 0.95)
        store_trial(registry, MODEL, on)
        yield Job(workspace, ModelConfig.model_validate(small_config()), START, "HEAD", False)


def looked(job: Job, first_day: int, score: float | None = 0.9, champion: str = "2") -> list[int]:
    """Look at the week from a day on; return on which days the windows that counted began."""
    window = Window(START + first_day * DAY, START + (first_day + 7) * DAY)
    found = Performance(
        "roc_auc", window, 500, score, None, None, None, "ok" if score else "inconclusive", "Said."
    )
    later = replace(job, as_of=window.end + 7 * DAY)
    registry = open_registry(job.workspace)
    live: ModelVersion = registry.version(MODEL, champion)
    continue_trials.fn(later, live, DataSlice(SNAPSHOT, window), found)
    looks = interim_results(registry.tags(MODEL, "2"), "probation")
    return [(look.window.start - START).days for look in looks]


def test_a_window_that_overlaps_one_that_counted_does_not_count(job: Job) -> None:
    """Daily runs of a weekly window would else count the same rows seven times."""
    assert looked(job, 0) == [0]
    for day in range(1, 7):
        assert looked(job, day) == [0]
    assert looked(job, 7) == [0, 7]


def test_a_repeated_window_counts_once(job: Job) -> None:
    assert looked(job, 0) == [0]
    assert looked(job, 0) == [0]


def test_rows_that_a_version_may_have_met_do_not_count(job: Job) -> None:
    assert looked(job, -1) == []


def test_a_window_without_a_score_does_not_count(job: Job) -> None:
    assert looked(job, 0, score=None) == []


def test_another_champion_is_not_on_probation(job: Job) -> None:
    assert looked(job, 0, champion="1") == []


def test_probation_is_passed_after_its_windows(job: Job) -> None:
    registry = open_registry(job.workspace)
    for week in range(3):
        looked(job, 7 * week)
    assert running_trials(registry, MODEL, PROBATION)
    assert looked(job, 21) == [0, 7, 14, 21]
    assert running_trials(registry, MODEL, PROBATION) == ()
