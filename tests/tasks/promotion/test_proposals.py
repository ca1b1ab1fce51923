"""A challenger that won and waits: for an answer, in shadow, superseded, too late."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from workshop import small_config

from driftloop.base.errors import RegistryError
from driftloop.base.periods import Span
from driftloop.base.retrain_record import Promotion
from driftloop.base.scores import Comparison, GateResult, NextWindows, Score
from driftloop.base.serialize import LONGEST_TAG, to_json
from driftloop.base.tags import VersionTags
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.promotion.ledger import inconsistencies
from driftloop.promotion.modes import NextStep
from tasks.promotion import approval
from tasks.promotion.approval import (
    LateAnswerError,
    answer_proposal,
    ask_for_approval,
    expire_proposal,
    find_proposal,
    make_answer,
)
from tasks.promotion.promote import promote, roll_back
from tasks.promotion.trial_store import PROBATION, propose, running_trials, waiting_proposal
from tasks.registry.ledger import read_ledger
from tasks.registry.memory import memory_registry
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job

MODEL = "payments"
NOW = datetime.now(UTC)
SCORE = Score("roc_auc", 0.9, 0.88, 0.92, 500)
WON = Comparison("roc_auc", SCORE, SCORE, 0.05, 0.02, 0.08, 0.0, 0.95, 500, (), True, "Better.")


def config_with(mode: dict[str, Any]) -> ModelConfig:
    return ModelConfig.model_validate(small_config(promotion={"mode": mode}))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """Version 1 is champion, and the mode is approval; in memory."""
    workspace = Workspace(tmp_path)
    with memory_registry(workspace) as registry:
        for _ in range(3):
            registry.register(MODEL, "", "model", VersionTags())
        made = Job(workspace, config_with({"kind": "approval"}), NOW, "HEAD", False)
        assert promote.fn(made, "key-1", "1", None, WON).promoted, "the first one in every mode"
        yield made


def proposed(job: Job, version: str = "2") -> Promotion:
    return promote.fn(job, f"key-{version}", version, "1", WON)


def champion(job: Job) -> str | None:
    found = open_registry(job.workspace).champion(MODEL)
    return found.version if found else None


def last(job: Job) -> tuple[str, str]:
    """The kind and the sentence of the last entry, in a ledger that is sound."""
    entries = read_ledger(open_registry(job.workspace), MODEL)
    assert inconsistencies(entries, champion(job)) == ()
    return entries[-1].kind, entries[-1].sentence


def test_what_a_person_reads_before_answering_has_room_in_a_tag(job: Job) -> None:
    gates = tuple(GateResult(f"gate_{i}", "passed", "It passed, and " * 20) for i in range(20))
    undefined = replace(SCORE, value=math.nan)
    ahead = NextWindows(-0.01, 0.07, Span(1, "week"), 6, "holdout")
    comparison = replace(WON, champion=undefined, gates=gates, next_windows=ahead)
    propose(job, "key-2", "2", "1", comparison, NextStep("ask", NOW, 4, 0.95))
    registry = open_registry(job.workspace)
    assert len(registry.tags(MODEL, "2").proposal or "") < 5_000
    waiting = waiting_proposal(registry, MODEL)
    assert waiting is not None
    kept = waiting.comparison
    assert kept is not None
    assert kept.champion is None, "an undefined score cannot be read back"
    assert (kept.challenger, kept.next_windows) == (SCORE, ahead)
    assert 5 < len(kept.gates) < 20
    assert kept.gates == gates[: len(kept.gates)]
    compared = registry.tags(MODEL, "2").comparison or ""
    assert len(kept.gates) < len(json.loads(compared)["gates"]) < 20
    assert len(compared) <= LONGEST_TAG


def test_a_winner_waits_and_the_champion_stays(job: Job) -> None:
    done = proposed(job)
    assert (done.promoted, done.waits_for, champion(job)) == (False, "approval", "1")
    assert open_registry(job.workspace).tags(MODEL, "2").comparison == to_json(WON), "whole"
    assert last(job)[0] == "awaiting"
    assert "waits for approval until" in done.sentence
    assert proposed(job) == done, "the same again"
    assert len(read_ledger(open_registry(job.workspace), MODEL)) == 3


def test_approved(job: Job) -> None:
    proposed(job)
    found = find_proposal.fn(job, None)
    done = answer_proposal.fn(job, found, make_answer(True, "anna", "Looks right."))
    assert (done.promoted, champion(job)) == (True, "2")
    assert last(job) == (
        "promoted",
        "payments version 2 is champion; it replaces version 1, approved by anna: Looks right.",
    )
    (watch,) = running_trials(open_registry(job.workspace), MODEL, PROBATION)
    assert (watch.version, watch.against) == ("2", "1")
    with pytest.raises(RegistryError, match="no challenger is waiting"):
        find_proposal.fn(job, None)


def test_declined(job: Job) -> None:
    proposed(job)
    done = answer_proposal.fn(job, find_proposal.fn(job, "2"), make_answer(False, "", ""))
    assert (done.promoted, champion(job)) == (False, "1")
    told = "Version 2 was not promoted: declined by somebody. Version 1 stays champion."
    assert last(job) == ("declined", told)
    assert waiting_proposal(open_registry(job.workspace), MODEL) is None


def test_a_repeated_retraining_reports_what_became_of_it(job: Job) -> None:
    proposed(job)
    found = find_proposal.fn(job, None)
    assert answer_proposal.fn(job, found, make_answer(True, "anna", "")).promoted
    again = proposed(job)
    assert (again.promoted, again.waits_for, again.champion.version) == (True, None, "2")
    assert "approved by anna" in again.sentence
    assert roll_back.fn(job, None, "back").promoted
    again = proposed(job)
    assert (again.promoted, again.waits_for, again.champion.version) == (False, None, "1")
    assert again.sentence == "Version 2 was promoted before. The champion is now 1."


@pytest.mark.parametrize("end", ["declined", "expired", "superseded"])
def test_nor_does_it_wait_once_it_was_turned_down(job: Job, end: str) -> None:
    proposed(job)
    found = find_proposal.fn(job, None)
    match end:
        case "declined":
            answer_proposal.fn(job, found, make_answer(False, "anna", ""))
        case "expired":
            expire_proposal.fn(job, found)
        case _:
            proposed(job, "3")
    before = len(read_ledger(open_registry(job.workspace), MODEL))
    again = proposed(job)
    assert (again.promoted, again.waits_for, again.champion.version) == (False, None, "1")
    assert "waits" not in again.sentence
    assert len(read_ledger(open_registry(job.workspace), MODEL)) == before


def test_a_loser_is_reported_beside_the_champion_of_today(job: Job) -> None:
    lost = replace(WON, won=False, sentence="Not better.")
    assert promote.fn(job, "key-2", "2", "1", lost).sentence == "Not better."
    assert promote.fn(job, "key-3", "3", "1", WON).waits_for == "approval"
    answer_proposal.fn(job, find_proposal.fn(job, None), make_answer(True, "anna", ""))
    again = promote.fn(job, "key-2", "2", "1", lost)
    assert again.champion.version == champion(job) == "3"
    assert again.sentence == "Not better. The champion is now 3."


def test_an_answer_after_the_deadline_comes_too_late(job: Job) -> None:
    proposed(replace(job, as_of=NOW - timedelta(days=4)))
    with pytest.raises(LateAnswerError, match="the answer came after") as late:
        answer_proposal.fn(job, find_proposal.fn(job, None), make_answer(True, "anna", ""))
    promotion = late.value.promotion
    assert (promotion.promoted, champion(job), last(job)[0]) == (False, "1", "expired")


def test_nobody_expires_what_was_answered_another_way(job: Job) -> None:
    """A form that still waits after an answer on the command line ends with that answer."""
    proposed(job)
    found = find_proposal.fn(job, None)
    assert answer_proposal.fn(job, found, make_answer(True, "anna", "")).promoted
    assert expire_proposal.fn(job, found).promoted
    assert (champion(job), last(job)[0]) == ("2", "promoted")


def test_nobody_answers(job: Job) -> None:
    proposed(job)
    found = find_proposal.fn(job, None)
    for _ in range(2):
        assert not expire_proposal.fn(job, found).promoted
    assert last(job)[0] == "expired"
    assert len(read_ledger(open_registry(job.workspace), MODEL)) == 4, "noted once"


def test_the_answer_is_meant_for_this_version(job: Job) -> None:
    proposed(job)
    with pytest.raises(RegistryError, match="version 3 is not waiting for approval; version 2 is"):
        find_proposal.fn(job, "3")


def test_a_newer_challenger_takes_the_place_of_one_that_waits(job: Job) -> None:
    proposed(job)
    proposed(job, "3")
    assert find_proposal.fn(job, None).version == "3"
    entries = read_ledger(open_registry(job.workspace), MODEL)
    assert [(entry.kind, entry.version) for entry in entries[-3:]] == [
        ("awaiting", "2"),
        ("declined", "2"),
        ("awaiting", "3"),
    ]


def test_an_approval_of_a_champion_that_changed_promotes_nothing(job: Job) -> None:
    proposed(job)
    open_registry(job.workspace).set_champion(MODEL, "3")
    done = answer_proposal.fn(job, find_proposal.fn(job, None), make_answer(True, "anna", ""))
    assert (done.promoted, done.previous, champion(job)) == (False, "3", "3")


def test_never_keeps_and_says_what_it_would_do(job: Job) -> None:
    done = proposed(replace(job, config=config_with({"kind": "never"})))
    assert (done.promoted, done.waits_for, champion(job)) == (False, None, "1")
    assert "It would be promoted; the promotion mode is never" in done.sentence
    assert last(job)[0] == "kept"


def test_shadow_waits_for_labelled_windows(job: Job) -> None:
    done = proposed(replace(job, config=config_with({"kind": "shadow", "windows": 2})))
    assert (done.waits_for, champion(job)) == ("shadow", "1")
    found = waiting_proposal(open_registry(job.workspace), MODEL)
    assert found is not None
    assert (found.kind, found.windows, found.until) == ("shadow", 2, None)


def test_a_rehearsal_asks_nobody(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect import deployments

    asked: list[str] = []
    monkeypatch.setattr(deployments, "run_deployment", lambda name, **named: asked.append(name))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert ask_for_approval.fn(job, proposed(job)) is None
    assert asked == []


def test_later_runs_know_the_page_of_the_form(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect import deployments

    started = SimpleNamespace(id=uuid4())
    monkeypatch.setattr(deployments, "run_deployment", lambda name, **named: started)
    monkeypatch.setattr(approval, "in_memory", lambda workspace: None)
    monkeypatch.setattr(approval, "own_server", lambda: "http://prefect/api")
    monkeypatch.setattr(approval, "prefect_run_url", lambda run: f"http://prefect/{run}")
    form = ask_for_approval.fn(job, proposed(job))
    assert form == f"http://prefect/{started.id}"
    waiting = waiting_proposal(open_registry(job.workspace), MODEL)
    assert waiting is not None
    assert (waiting.form, waiting.state) == (form, "on")
