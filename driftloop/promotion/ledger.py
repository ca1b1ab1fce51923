"""The promotion ledger: every move of a champion alias, and every one that was decided against.

Entries are only ever added. A move is announced before the alias is set (``began``) and closed
afterwards, so that a run killed in between leaves a trace that the next one resolves. An alias that
somebody moved without driftloop is noted as ``outside``, one that somebody deleted, perhaps with
its version, as ``removed``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, computed_field

from driftloop.base.retrain_record import Champion
from driftloop.base.serialize import UNPRINTED

EntryKind = Literal[
    "began",
    "promoted",
    "rolled_back",
    "outside",
    "removed",
    "abandoned",
    "kept",
    "awaiting",
    "declined",
    "expired",
]
MOVES: frozenset[EntryKind] = frozenset({"promoted", "rolled_back", "outside"})
CLOSING: frozenset[EntryKind] = MOVES | {"abandoned"}
_CHANGES: frozenset[EntryKind] = MOVES | {"removed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of the champion, or one that was not made; `previous` is the champion there was."""

    kind: EntryKind
    version: str
    previous: str | None
    as_of: Annotated[datetime, Field(description="The moment that the run was as of.")]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Move):
    """One line of the ledger.

    `key` identifies the request: a run that is repeated finds what it did before. `intent` is what
    a ``began`` is to become.
    """

    number: int
    key: Annotated[str, UNPRINTED]
    at: Annotated[datetime, Field(description="When it was written.")]
    by: Annotated[str, Field(description="The flow run or the command.")]
    intent: Annotated[EntryKind | None, UNPRINTED] = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A model's promotion ledger beside the registry's champion; ``driftloop ledger --json``."""

    model: str
    champion: Champion
    entries: Annotated[tuple[Entry, ...], Field(description="Oldest first.")]

    @computed_field
    @property
    def faults(self) -> tuple[str, ...]:
        """Contradictions, within the ledger or with the champion; none in a sound one."""
        return inconsistencies(self.entries, self.champion.version)


@dataclass(frozen=True, slots=True)
class Rollback:
    """The result of ``driftloop rollback --json``."""

    model: str
    rolled_back: bool
    champion: Champion
    previous: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of an answer to a proposal; ``driftloop approve --json``."""

    model: str
    promoted: bool
    champion: Champion
    sentence: str


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return stored entries, oldest first, without those that came too late to count.

    A run that slept through its lease may write that it made its move after another run has closed
    that move for it, and it may take a number that another run took meanwhile; both are made up
    for in the numbers of what follows. That an entry was deleted still shows in them.
    """
    kept: list[Entry] = []
    announced, unclosed, shift, before = set(), set(), 0, 0
    for entry in sorted(entries, key=lambda entry: (entry.number, entry.at)):
        shift, before = shift + (entry.number == before), entry.number
        if entry.kind == "began":
            announced.add(entry.key)
            unclosed.add(entry.key)
        elif entry.kind in CLOSING:
            if entry.kind in MOVES and entry.key in announced - unclosed:
                shift -= 1
                continue
            unclosed.discard(entry.key)
        kept.append(replace(entry, number=entry.number + shift))
    return tuple(kept)


def still_open(entries: Iterable[Entry], began: Entry) -> bool:
    """Say whether nobody has closed an announced move, nor changed the champion since it."""
    unclosed = False
    for entry in entries:
        if entry.key == began.key and entry.kind == "began":
            unclosed = True
        elif entry.kind in _CHANGES or (entry.key == began.key and entry.kind == "abandoned"):
            unclosed = False
    return unclosed


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
    own = [entry for entry in entries if entry.key == key]
    ends = [entry for entry in own if entry.kind not in {"began", "abandoned"}]
    return ends[-1] if ends else None


def end_of_proposal(entries: Iterable[Entry], key: str) -> Entry | None:
    """Return how the proposal of a request ended, or None while it waits or was never made."""
    own = [entry for entry in entries if entry.key.startswith(f"{key}-")]
    return outcome_of_key(own, own[-1].key) if own else None


def champion_in_ledger(entries: Iterable[Entry]) -> str | None:
    """Return the champion that the ledger accounts for."""
    last = None
    for entry in entries:
        if entry.kind in _CHANGES:
            last = entry
    return None if last is None or last.kind == "removed" else last.version


def champions_in_ledger(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return every version that was champion, the newest first, each once."""
    moves = [entry.version for entry in entries if entry.kind in MOVES]
    return tuple(dict.fromkeys(reversed(moves)))


def accident(entries: tuple[Entry, ...]) -> Entry | None:
    """Return the newest change of the champion if it was made without driftloop, or None.

    An alias that was there before the ledger is none: somebody brought a model along.
    """
    changes = [entry for entry in entries if entry.kind in _CHANGES]
    last = changes[-1] if changes else None
    by_hand = last is not None and (
        last.kind == "removed" or (last.kind == "outside" and len(changes) > 1)
    )
    return last if by_hand else None


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
        if entry.kind in _CHANGES:
            if entry.previous != current:
                problems.append(
                    f"entry {place} replaces {entry.previous}, the champion was {current}"
                )
            current = None if entry.kind == "removed" else entry.version
    if current != champion:
        problems.append(f"the champion is {champion}, the ledger accounts for {current}")
    keys = [entry.key for entry in entries if entry.kind in MOVES]
    problems += [
        f"the request {key} was carried out twice" for key in {*keys} if keys.count(key) > 1
    ]
    return tuple(problems)
