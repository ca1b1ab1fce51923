"""Versions under observation: shadow, probation and approval, window by window."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from workshop import monday, small_config, write_config

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import RegistryError
from driftloop.base.findings import Performance
from driftloop.base.periods import Window
from driftloop.base.records import TrialOutcome
from driftloop.base.retrain_record import Promotion
from driftloop.base.scores import Comparison, Score
from driftloop.base.tags import RunTags
from driftloop.base.workspace import Workspace
from driftloop.performance.realised import no_performance
from driftloop.performance.target import Classes
from driftloop.promotion.ledger import inconsistencies
from tasks.promotion.approval import (
    LateAnswerError,
    answer_proposal,
    expire_proposal,
    find_proposal,
    make_answer,
    write_form,
)
from tasks.promotion.promote import promote, roll_back
from tasks.promotion.trials import continue_trials
from tasks.registry.ledger import read_ledger
from tasks.registry.lineage import data_tags, with_score
from tasks.registry.memory import MemoryRegistry, memory_registry
from tasks.runtime.job import Job, load_job
from tasks.runtime.step import inline
from tasks.snapshots.resolve import snapshot_at

SCORE = Score("roc_auc", 0.9, 0.88, 0.92, 500)
WON = Comparison("roc_auc", SCORE, SCORE, 0.05, 0.02, 0.08, 0.0, 0.95, 500, (), True, "Better.")
TRAINED = 9
"""All versions were trained on labels until the end of week 8."""


class Rule:
    """A model that ranks payments by a feature, or by nothing."""

    classes_ = np.array([0, 1])

    def __init__(self, feature: str | None) -> None:
        self.feature = feature

    def predict_proba(self, table: pd.DataFrame) -> Any:
        noise = np.random.default_rng(len(table)).random(len(table))
        known = table[self.feature].rank(pct=True).to_numpy() if self.feature else noise
        return np.column_stack([1 - known, known])


GOOD, BAD = Rule("amount_ratio_to_usual"), Rule(None)


@pytest.fixture
def stage(payments: Path) -> Iterator[tuple[Path, MemoryRegistry]]:
    with memory_registry(Workspace(payments)) as registry, inline():
        yield payments, registry


def job_at(folder: Path, week: int, **promotion: Any) -> Job:
    config = small_config()
    config["promotion"] = promotion
    write_config(folder, config)
    return load_job("payments", monday(week), workspace=folder)


def add(registry: MemoryRegistry, job: Job, model: Rule) -> str:
    opening = RunTags(kind="retrain", key=f"run-{id(model)}-{job.as_of}", as_of=job.as_of)
    run = registry.open_run("payments", "run", opening)
    snapshot = snapshot_at(job, job.rev)
    part = DataSlice(snapshot, Window(monday(0), monday(TRAINED - 2)), (), 900)
    held = Window(monday(TRAINED - 2), monday(TRAINED - 1))
    registry.pipelines[run.run_id] = model
    tags = with_score(data_tags(part, held), SCORE, Classes(("0", "1")))
    return registry.register("payments", run.run_id, run.run_id, tags)


def go_on(job: Job, registry: MemoryRegistry, **more: Any) -> tuple[TrialOutcome, ...]:
    champion = registry.champion("payments")
    assert champion is not None
    rows = DataSlice(snapshot_at(job, job.rev), job.labelled_window)
    found = Performance("roc_auc", rows.window, 900, 0.8, 0.7, 0.9, 0.8, "ok", "It holds.")
    return continue_trials(job, champion, rows, replace(found, **more))


def promoted(job: Job, version: str, expected: str | None) -> Promotion:
    return promote(job, f"key-{version}", version, expected, WON)


def sound(registry: MemoryRegistry) -> list[str]:
    champion = registry.champion("payments")
    entries = read_ledger(registry, "payments")
    assert inconsistencies(entries, champion.version if champion else None) == ()
    return [entry.kind for entry in entries]


def champion(registry: MemoryRegistry) -> str:
    found = registry.champion("payments")
    assert found is not None
    return found.version


def two(
    folder: Path, registry: MemoryRegistry, first: Rule, second: Rule, **mode: Any
) -> Promotion:
    """Make the first model champion and let the second one win."""
    job = job_at(folder, TRAINED, **mode)
    assert promoted(job, add(registry, job, first), None).promoted
    return promoted(job, add(registry, job, second), "1")


def run_weeks(
    folder: Path, registry: MemoryRegistry, last: int, **mode: Any
) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    for week in range(TRAINED, last + 1):
        found = go_on(job_at(folder, week, **mode), registry)
        told += [(one.status, one.action) for one in found]
    return told


SHADOW: dict[str, Any] = {"mode": {"kind": "shadow", "windows": 3}, "probation": {"windows": 0}}


def test_a_better_challenger_leaves_its_shadow_as_champion(stage: Any) -> None:
    folder, registry = stage
    done = two(folder, registry, BAD, GOOD, **SHADOW)
    assert (done.promoted, done.waits_for, champion(registry)) == (False, "shadow", "1")
    told = run_weeks(folder, registry, 12, **SHADOW)
    assert told[-1] == ("better", "promoted")
    assert champion(registry) == "2"
    assert sound(registry)[-3:] == ["awaiting", "began", "promoted"]


def test_a_worse_challenger_is_dropped(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, GOOD, BAD, **SHADOW)
    assert run_weeks(folder, registry, 12, **SHADOW)[-1] == ("worse", "dropped")
    assert champion(registry) == "1"
    assert sound(registry)[-2:] == ["awaiting", "declined"]


def test_models_that_cannot_be_told_apart_do_not_wait_for_ever(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD, **SHADOW)
    registry.pipelines = dict.fromkeys(registry.pipelines, BAD)
    told = run_weeks(folder, registry, TRAINED + 8, **SHADOW)
    assert set(told[:-1]) == {("inconclusive", "none")}
    assert told[-1] == ("undecided", "dropped")
    assert champion(registry) == "1"
    assert sound(registry)[-1] == "declined"


def test_windows_from_before_the_holdout_and_unscored_ones_do_not_count(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD, **SHADOW)
    (early,) = go_on(
        replace(job_at(folder, TRAINED, **SHADOW), as_of=monday(9).replace(hour=3)), registry
    )
    assert early.status == "inconclusive"
    assert "have not arrived yet" in early.sentence
    blind = no_performance("roc_auc", Window(monday(8), monday(9)), 0, "No labelled rows.")
    (unscored,) = go_on(job_at(folder, 11, **SHADOW), registry, score=None, sentence=blind.sentence)
    assert (unscored.status, unscored.looks, unscored.sentence) == (
        "inconclusive",
        0,
        "No labelled rows.",
    )


def test_a_repeated_run_looks_once(stage: Any) -> None:
    folder, registry = stage
    slow = {"mode": {"kind": "shadow", "windows": 20, "confidence": 0.999}}
    two(folder, registry, GOOD, Rule("distance_from_home_km"), **slow)
    job = job_at(folder, 11, **slow)
    assert [one.looks for one in (*go_on(job, registry), *go_on(job, registry))] == [1, 1]


WATCHED: dict[str, Any] = {"probation": {"windows": 3}}


def test_a_new_champion_that_does_worse_is_rolled_back(stage: Any) -> None:
    folder, registry = stage
    assert two(folder, registry, GOOD, BAD, **WATCHED).promoted
    told = run_weeks(folder, registry, 12, **WATCHED)
    assert told[-1] == ("worse", "rolled_back")
    assert champion(registry) == "1"
    assert sound(registry)[-2:] == ["began", "rolled_back"]
    assert registry.tags("payments", "2").rolled_back_at is not None
    assert run_weeks(folder, registry, 14, **WATCHED) == [], "nothing is watched any more"


def test_a_new_champion_that_does_better_passes(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD, **WATCHED)
    assert run_weeks(folder, registry, 12, **WATCHED)[-1] == ("better", "passed")
    assert champion(registry) == "2"


def test_a_dry_run_looks_at_nothing_and_does_nothing(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, GOOD, BAD, **WATCHED)
    job = replace(job_at(folder, 11, **WATCHED), dry_run=True)
    (found,) = go_on(job, registry)
    assert (found.action, found.looks, champion(registry)) == ("none", 0, "2")


APPROVAL: dict[str, Any] = {"mode": {"kind": "approval", "deadline": "2 weeks"}}


def test_an_approval_that_nobody_gives_expires(stage: Any) -> None:
    folder, registry = stage
    done = two(folder, registry, BAD, GOOD, **APPROVAL)
    assert (done.promoted, done.waits_for) == (False, "approval")
    assert "waits for approval until 2026-03-23" in done.sentence
    assert run_weeks(folder, registry, 12, **APPROVAL) == [
        ("going_on", "none"),
        ("undecided", "expired"),
    ]
    assert champion(registry) == "1"
    assert sound(registry)[-2:] == ["awaiting", "expired"]


@pytest.mark.parametrize("approved", [True, False])
def test_a_person_answers(stage: Any, approved: bool) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD, mode={"kind": "approval", "deadline": "90 years"})
    job = job_at(folder, 10)
    with pytest.raises(RegistryError, match="version 1 is not waiting for approval; version 2 is"):
        find_proposal(job, "1")
    proposal = find_proposal(job, None)
    done = answer_proposal(job, proposal, make_answer(approved, "Ada", "Looks right."))
    assert done.promoted is approved
    assert champion(registry) == ("2" if approved else "1")
    assert ("approved by Ada: Looks right." in done.sentence) is approved
    assert sound(registry)[-1] == ("promoted" if approved else "declined")
    with pytest.raises(RegistryError, match="no challenger is waiting for approval"):
        find_proposal(job, None)


def test_people_have_the_whole_time_from_when_they_were_asked(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside a replay the clock counts, whatever moment the run is as of."""
    folder, registry = stage
    now = [datetime(2026, 6, 1, 9, tzinfo=UTC)]
    monkeypatch.setattr("tasks.promotion.trial_store.in_memory", lambda _: None)
    monkeypatch.setattr("tasks.runtime.clock.now", lambda: now[0])
    done = two(folder, registry, BAD, GOOD, **APPROVAL)
    assert "waits for approval until 2026-06-15 09:00" in done.sentence
    job = job_at(folder, 10, **APPROVAL)
    now[0] = datetime(2026, 6, 15, 8, tzinfo=UTC)
    (trial,) = go_on(job, registry)
    assert (trial.status, trial.action) == ("going_on", "none")
    form = write_form(job, find_proposal(job, None))
    assert "Answer by 2026-06-15 09:00 UTC." in form
    assert "| challenger |" in form
    assert r"| gain | \+0.05 (+0.02 to +0.08); more than 0 needed |" in form
    now[0] = datetime(2026, 6, 15, 9, tzinfo=UTC)
    with pytest.raises(LateAnswerError, match="the answer came after 2026-06-15 09:00"):
        answer_proposal(job, find_proposal(job, None), make_answer(True, "Ada", ""))
    assert (champion(registry), sound(registry)[-1]) == ("1", "expired")


def test_a_champion_that_changed_while_an_answer_was_waited_for_is_left_alone(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD, mode={"kind": "approval", "deadline": "90 years"})
    job = job_at(folder, 10)
    proposal = find_proposal(job, None)
    promoted(job, add(registry, job, GOOD), "1")
    done = answer_proposal(job, proposal, make_answer(True, "Ada", ""))
    assert not done.promoted
    assert "no longer 1" in done.sentence
    assert champion(registry) == "3"
    sound(registry)


def test_a_newer_winner_takes_the_place_of_a_waiting_one(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD, **APPROVAL)
    job = job_at(folder, TRAINED, **APPROVAL)
    promoted(job, add(registry, job, GOOD), "1")
    assert find_proposal(job, None).version == "3"
    assert sound(registry)[-3:] == ["awaiting", "declined", "awaiting"]
    assert expire_proposal(job, find_proposal(job, None)).promoted is False


def test_never_promotes_and_says_so(stage: Any) -> None:
    folder, registry = stage
    done = two(folder, registry, BAD, GOOD, mode={"kind": "never"})
    assert (done.promoted, done.waits_for, champion(registry)) == (False, None, "1")
    assert "the promotion mode is never" in done.sentence
    assert sound(registry)[-1] == "kept"


def test_a_rollback_brings_back_the_predecessor_or_a_named_version(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD)
    job = job_at(folder, 10)
    promoted(job, add(registry, job, GOOD), "2")
    assert roll_back(job, None, "request").version == "2"
    assert roll_back(job, None, "request").version == "2", "the same request is carried out once"
    assert roll_back(job, "1").version == "1"
    assert roll_back(job, "3").version == "3"
    assert sound(registry).count("rolled_back") == 3


def test_moment_is_simulated(stage: Any) -> None:
    folder, registry = stage
    two(folder, registry, BAD, GOOD)
    assert {entry.as_of for entry in read_ledger(registry, "payments")} == {monday(TRAINED)}
    assert all(isinstance(entry.at, datetime) for entry in read_ledger(registry, "payments"))
