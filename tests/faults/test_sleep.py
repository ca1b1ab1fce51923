"""A promotion that is stopped, loses its slot meanwhile, and wakes after others have acted.

Processes are real, and stopped by SIGSTOP; the lease ends on a real server, which then answers 410.
"""

from pathlib import Path
from typing import Any

import pytest
from faults.forks import Zygote
from faults.state import champion_of, ledger_faults
from faults.test_races import add_versions, case, entries

ANNOUNCED = ("after", "tasks.promotion.promote:start_probation")
CHECKED = ("before", "tasks.registry.mlflow:MlflowRegistry.set_champion")
WRITTEN = ("after", "tasks.registry.mlflow:MlflowRegistry.set_champion")
LATE = (
    "Version 2 was made champion by a run that had slept through its lease; version 3 is champion "
    "again."
)
TAKEN = (
    "not done: The champion is version 3, no longer 1, which version 2 was to replace: nothing was "
    "changed."
)


@pytest.fixture
def night(first: Path, zygote: Zygote, prefect_server: str, tmp_path: Path) -> Any:
    """Runs a promotion of version 2 that sleeps at edges, and others while it does, one each."""
    add_versions(first, 3)
    note = str(tmp_path / "stopped")

    def run(edges: list[tuple[str, str]], *others: dict[str, Any]) -> list[str]:
        sleeper = case(first, "promote", key="sleeper", version="2", expected="1")
        sleeper["fault"] = {"how": "stop", "edges": edges, "note": note}
        for turn, other in enumerate(others, start=1):
            other["fault"] = {"how": "wake", "note": f"{note}.{turn}"}
        ended = zygote.race(*({**one, "server": prefect_server} for one in (sleeper, *others)))
        return [one.get("ok") or one["trace"] for one in ended]

    return run


def promotion(folder: Path) -> dict[str, Any]:
    return case(folder, "promote", key="other", version="3", expected="1")


def moves(folder: Path) -> list[tuple[str, str, str | None]]:
    """What the ledger holds after the first champion."""
    return [(one.kind, one.version, one.previous) for one in entries(folder)[2:]]


def test_asleep_after_it_announced(first: Path, night: Any) -> None:
    told = night([ANNOUNCED], promotion(first))
    assert told == [TAKEN, "done: payments version 3 is champion; it replaces version 1."]
    assert moves(first) == [
        ("began", "2", "1"),
        ("abandoned", "2", "1"),
        ("began", "3", "1"),
        ("promoted", "3", "1"),
        ("kept", "2", "3"),
    ]
    assert (champion_of(first), ledger_faults(first)) == ("3", ())


def test_asleep_between_the_last_look_and_the_write(first: Path, night: Any) -> None:
    told = night([CHECKED], promotion(first))
    assert told == [TAKEN, "done: payments version 3 is champion; it replaces version 1."]
    abandoned = entries(first)[-2]
    assert (abandoned.kind, abandoned.key, abandoned.sentence) == ("abandoned", "sleeper", LATE)
    assert (champion_of(first), ledger_faults(first)) == ("3", ())


def test_its_late_write_was_taken_for_somebodys_hand(first: Path, night: Any) -> None:
    told = night([CHECKED, WRITTEN], promotion(first), case(first, "keep", key="third"))
    assert told[0] == TAKEN
    assert [one for one in moves(first) if one[0] in ("outside", "rolled_back")] == [
        ("outside", "2", "3"),
        ("rolled_back", "3", "2"),
    ]
    assert (champion_of(first), ledger_faults(first)) == ("3", ())


def test_asleep_while_nobody_moves_the_champion(first: Path, night: Any) -> None:
    """What it announced was taken for abandoned: it decides anew, and promotes."""
    told = night([CHECKED], case(first, "keep", key="other"))
    assert told[0] == "done: payments version 2 is champion; it replaces version 1."
    kinds = [kind for kind, _, _ in moves(first)]
    assert kinds == ["began", "abandoned", "kept", "abandoned", "began", "promoted"]
    assert (champion_of(first), ledger_faults(first)) == ("2", ())


def test_asleep_after_the_write(first: Path, night: Any) -> None:
    """Another run has completed the move: it is made once."""
    told = night([WRITTEN], promotion(first))
    assert told[0] == "done: payments version 2 is champion; it replaces version 1."
    assert "The champion is version 2, no longer 1" in told[1]
    assert moves(first) == [("began", "2", "1"), ("promoted", "2", "1"), ("kept", "3", "2")]
    assert (champion_of(first), ledger_faults(first)) == ("2", ())


def test_asleep_before_it_closes_the_move(first: Path, night: Any) -> None:
    """It writes that it made the move after another has written so: that counts once."""
    told = night([("before", "tasks.registry.ledger:write_entry")], promotion(first))
    assert told[0] == "done: payments version 2 is champion; it replaces version 1."
    assert [one for one in moves(first) if one[0] == "promoted"] == [("promoted", "2", "1")]
    assert (champion_of(first), ledger_faults(first)) == ("2", ())
