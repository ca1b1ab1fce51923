"""The promotion ledger: every move of a champion alias, and every one that was decided against.

Entries are only ever added. A move is announced before the alias is set (``began``) and closed
afterwards, so that a run killed in between leaves a trace that the next one resolves. An alias that
somebody moved without driftloop is noted as ``outside``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EntryKind = Literal[
    "began",
    "promoted",
    "rolled_back",
    "outside",
    "abandoned",
    "kept",
    "awaiting",
    "declined",
    "expired",
]
MOVES: frozenset[EntryKind] = frozenset({"promoted", "rolled_back", "outside"})
CLOSING: frozenset[EntryKind] = MOVES | {"abandoned"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    `key` identifies the request: a run that is repeated finds what it did before. `previous` is
    the champion there was, `by` the flow run or command, `intent` what a ``began`` is to become.
    """

    number: int
    kind: EntryKind
    key: str
    version: str
    previous: str | None
    at: datetime
    as_of: datetime
    by: str
    sentence: str
    intent: EntryKind | None = None


def unfinished_move(entries: Iterable[Entry]) -> Entry | None:
    """Return the move that was begun and not closed, or None."""
    began = None
    for entry in entries:
        if entry.kind == "began":
            began = entry
        elif entry.kind in CLOSING and began is not None and entry.key == began.key:
            began = None
    return began


def outcome_of_key(entries: Iterable[Entry], key: str) -> Entry | None:
    """Return how a request ended, or None where it has not ended."""
    ends = [
        entry for entry in entries if entry.key == key and entry.kind not in {"began", "abandoned"}
    ]
    return ends[-1] if ends else None


def champion_in_ledger(entries: Iterable[Entry]) -> str | None:
    """Return the champion that the ledger accounts for."""
    moves = [entry.version for entry in entries if entry.kind in MOVES]
    return moves[-1] if moves else None


def predecessor_of(entries: Iterable[Entry], version: str) -> str | None:
    """Return the champion there was when a version was first promoted, or None."""
    first = [entry for entry in entries if entry.kind == "promoted" and entry.version == version]
    return first[0].previous if first else None


def inconsistencies(entries: tuple[Entry, ...], champion: str | None) -> tuple[str, ...]:
    """Return the inconsistencies of a ledger, one sentence each; none in a sound one."""
    problems, current = [], None
    for place, entry in enumerate(entries, start=1):
        if entry.number != place:
            problems.append(f"entry {place} is numbered {entry.number}")
        if entry.kind in MOVES:
            if entry.previous != current:
                problems.append(
                    f"entry {place} replaces {entry.previous}, the champion was {current}"
                )
            current = entry.version
    if current != champion:
        problems.append(f"the champion is {champion}, the ledger accounts for {current}")
    keys = [entry.key for entry in entries if entry.kind in MOVES]
    problems += [
        f"the request {key} was carried out twice" for key in {*keys} if keys.count(key) > 1
    ]
    return tuple(problems)
