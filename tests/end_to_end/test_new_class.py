"""A class that training never saw: named at once, and learned before anything else is promoted."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from faults.ground import CONFIG, FIRST, WEEKS, build, commit, job_of
from workshop import write_config

from driftloop.base.records import MonitorRecord
from flows.challenge import challenge
from flows.watch import watch
from tasks.registry.lineage import target_of
from tasks.registry.opening import open_registry
from tasks.runtime.step import inline

SINCE = FIRST
"""The week in which the class first occurs; its labels are there two weeks later."""


def with_new_class(work: Path) -> None:
    """Make the label one of two words, and from `SINCE` on a third one in a seventh of the rows."""
    for week, path in enumerate(sorted((work / "data" / "payments").glob("*.parquet"))):
        rows = pd.read_parquet(path)
        rng = np.random.default_rng(100 + week)
        a = rows["a"] + rng.logistic(0, 0.3, len(rows))
        words = np.where(a > 0, "late", "paid").astype(object)
        if week >= SINCE:
            words[rows["b"] > rows["b"].quantile(6 / 7)] = "stolen"
        rows.assign(bad=words).to_parquet(path, index=False)
    data = {name: value for name, value in CONFIG["data"].items() if name != "positive"}
    changes = {
        "task": "multiclass",
        "data": data,
        "comparison": {"metric": "balanced_accuracy"},
        "decision": {"triggers": [{"kind": "drift"}, {"kind": "performance"}], "budget": 1.0},
    }
    write_config(work, {**CONFIG, **changes})
    commit(work)


def test_it_is_named_at_once_and_learned(tmp_path: Path, no_server: None) -> None:
    work = build(tmp_path / "work")
    with_new_class(work)
    seen: list[MonitorRecord] = []
    with inline():
        challenge(job_of(work, FIRST), "bootstrap", "The first one.", None)
        for week in range(SINCE + 2, WEEKS + 1):
            job = job_of(work, week)

            def retrain(*_: Any, job: Any = job) -> Any:
                return challenge(job, "retrain", "New classes.", None)

            seen.append(watch(job, lambda *_: None, retrain))
    first = seen[0]
    assert first.verdict.status == "drift"
    named = [finding.sentence for finding in first.findings if finding.role == "label"]
    assert any("predict: stolen (1" in sentence for sentence in named), named
    assert "stolen" in first.performance.sentence
    assert "not scored" in first.performance.sentence.lower()
    trained = [record.retrain for record in seen if record.retrain is not None]
    promoted = [each for each in trained if each.promotion is not None and each.promotion.promoted]
    assert promoted, [each.sentence for each in trained]
    registry = open_registry(job_of(work, WEEKS).workspace)
    for each in promoted:
        target = target_of(registry, "payments", str(each.challenger))
        assert target.names == ("late", "paid", "stolen")
    assert promoted[0].plan is not None
    assert "new classes since 2026-02-16" in promoted[0].plan.sentence
    assert seen[-1].performance.status == "ok", seen[-1].performance
