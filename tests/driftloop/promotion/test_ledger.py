"""What a ledger tells: open moves, outcomes, the champion it accounts for, its faults."""

from dataclasses import replace
from typing import Any

from driftloop.promotion.ledger import (
    Entry,
    accident,
    champion_in_ledger,
    champions_in_ledger,
    in_order,
    inconsistencies,
    outcome_of_key,
    predecessor_of,
    still_open,
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


def test_an_entry_of_a_run_that_slept_counts_once() -> None:
    late = entries(
        ("began", "a", "1", None),
        ("promoted", "a", "1", None),
        ("kept", "b", "2", "1"),
        ("promoted", "a", "1", None),
        ("began", "c", "3", "1"),
        ("promoted", "c", "3", "1"),
    )
    read = in_order(late)
    assert [(one.number, one.key) for one in read] == [
        *((1, "a"), (2, "a"), (3, "b"), (4, "c"), (5, "c")),
    ]
    assert inconsistencies(read, "3") == ()


def test_two_entries_of_one_number_are_both_kept() -> None:
    same = [replace(entry, number=min(entry.number, 6)) for entry in WHOLE]
    read = in_order(same)
    assert [entry.kind for entry in read] == [entry.kind for entry in WHOLE]
    assert inconsistencies(read, "1") == ()


def test_an_entry_that_was_deleted_is_missed() -> None:
    assert inconsistencies(in_order(WHOLE[:2] + WHOLE[3:]), "1")[0] == "entry 3 is numbered 4"


def test_an_older_ledger_without_announcements_is_read_as_it_is() -> None:
    old = entries(("promoted", "a", "1", None), ("promoted", "b", "2", "1"))
    assert in_order(old) == old


def test_a_move_is_open_until_it_is_closed_or_overtaken() -> None:
    began = WHOLE[3]
    assert still_open(WHOLE[:4], began)
    assert not still_open(WHOLE[:5], began)
    assert not still_open((*WHOLE[:4], replace(WHOLE[4], kind="abandoned")), began)
    assert not still_open((*WHOLE[:4], replace(WHOLE[4], key="other")), began)
    assert still_open((*WHOLE[:4], replace(WHOLE[4], kind="kept", key="other")), began)
    assert not still_open(WHOLE[:3], began)


REMOVED = (
    *WHOLE,
    *entries(*[("kept", "k", "1", None)] * 7, ("removed", "outside-7", "1", "1"))[7:],
)


def test_a_champion_that_is_gone() -> None:
    assert champion_in_ledger(REMOVED) is None
    assert inconsistencies(REMOVED, None) == ()
    assert inconsistencies(REMOVED, "1") == ("the champion is 1, the ledger accounts for None",)
    assert accident(REMOVED) == REMOVED[-1]
    assert champions_in_ledger(REMOVED) == ("1", "3")


def test_what_was_moved_by_hand_is_an_accident_and_what_was_brought_along_is_none() -> None:
    brought = entries(("outside", "outside-0", "1", None))
    moved = (*brought, *entries(("kept", "k", "2", "1"), ("outside", "outside-1", "2", "1"))[1:])
    assert accident(brought) is None
    assert accident(moved) == moved[-1]
    assert accident(WHOLE) is None
