"""The ledger of a registered model: what a killed run left open is settled, and nothing is lost."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from workshop import small_config

from driftloop.base.serialize import to_json
from driftloop.base.tags import ModelTags, VersionTags
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.promotion.ledger import Entry, inconsistencies
from tasks.promotion.promote import Move, carry_out_move, roll_back
from tasks.registry.ledger import complete_move, read_ledger, reconciled_ledger, write_entry
from tasks.registry.memory import memory_registry
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job

MODEL = "payments"
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """A job with three registered versions, in memory."""
    workspace = Workspace(tmp_path)
    with memory_registry(workspace) as registry:
        for _ in range(3):
            registry.register(MODEL, "", "model", VersionTags())
        yield Job(workspace, ModelConfig.model_validate(small_config()), AS_OF, "HEAD", False)


def promoted(job: Job, version: str, expected: str | None) -> None:
    told = f"Version {version} is champion."
    move = Move(f"key-{version}", version, expected, "promoted", told)
    assert carry_out_move(job, move).promoted


def began(job: Job, version: str, previous: str | None) -> Entry:
    told = f"Version {version} is champion."
    return write_entry(job, "began", f"key-{version}", version, previous, told, "promoted")


def kinds(job: Job) -> list[str]:
    return [entry.kind for entry in read_ledger(open_registry(job.workspace), MODEL)]


def sound(job: Job) -> bool:
    registry = open_registry(job.workspace)
    champion = registry.champion(MODEL)
    return inconsistencies(read_ledger(registry, MODEL), champion and champion.version) == ()


def test_a_ledger_of_ten_years_is_read_at_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one request, and in time that grows with it: 2,500 entries in well under a second."""
    first, registry = began(job, "1", None), open_registry(job.workspace)
    entries = {
        f"{number:06d}-x": to_json(replace(first, number=number, kind="kept", key=f"k{number}"))
        for number in range(2, 2501)
    }
    registry.tag_model(MODEL, ModelTags(ledger=entries))
    requests: list[str] = []
    real = type(registry).model_tags

    def counted(self: Any, model: str) -> ModelTags:
        requests.append(model)
        return real(self, model)

    monkeypatch.setattr(type(registry), "model_tags", counted)
    begin = time.process_time()
    assert len(read_ledger(registry, MODEL)) == 2500
    assert time.process_time() - begin < 1
    assert requests == [MODEL]


def test_entries_are_read_as_they_were_written_and_in_order(job: Job) -> None:
    made = [began(job, "1", None)]
    made += [write_entry(job, "kept", f"k{n}", "2", "1", f"Told {n}: é.") for n in range(11)]
    found = read_ledger(open_registry(job.workspace), MODEL)
    assert list(found) == made
    assert [entry.number for entry in found] == list(range(1, 13))
    assert (found[0].as_of, found[0].intent, found[0].by) == (AS_OF, "promoted", "command line")


def test_a_long_sentence_is_cut_to_what_a_tag_holds(job: Job) -> None:
    assert len(write_entry(job, "kept", "k", "2", "1", "x" * 5000).sentence) == 1500


def test_a_move_whose_alias_was_set_is_completed(job: Job) -> None:
    promoted(job, "1", None)
    began(job, "2", "1")
    registry = open_registry(job.workspace)
    registry.set_champion(MODEL, "2")
    last = reconciled_ledger(job)[-1]
    assert (last.kind, last.version, last.previous, last.key) == ("promoted", "2", "1", "key-2")
    assert registry.version(MODEL, "2").promoted_at is not None
    assert sound(job)
    assert reconciled_ledger(job)[-1] == last, "settled once"


def test_a_move_whose_alias_was_not_set_is_abandoned(job: Job) -> None:
    promoted(job, "1", None)
    began(job, "2", "1")
    last = reconciled_ledger(job)[-1]
    assert (last.kind, last.version) == ("abandoned", "2")
    assert "was not made champion" in last.sentence
    assert open_registry(job.workspace).version(MODEL, "2").promoted_at is None
    assert sound(job)
    assert reconciled_ledger(job)[-1] == last
    promoted(job, "2", "1")
    assert kinds(job)[-3:] == ["abandoned", "began", "promoted"]
    assert sound(job)


def test_an_alias_that_somebody_moved_is_noted_as_outside(job: Job) -> None:
    promoted(job, "1", None)
    open_registry(job.workspace).set_champion(MODEL, "3")
    assert not sound(job)
    last = reconciled_ledger(job)[-1]
    assert (last.kind, last.version, last.previous) == ("outside", "3", "1")
    assert last.sentence == "The alias was moved from 1 to 3 without driftloop."
    assert sound(job)
    assert reconciled_ledger(job)[-1] == last
    open_registry(job.workspace).set_champion(MODEL, "1")
    assert reconciled_ledger(job)[-1].kind == "outside"
    assert sound(job), "moved back: both moves are told"


def test_an_alias_set_before_there_was_a_ledger(job: Job) -> None:
    open_registry(job.workspace).set_champion(MODEL, "2")
    (entry,) = reconciled_ledger(job)
    assert (entry.kind, entry.version, entry.previous) == ("outside", "2", None)
    promoted(job, "3", "2")
    assert sound(job)


def test_moved_outside_while_a_move_was_open(job: Job) -> None:
    promoted(job, "1", None)
    began(job, "2", "1")
    open_registry(job.workspace).set_champion(MODEL, "3")
    reconciled_ledger(job)
    reconciled_ledger(job)
    assert kinds(job)[-2:] == ["abandoned", "outside"]
    assert sound(job)


def test_a_quiet_ledger_is_left_as_it_is(job: Job) -> None:
    assert reconciled_ledger(job) == ()
    promoted(job, "1", None)
    assert kinds(job) == ["began", "promoted"]
    reconciled_ledger(job)
    assert kinds(job) == ["began", "promoted"]


def test_a_champion_that_changed_is_named_as_the_one_that_stays(job: Job) -> None:
    promoted(job, "1", None)
    open_registry(job.workspace).set_champion(MODEL, "3")
    done = carry_out_move(job, Move("key-2", "2", "1", "promoted", "Told."))
    assert (done.promoted, done.previous) == (False, "3")
    again = carry_out_move(job, Move("key-1", "1", None, "promoted", "Told."))
    assert (again.promoted, again.previous) == (False, "3")
    assert "The champion is now 3" in again.sentence


def test_a_rollback_is_noted_on_both_versions_and_done_once(job: Job) -> None:
    promoted(job, "1", None)
    promoted(job, "2", "1")
    for _ in range(2):
        done = roll_back.fn(job, None, "request")
        assert (done.promoted, done.version, done.previous) == (True, "1", "2")
    assert kinds(job)[-2:] == ["began", "rolled_back"]
    tags = open_registry(job.workspace).tags(MODEL, "2")
    assert tags.rolled_back_at is not None
    assert sound(job)


def test_the_first_promotion_is_what_promoted_at_tells(job: Job) -> None:
    promoted(job, "1", None)
    registry = open_registry(job.workspace)
    first = registry.tags(MODEL, "1").promoted_at
    complete_move(job, write_entry(job, "began", "again", "1", "1", "Told.", "promoted"))
    assert registry.tags(MODEL, "1").promoted_at == first
