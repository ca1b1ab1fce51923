"""A rehearsal runs the loop on history and leaves nothing behind."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from workshop import git, monday, small_config

from driftloop.backtest.injection import Injection
from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import ConfigError, DataError, SnapshotError
from driftloop.base.periods import Window, parse_time
from driftloop.base.windows import EARLIEST
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.promotion.modes import Approval, Auto, Shadow
from flows.backtest_policy import backtest_policy
from tasks.backtest.sandbox import (
    data_history,
    open_sandbox,
    period_edges,
    read_from_repository,
    repository_with_drift,
)
from tasks.registry.memory import in_memory
from tasks.runtime.job import Job, load_job
from tasks.snapshots.parquet import read_slice
from tasks.snapshots.resolve import snapshot_at

LATEST = datetime(9999, 1, 1, tzinfo=UTC)
YEAR = Window(parse_time("2026-01-05T07:00"), parse_time("2026-12-28T21:00"))


def job_with(**changes: Any) -> Job:
    config = ModelConfig.model_validate(small_config(**changes))
    return Job(Workspace(Path("unused")), config, LATEST, "HEAD", False)


def moments(history: Window, first: str | None, last: str | None, **changes: Any) -> list[str]:
    given = (text and parse_time(text) for text in (first, last))
    found = period_edges(job_with(**changes), history, *given)
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in found]


def test_moments_are_a_period_apart() -> None:
    assert moments(YEAR, "2026-03-09", "2026-03-30") == [
        "2026-03-09 00:00",
        "2026-03-16 00:00",
        "2026-03-23 00:00",
        "2026-03-30 00:00",
    ]
    assert moments(YEAR, "2026-03-09", "2026-03-29")[-1] == "2026-03-23 00:00"
    assert moments(YEAR, "2026-03-09T06:00", "2026-03-17") == [
        "2026-03-09 06:00",
        "2026-03-16 06:00",
    ]


def test_moments_end_with_the_last_window_that_the_data_fill() -> None:
    assert moments(YEAR, "2026-12-07", None)[-1] == "2026-12-28 00:00"


def test_first_moment_is_the_edge_after_a_quarter_of_the_history() -> None:
    """A quarter of the year ends on 5 April; edges are Mondays, as the first row's day is one."""
    assert moments(YEAR, None, "2026-05-01")[0] == "2026-04-06 00:00"
    monthly = moments(YEAR, None, None, windows={"current": "1 month"})
    assert monthly[:2] == ["2026-05-01 00:00", "2026-06-01 00:00"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-09", "2026-03-15"),
        ("2026-03-09", "2026-02-01"),
        ("2026-01-05", "2026-03-01"),
        ("2025-01-05", None),
        ("2027-01-04", None),
    ],
    ids=["too short", "backwards", "no past", "before the data", "after the data"],
)
def test_without_a_period_or_a_past_there_is_no_rehearsal(first: str, last: str | None) -> None:
    with pytest.raises(DataError, match=r"no period of 1 week between .* the data hold rows from"):
        moments(YEAR, first, last)


def rows(job: Job) -> pd.DataFrame:
    snapshot = snapshot_at(job, job.rev)
    whole = DataSlice(snapshot, Window(EARLIEST, LATEST))
    names = (*job.config.features.numeric, *job.config.features.categorical, "is_fraud")
    return read_slice(whole, names, job.config.data.time, job.workspace)


def state_of(folder: Path) -> dict[str, float]:
    """All files of a repository but caches, with when they were changed."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file() and ".dvc/tmp" not in name and "dvc-site" not in name:
            found[name] = path.stat().st_mtime
    return found


def test_only_rows_after_the_moment_are_altered(payments: Path, tmp_path: Path) -> None:
    job = load_job("payments", workspace=payments)
    snapshot, history = data_history(job)
    before = state_of(payments)
    drift = Injection("shift", "amount", 0.5, monday(12) + timedelta(days=3))
    folder = tmp_path / "altered"
    folder.mkdir()
    rev = repository_with_drift(job, snapshot, drift, folder)
    assert state_of(payments) == before
    assert git(payments, "status", "--porcelain") == ""

    altered = replace(job, config=read_from_repository(job.config, folder), rev=rev)
    was, now = rows(job), rows(altered)
    late = (was.event_time >= pd.Timestamp(drift.at.replace(tzinfo=None))).to_numpy()
    assert 0 < late.sum() < len(was)
    pd.testing.assert_frame_equal(was.drop(columns="amount"), now.drop(columns="amount"))
    moved = (now.amount - was.amount).to_numpy()
    low, high = was.amount.quantile([0.25, 0.75])
    assert (moved[~late] == 0).all()
    assert moved[late] == pytest.approx(0.5 * (high - low) / 1.349)
    assert data_history(altered)[1] == history


def test_what_does_not_suit_the_column_is_an_error(payments: Path, tmp_path: Path) -> None:
    job = load_job("payments", workspace=payments)
    snapshot, _ = data_history(job)
    with pytest.raises(ConfigError, match="not numbers"):
        repository_with_drift(
            job, snapshot, Injection("scale", "country", 2.0, monday(9)), tmp_path
        )
    with pytest.raises(DataError, match="no column 'age'"):
        repository_with_drift(job, snapshot, Injection("shift", "age", 2.0, monday(9)), tmp_path)


def test_a_repository_that_cannot_be_made_is_an_error(
    payments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = load_job("payments", workspace=payments)
    snapshot, _ = data_history(job)
    failed = subprocess.CompletedProcess([], 1, "", "fatal: no space\n left")
    monkeypatch.setattr(subprocess, "run", lambda *given, **named: failed)
    drift = Injection("missing", "amount", 0.5, monday(9))
    with pytest.raises(SnapshotError, match=r"git init -q failed in .*: fatal: no space left"):
        repository_with_drift(job, snapshot, drift, tmp_path)


def test_approval_counts_as_given_and_other_modes_stay(tmp_path: Path) -> None:
    asked = job_with(promotion={"mode": {"kind": "approval"}}).config
    assert asked.promotion.mode == Approval()
    with open_sandbox(tmp_path, asked, "HEAD") as stage:
        assert stage.config.promotion.mode == Auto()
        assert stage.config.promotion.probation == asked.promotion.probation
    shadowed = job_with(promotion={"mode": {"kind": "shadow"}}).config
    with open_sandbox(tmp_path, shadowed, "HEAD") as stage:
        assert stage.config.promotion.mode == Shadow()


def test_the_state_of_a_rehearsal_is_gone_with_it(tmp_path: Path) -> None:
    with open_sandbox(tmp_path, job_with().config, "HEAD") as stage:
        place = stage.workspace
        assert place.root == tmp_path
        assert not place.state.is_relative_to(tmp_path)
        assert in_memory(place) is not None
        assert in_memory(Workspace(tmp_path)) is None
        (place.state / "note").write_text("x")
    assert in_memory(place) is None
    assert not place.state.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_runs_the_loop_and_leaves_the_workspace_as_it_was(payments: Path) -> None:
    job = load_job("payments", workspace=payments)
    before = state_of(payments)
    seen: list[tuple[int, str]] = []
    when = tuple(monday(week) for week in (9, 10, 11, 12))
    rev = snapshot_at(job, "HEAD").rev
    policy, frozen = backtest_policy(
        payments, "policy", job.config, rev, when, lambda *told: seen.append(told)
    )
    assert [done for done, _ in seen] == [1, 2, 3]
    assert [period.as_of for period in policy.periods] == list(when[1:])
    assert {period.served for period in policy.periods} == {policy.first} == {"1"}
    assert policy.scores == pytest.approx(frozen, nan_ok=True), "the first still served"
    after = state_of(payments)
    new = set(after) - set(before)
    assert not [name for name in new if "mlflow" in name or "documents" in name]
    assert {name: after.get(name) for name in before} == before
