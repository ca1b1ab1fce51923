"""Labels that are corrected later: the next run judges with them; what was said before stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faults.ground import CONFIG, FIRST, TURN, build, job_of, week_rows
from workshop import git, write_config

from flows.challenge import challenge
from flows.snapshot import make_snapshot
from flows.watch import watch
from tasks.registry.mlflow import MlflowRegistry
from tasks.runtime.step import inline

WEEK = TURN + 2
"""As of its beginning the labels of the week in which the relation turned are the newest."""


def look(work: Path, **options: Any) -> Any:
    job = replace(job_of(work, WEEK), **options)
    return watch(job, lambda *_: None, lambda *_: None)


def records(work: Path) -> dict[str, dict[str, Any]]:
    """Each monitoring run's record as MLflow keeps it."""
    registry = MlflowRegistry(job_of(work, WEEK).workspace)
    runs = registry.client.search_runs([registry.experiment("payments")])
    kept = [run for run in runs if run.data.tags["driftloop.kind"] == "monitor"]
    return {
        run.info.run_id: (run.data.tags, run.data.metrics, Path(path).read_text())
        for run in kept
        if (path := registry.client.download_artifacts(run.info.run_id, "record.json"))
    }


def test_later_runs_use_them_and_past_verdicts_stay(tmp_path: Path, no_server: None) -> None:
    work = build(tmp_path / "work")
    drops = tmp_path / "drops"
    drops.mkdir()
    source = {"kind": "folder", "path": "../drops", "pattern": "*.csv"}
    write_config(work, {**CONFIG, "arrivals": {"source": source, "push": False}})
    git(work, "commit", "-qam", "arrivals")
    with inline():
        challenge(job_of(work, FIRST), "bootstrap", "The first one.", None)
        wrong = look(work)
        assert wrong.performance.status == "fell"
        said = records(work)

        rows = week_rows(TURN)
        rows["bad"] = (rows["a"] > 0).astype(np.int64)  # as the champion learned it
        rows[["id", "bad"]].to_csv(drops / "corrected.csv", index=False)
        taken = make_snapshot(job_of(work, WEEK))
        assert taken.corrected > 50

        right = look(work)
        assert right.rev == taken.rev != wrong.rev
        assert right.performance.window == wrong.performance.window
        assert right.performance.status == "ok"
        assert right.performance.score > 0.95 > 0.65 > wrong.performance.score
    after = records(work)
    assert len(after) == 2
    assert {run: after[run] for run in said} == said
    with inline():
        again = look(work, rev=wrong.rev, dry_run=True)
    assert again.performance.score == pytest.approx(wrong.performance.score), "replayed as it was"
