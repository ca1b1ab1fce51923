"""The alias moves by compare-and-set, once, for who holds the slot."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from workshop import small_config, write_config

from driftloop.base.errors import RegistryError, UnavailableError
from driftloop.base.scores import Comparison, Score
from tasks.coordination import slots as slot
from tasks.coordination.slots import promotion_slot
from tasks.promotion.promote import promote, roll_back
from tasks.registry.ledger import read_ledger
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job, load_job

SCORE = Score("roc_auc", 0.9, 0.88, 0.92, 500)
WON = Comparison("roc_auc", SCORE, SCORE, 0.05, 0.02, 0.08, 0.0, 0.95, 500, (), True, "Better.")

HOLD = """
import sys, time
from tasks.runtime.job import load_job
from tasks.coordination.slots import promotion_slot
with promotion_slot(load_job("payments", "2026-06-01", workspace=sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def job(tmp_path: Path, no_server: None) -> Job:
    """A job whose workspace has three registered versions and no Prefect server."""
    write_config(tmp_path, small_config())
    made = load_job("payments", datetime(2026, 6, 1, tzinfo=UTC), workspace=tmp_path)
    registry = open_registry(made.workspace)
    registry.client.create_registered_model("payments")
    for _ in range(3):
        registry.client.create_model_version("payments", source=tmp_path.as_uri())
    return made


def champion(job: Job) -> str | None:
    found = open_registry(job.workspace).champion("payments")
    return found.version if found else None


def test_first_and_next_champion(job: Job) -> None:
    assert promote.fn(job, "key-1", "1", None, WON).promoted
    done = promote.fn(job, "key-2", "2", "1", WON)
    assert (done.promoted, done.previous, champion(job)) == (True, "1", "2")


def test_a_loser_changes_nothing(job: Job) -> None:
    promote.fn(job, "key-1", "1", None, WON)
    lost = replace(WON, won=False, sentence="Not proven better.")
    done = promote.fn(job, "key-2", "2", "1", lost)
    assert (done.promoted, done.sentence, champion(job)) == (False, "Not proven better.", "1")


def test_a_champion_that_changed_meanwhile_is_left_alone(job: Job) -> None:
    promote.fn(job, "key-1", "1", None, WON)
    promote.fn(job, "key-2", "2", "1", WON)
    done = promote.fn(job, "key-3", "3", "1", WON)
    assert not done.promoted
    assert "champion is version 2, no longer 1" in done.sentence
    assert champion(job) == "2"


def test_promoting_again_is_the_same_and_after_a_rollback_nothing(job: Job) -> None:
    promote.fn(job, "key-1", "1", None, WON)
    promote.fn(job, "key-2", "2", "1", WON)
    tags = open_registry(job.workspace).tags("payments", "2")
    assert promote.fn(job, "key-2", "2", "1", WON).promoted
    assert open_registry(job.workspace).tags("payments", "2") == tags
    assert roll_back.fn(job, None).version == "1"
    done = promote.fn(job, "key-2", "2", "1", WON)
    assert (done.promoted, champion(job)) == (False, "1")
    assert "was promoted before" in done.sentence


def test_rollback_takes_former_champions_only(job: Job) -> None:
    promote.fn(job, "key-1", "1", None, WON)
    with pytest.raises(RegistryError, match="was never champion"):
        roll_back.fn(job, "3")
    with pytest.raises(RegistryError, match="no version 99; former champions: 1"):
        roll_back.fn(job, "99")
    assert champion(job) == "1"


def test_a_run_that_lost_its_slot_sets_nothing_and_decides_anew(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else moved: the ledger still has the move as open, and only the slot says so."""
    promote.fn(job, "key-1", "1", None, WON)
    answers, moved = iter([False]), []
    monkeypatch.setattr(slot._Kept, "held", lambda self: next(answers, True))
    real = MlflowRegistry.set_champion

    def set_champion(self: MlflowRegistry, model: str, version: str) -> None:
        moved.append(version)
        real(self, model, version)

    monkeypatch.setattr(MlflowRegistry, "set_champion", set_champion)
    assert promote.fn(job, "key-2", "2", "1", WON).promoted
    assert champion(job) == "2"
    entries = read_ledger(open_registry(job.workspace), "payments")
    kinds = [entry.kind for entry in entries if entry.key == "key-2"]
    assert kinds == ["began", "abandoned", "began", "promoted"]
    assert moved.count("2") == 1


def test_an_alias_that_does_not_stay_is_an_error(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    promote.fn(job, "key-1", "1", None, WON)
    monkeypatch.setattr(
        MlflowRegistry, "champion", lambda self, model: self.version(model, "1"), raising=True
    )
    with pytest.raises(RegistryError, match="somebody else is changing it"):
        promote.fn(job, "key-2", "2", "1", WON)


def test_the_slot_is_held_by_one_and_freed_when_its_holder_is_killed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "LOCK_SECONDS", 0.5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(job.workspace.root)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(UnavailableError, match="another promotion of payments"),
            promotion_slot(job),
        ):
            pass
    finally:
        holder.kill()
        holder.wait()
    with promotion_slot(job):
        pass
