"""Processes that start at once: one moves the champion, the others say why they did not."""

from pathlib import Path
from typing import Any

import pytest
from faults.forks import Zygote
from faults.state import champion_of, ledger_faults

from driftloop.base.workspace import Workspace
from driftloop.promotion.ledger import MOVES, Entry
from tasks.registry.ledger import read_ledger
from tasks.registry.mlflow import MlflowRegistry


def add_versions(folder: Path, count: int) -> None:
    client = MlflowRegistry(Workspace(folder)).client
    for _ in range(count):
        client.create_model_version("payments", source=folder.as_uri())


def entries(folder: Path) -> tuple[Entry, ...]:
    return read_ledger(MlflowRegistry(Workspace(folder)), "payments")


def case(folder: Path, work: str, **given: Any) -> dict[str, Any]:
    return {"work": work, "folder": str(folder), "given": given}


def test_eight_challengers_of_one_champion(first: Path, zygote: Zygote) -> None:
    add_versions(first, 8)
    ended = zygote.race(
        *(
            case(first, "promote", key=f"key-{number}", version=str(number), expected="1")
            for number in range(2, 10)
        )
    )
    won = champion_of(first)
    told = [one["ok"] for one in ended]
    assert told.count(f"done: payments version {won} is champion; it replaces version 1.") == 1
    lost = [number for number in map(str, range(2, 10)) if number != won]
    for number in lost:
        sentence = (
            f"The champion is version {won}, no longer 1, which version {number} was to replace: "
            "nothing was changed."
        )
        assert f"not done: {sentence}" in told
        kept = [entry for entry in entries(first) if entry.key == f"key-{number}"]
        assert [(one.kind, one.sentence) for one in kept] == [("kept", sentence)]
    assert ledger_faults(first) == ()


def test_the_slot_of_a_prefect_server(first: Path, zygote: Zygote, prefect_server: str) -> None:
    """Four processes, one limit of one: all are served, one after the other."""
    add_versions(first, 4)
    asked = [
        case(first, "promote", key=f"key-{number}", version=str(number), expected="1")
        for number in range(2, 6)
    ]
    ended = zygote.race(*({**one, "server": prefect_server} for one in asked))
    told = [one.get("ok") or one["trace"] for one in ended]
    won = champion_of(first)
    assert sum(one.startswith("done") for one in told) == 1, told
    assert sum(f"The champion is version {won}, no longer 1" in one for one in told) == 3, told
    assert ledger_faults(first) == ()


def test_promotions_against_rollbacks(second: Path, zygote: Zygote) -> None:
    add_versions(second, 4)
    ended = zygote.race(
        *(
            case(second, "promote", key=f"key-{number}", version=str(number), expected="2")
            for number in range(3, 7)
        ),
        *(case(second, "roll back", key=f"rollback-{number}") for number in range(4)),
    )
    done = [one["ok"] for one in ended if one.get("ok", "").startswith("done")]
    for one in ended:
        told = one.get("ok") or one["line"]
        assert told.startswith("done") or "no longer" in told or "no predecessor" in told, told
    moves = [entry for entry in entries(second)[4:] if entry.kind in MOVES]
    assert len(moves) == len(done) >= 1
    assert ledger_faults(second) == ()


def test_retrainings_of_different_moments(first: Path, zygote: Zygote) -> None:
    weeks = (9, 10, 11)
    ended = zygote.race(*(case(first, "retrain", week=week, champion="1") for week in weeks))
    assert all("ok" in one for one in ended), ended
    won = champion_of(first)
    assert won != "1"
    lost = [one["ok"] for one in ended if f"version {won} is champion; it" not in one["ok"]]
    assert len(lost) == len(weeks) - 1
    assert all(f"The champion is version {won}, no longer 1" in sentence for sentence in lost)
    assert ledger_faults(first) == ()


@pytest.mark.parametrize("processes", [2])
def test_the_same_retraining(processes: int, first: Path, zygote: Zygote) -> None:
    ended = zygote.race(*(case(first, "retrain") for _ in range(processes)))
    told = {one.get("ok") or one["trace"] for one in ended}
    assert told == {"payments version 2 is champion; it replaces version 1."}
    registry = MlflowRegistry(Workspace(first))
    assert sorted(registry.versions("payments")) == ["1", "2"]
    runs = registry.client.search_runs([registry.experiment("payments")])
    assert sorted(run.data.tags["driftloop.kind"] for run in runs) == ["bootstrap", "retrain"]
    assert [entry.version for entry in entries(first) if entry.kind == "promoted"] == ["1", "2"]
    assert ledger_faults(first) == ()
