"""Promotion: the champion alias moves by compare-and-set, one run at a time, once.

MLflow's alias call is a plain upsert in which the last writer wins, so the comparison, the write
and its verification happen while the model's promotion slot is held. Every move is announced in
the ledger, made, verified and closed, so that it can be resumed wherever it was cut off.
"""

from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import uuid4

from driftloop.alerts.blocks import clean
from driftloop.base.errors import RegistryError, UnavailableError, join_names
from driftloop.base.retrain_record import Promotion
from driftloop.base.scores import Comparison
from driftloop.base.tags import VersionTags
from driftloop.promotion.ledger import Entry, accident, outcome_of_key, predecessor_of, still_open
from tasks.coordination.slots import Slot, promotion_slot
from tasks.promotion.trial_store import as_of_today, comparison_tag, propose, start_probation
from tasks.registry.ledger import (
    complete_move,
    read_ledger,
    reconciled_ledger,
    record_outcome_once,
    undo_late_move,
    ways_back,
    write_entry,
)
from tasks.registry.opening import open_registry
from tasks.registry.protocol import CHAMPION, Registry
from tasks.runtime.job import Job
from tasks.runtime.step import step

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Move:
    """A requested change of champion: from the version expected there to another."""

    key: str
    version: str
    expected: str | None
    intent: Literal["promoted", "rolled_back"]
    sentence: str
    tags: VersionTags = field(default_factory=VersionTags)


@step("promote", retries=2)
def promote(
    job: Job, key: str, challenger: str, expected: str | None, comparison: Comparison
) -> Promotion:
    """Do with the challenger what the comparison and the promotion mode say.

    A loser is recorded in the ledger. A winner becomes champion, is proposed to a person, goes into
    shadow, or is only reported; the first champion of a model is promoted in every mode. Running it
    again after it was cut off finishes what was begun and changes nothing else. Raises
    `RegistryError` if the alias does not point to the challenger after it was set.
    """
    next_step = job.config.promotion.mode.next_step(job.as_of)
    if not comparison.won:
        return keep_champion(job, key, challenger, expected, comparison.sentence)
    if next_step.step == "promote" or expected is None:
        return carry_out_move(job, promotion_move(job, key, challenger, expected, comparison))
    if next_step.step == "report":
        mode = "It would be promoted; the promotion mode is never, so a person decides."
        sentence = f"{comparison.sentence} {mode}"
        return keep_champion(job, key, challenger, expected, sentence)
    with promotion_slot(job):
        return propose(job, key, challenger, expected, comparison, next_step)


@step("promote", retries=2)
def promote_adopted(job: Job, key: str, version: str, about: str) -> Promotion:
    """Make the version of a model that was not trained here the first champion."""
    sentence = f"{job.model} version {version} is the first champion. {about}"
    tags = VersionTags(previous_champion="")
    return carry_out_move(job, Move(key, version, None, "promoted", sentence, tags))


def promotion_move(
    job: Job, key: str, challenger: str, expected: str | None, comparison: Comparison
) -> Move:
    """Return the move that makes a challenger champion, with what its version is tagged with."""
    doubt = comparison.challenger.doubt
    sentence = (
        f"{job.model} version {challenger} is the first champion.{f' {doubt}.' if doubt else ''}"
        if expected is None
        else f"{job.model} version {challenger} is champion; it replaces version {expected}."
    )
    tags = VersionTags(previous_champion=expected or "", comparison=comparison_tag(comparison))
    return Move(key, challenger, expected, "promoted", sentence, tags)


def keep_champion(
    job: Job, key: str, challenger: str, expected: str | None, sentence: str
) -> Promotion:
    """Record that the champion stays, and why."""
    with promotion_slot(job):
        entry = record_outcome_once(job, "kept", key, challenger, expected, sentence)
        return as_of_today(job, replace(entry, sentence=sentence))


def carry_out_move(job: Job, move: Move) -> Promotion:
    """Make a version champion if the champion is still the one expected; say why not otherwise.

    A run that was stopped for so long that it lost its slot undoes what it did too late, and
    decides again.

    Raises `RegistryError` if the alias does not point to the version after it was set.
    """
    late: Entry | None = None
    for _ in range(_ATTEMPTS):
        with promotion_slot(job) as slot:
            if late is not None:
                undo_late_move(job, late)
            try:
                return _move(job, move, slot)
            except _OvertakenError as overtaken:
                late = overtaken.began
    raise UnavailableError(
        f"{job.model}: this run was stopped {_ATTEMPTS} times for so long that it lost the right "
        "to move the champion; run it again"
    )


def _move(job: Job, move: Move, slot: Slot) -> Promotion:
    registry = open_registry(job.workspace)
    outcome = outcome_of_key(reconciled_ledger(job), move.key)
    if outcome is not None:
        return as_of_today(job, outcome)
    champion = registry.champion(job.model)
    current = champion.version if champion else None
    if current != move.expected:
        sentence = (
            f"The champion is version {current}, no longer {move.expected or 'none'}, which "
            f"version {move.version} was to replace: nothing was changed."
        )
        write_entry(job, "kept", move.key, move.version, current, sentence)
        return Promotion(False, move.version, current, sentence)
    request = move.key, move.version, move.expected, move.sentence
    began = write_entry(job, "began", *request, move.intent)
    registry.tag(job.model, move.version, move.tags)
    if move.intent == "promoted":
        start_probation(job, move.version, move.expected)
    _check_right(job, slot, began)
    _set_champion(job, slot, began)
    complete_move(job, began)
    return Promotion(True, move.version, move.expected, move.sentence)


def _check_right(job: Job, slot: Slot, began: Entry) -> None:
    """Raise `_OvertakenError` if the slot was lost or the announced move is no longer open."""
    ledger = read_ledger(open_registry(job.workspace), job.model)
    if not (slot.held() and still_open(ledger, began)):
        raise _OvertakenError(began)


def _set_champion(job: Job, slot: Slot, began: Entry) -> None:
    """Point the alias to the announced version, and see that it was right to, and stays.

    A run without a slot may have written in between, late: then the alias is set once more.
    """
    registry = open_registry(job.workspace)
    for _ in range(2):
        registry.set_champion(job.model, began.version)
        _check_right(job, slot, began)
        after = registry.champion(job.model)
        if after is not None and after.version == began.version:
            return
    raise RegistryError(
        f"{job.model}: the alias {CHAMPION!r} was set to version {began.version} and points to "
        f"{after.version if after else 'nothing'}; somebody else is changing it"
    )


class _OvertakenError(Exception):
    """The run lost its slot after it had announced a move."""

    def __init__(self, began: Entry) -> None:
        super().__init__(f"the slot was lost after entry {began.number}")
        self.began = began


@step("roll back", retries=2)
def roll_back(job: Job, to: str | None, key: str | None = None, by: str = "") -> Promotion:
    """Make an earlier version champion again: `to`, or the predecessor of the champion.

    The reference moves with it, because every version carries the coordinates of its own data and
    its reference profile. `key` identifies the request, which is carried out only once; `by` says
    who made it.

    Raises `RegistryError` if there is no champion, no predecessor, or no such version.
    """
    from prefect.runtime import flow_run

    registry = open_registry(job.workspace)
    # the same key when a flow run is retried, and a new one for each command
    request = key or f"rollback-{flow_run.id or uuid4()}"
    with promotion_slot(job):
        entries = reconciled_ledger(job)
        champion = registry.champion(job.model)
        outcome = outcome_of_key(entries, request)
    if outcome is not None:
        return as_of_today(job, outcome)
    current = champion.version if champion else None
    target = _rollback_target(registry, job.model, current, to, entries)
    if target == current:
        sentence = f"{job.model} version {target} is champion already."
        return Promotion(False, target, current, sentence)
    instead = f"not {current}" if current else "after there was none"
    who = f"; requested by {clean(by, 60)}" if by else ""
    sentence = f"{job.model} version {target} is champion again, {instead}{who}."
    return carry_out_move(job, Move(request, target, current, "rolled_back", sentence))


def _rollback_target(
    registry: Registry, model: str, champion: str | None, to: str | None, entries: tuple[Entry, ...]
) -> str:
    former = ways_back(registry, model, entries)
    if champion is None and not former:
        raise RegistryError(f"{model} has no champion, so nothing can be rolled back")
    target, moved = to, accident(entries)
    if target is None and champion is not None:
        undone = moved is not None and moved.version == champion
        target = moved.previous if moved and undone else predecessor_of(entries, champion)
    if not target:
        lacking = f"version {champion} has no predecessor" if champion else "has no champion now"
        raise RegistryError(
            f"{model} {lacking}; choose a version with --to"
            f"{f' ({join_names(former)})' if former else ''}"
        )
    tags = registry.versions(model).get(target)
    if tags is None:
        raise RegistryError(
            f"{model} has no version {target}; former champions: {join_names(former)}"
        )
    if tags.promoted_at is None:
        raise RegistryError(
            f"{model} version {target} was never champion, so it cannot become champion again; "
            "'driftloop retrain' promotes a model that is proven better"
        )
    return target
