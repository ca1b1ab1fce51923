"""A feed that is broken in part of its rows: nothing learns from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from faults.ground import CONFIG, FIRST, build, commit, job_of, moment
from workshop import write_config

from driftloop.base.records import MonitorRecord
from flows.challenge import challenge
from flows.watch import watch
from tasks.runtime.step import inline

BROKEN = (7, 8)
"""Weeks of the broken feed; labels come a week later, so those of both are there in week 10."""

DAMAGE = {"missing": np.nan, "sentinel": -999.0}


def damaged(work: Path, value: float, share: float) -> None:
    """Put a value into a share of the rows of `b` in the broken weeks."""
    for week in BROKEN:
        path = work / "data" / "payments" / f"{week:02d}.parquet"
        rows = pd.read_parquet(path)
        rows.loc[np.random.default_rng(week).random(len(rows)) < share, "b"] = value
        rows.to_parquet(path, index=False)
    commit(work)


def look(work: Path, week: int) -> MonitorRecord:
    def announce(*_: Any) -> None:
        pass

    def retrain(*_: Any) -> Any:
        return challenge(job_of(work, week), "retrain", "Decided.", None)

    with inline():
        return watch(job_of(work, week), announce, retrain)


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_missing_or_new_in_some_rows_trains_nothing(
    damage: str, tmp_path: Path, no_server: None
) -> None:
    work = build(tmp_path / "work")
    triggers = [{"kind": "drift"}, {"kind": "performance"}, {"kind": "calendar", "every": 1}]
    write_config(work, {**CONFIG, "decision": {"triggers": triggers, "budget": 1.0}})
    with inline():
        challenge(job_of(work, FIRST), "bootstrap", "The first one.", None)
    damaged(work, DAMAGE[damage], 0.15)
    for week in BROKEN:
        record = look(work, week + 1)
        assert (record.decision.action, record.decision.held) == ("hold", "quality")
        assert [check.column for check in record.quality if check.status == "failed"] == ["b"]
        assert record.retrain is None
    record = look(work, 11)
    assert record.decision.action == "retrain", record.decision
    assert record.retrain is not None
    assert record.retrain.plan is not None
    left_out = record.retrain.plan.training.excluded + record.retrain.plan.holdout.excluded
    assert {window.start for window in left_out} >= {moment(week) for week in BROKEN}
