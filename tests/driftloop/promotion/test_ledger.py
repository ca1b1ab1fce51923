"""What a ledger tells: open moves, outcomes, the champion it accounts for, its faults."""

from dataclasses import replace
from typing import Any

from driftloop.promotion.ledger import (
    Entry,
    champion_in_ledger,
    inconsistencies,
    outcome_of_key,
    predecessor_of,
    unfinished_move,
)
from tests.driftloop.cases import NOW


def entries(*lines: tuple[Any, ...]) -> tuple[Entry, ...]:
    """Entries from (kind, key, version, previous)."""
    return tuple(
        Entry(
            number=number,
            kind=kind,
            key=key,
            version=version,
            previous=previous,
            at=NOW,
            as_of=NOW,
            by="test",
            sentence="Said.",
            intent="promoted" if kind == "began" else None,
        )
        for number, (kind, key, version, previous) in enumerate(lines, start=1)
    )


WHOLE = entries(
    ("began", "a", "1", None),
    ("promoted", "a", "1", None),
    ("kept", "b", "2", "1"),
    ("began", "c", "3", "1"),
    ("promoted", "c", "3", "1"),
    ("began", "r", "1", "3"),
    ("rolled_back", "r", "1", "3"),
)


def test_a_whole_ledger() -> None:
    assert unfinished_move(WHOLE) is None
    assert champion_in_ledger(WHOLE) == "1"
    assert predecessor_of(WHOLE, "3") == "1"
    assert predecessor_of(WHOLE, "1") is None
    assert inconsistencies(WHOLE, "1") == ()


def test_a_move_that_was_cut_off_is_open() -> None:
    assert unfinished_move(WHOLE[:4]) == WHOLE[3]
    assert outcome_of_key(WHOLE[:4], "c") is None
    closed = (*WHOLE[:4], replace(WHOLE[4], kind="abandoned"))
    assert unfinished_move(closed) is None
    assert outcome_of_key(closed, "c") is None
    assert outcome_of_key(WHOLE, "b") == WHOLE[2]


def test_faults_are_named() -> None:
    assert inconsistencies(WHOLE, "3") == ("the champion is 3, the ledger accounts for 1",)
    twice = entries(("promoted", "a", "1", None), ("promoted", "a", "2", "1"))
    assert inconsistencies(twice, "2") == ("the request a was carried out twice",)
    gap = entries(("promoted", "a", "1", None), ("promoted", "b", "3", "2"))
    assert inconsistencies(gap, "3") == ("entry 2 replaces 2, the champion was 1",)
    lost = (WHOLE[0], *WHOLE[2:3])
    assert inconsistencies(lost, None) == ("entry 2 is numbered 3",)
