"""Promotion: the champion alias moves by compare-and-set, one run at a time, once.

MLflow's alias call is a plain upsert in which the last writer wins, so the comparison, the write
and its verification happen while the model's promotion slot is held. Every move is announced in
the ledger, made, verified and closed, so that it can be taken up again wherever it was cut off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from driftloop.base.errors import RegistryError
from driftloop.base.records import Comparison, Promotion, to_json
from driftloop.promotion.ledger import Entry, outcome_of_key, predecessor_of
from tasks.coordination.slots import promotion_slot
from tasks.promotion.proposals import propose, start_probation
from tasks.registry.ledger import close_move, note_once, settled_ledger, write_entry
from tasks.registry.opening import open_registry
from tasks.registry.protocol import CHAMPION, Registry
from tasks.runtime.job import Job
from tasks.runtime.step import step


@dataclass(frozen=True, slots=True)
class Move:
    """A change of champion that is asked for: from the version expected there to another."""

    key: str
    version: str
    expected: str | None
    intent: Literal["promoted", "rolled_back"]
    sentence: str
    tags: Mapping[str, str] = field(default_factory=dict)


@step("promote", retries=2)
def promote(
    job: Job, key: str, challenger: str, expected: str | None, comparison: Comparison
) -> Promotion:
    """Do with the challenger what the comparison and the promotion mode say.

    A loser is noted in the ledger. A winner becomes champion, is proposed to a person, goes into
    shadow, or is only reported; the first champion of a model is promoted in every mode. Running
    it again after a cut-off finishes what was begun and changes nothing else.

    Raises:
        RegistryError: if the alias does not name the challenger after it was set.
    """
    next_step = job.config.promotion.mode.next_step(job.as_of)
    if not comparison.won:
        return keep(job, key, challenger, expected, comparison.sentence)
    if next_step.step == "promote" or expected is None:
        return carry_out(job, promotion_move(job, key, challenger, expected, comparison))
    if next_step.step == "report":
        told = "It would be promoted; the promotion mode is never, so a person decides."
        return keep(job, key, challenger, expected, f"{comparison.sentence} {told}")
    with promotion_slot(job):
        return propose(job, key, challenger, expected, comparison, next_step)


def promotion_move(
    job: Job, key: str, challenger: str, expected: str | None, comparison: Comparison
) -> Move:
    """Return the move that makes a challenger champion, with what its version is tagged with."""
    sentence = (
        f"{job.model} version {challenger} is the first champion."
        if expected is None
        else f"{job.model} version {challenger} is champion; it replaces version {expected}."
    )
    tags = {"previous_champion": expected or "", "comparison": to_json(comparison)[:4900]}
    return Move(key, challenger, expected, "promoted", sentence, tags)


def keep(job: Job, key: str, challenger: str, expected: str | None, sentence: str) -> Promotion:
    """Note that the champion stays, and why."""
    with promotion_slot(job):
        note_once(job, "kept", key, challenger, expected, sentence)
    return Promotion(False, challenger, expected, sentence)


def carry_out(job: Job, move: Move) -> Promotion:
    """Make a version champion if the champion is still the one expected; say why not otherwise.

    Raises:
        RegistryError: if the alias does not name the version after it was set.
    """
    registry = open_registry(job.workspace)
    with promotion_slot(job):
        done = outcome_of_key(settled_ledger(job), move.key)
        present = registry.champion(job.model)
        current = present.version if present else None
        if done is not None:
            return _done_before(done, current)
        if current != move.expected:
            told = (
                f"The champion is version {current}, no longer {move.expected or 'none'}, which "
                f"version {move.version} was to replace: nothing was changed."
            )
            write_entry(job, "kept", move.key, move.version, current, told)
            return Promotion(False, move.version, current, told)
        began = _announce(job, move)
        registry.tag(job.model, move.version, move.tags)
        if move.intent == "promoted":
            start_probation(job, move.version, move.expected)
        _set_champion(registry, job.model, move.version)
        close_move(job, began)
    return Promotion(True, move.version, move.expected, move.sentence)


def _announce(job: Job, move: Move) -> Entry:
    told = move.sentence
    return write_entry(job, "began", move.key, move.version, move.expected, told, move.intent)


def _done_before(done: Entry, current: str | None) -> Promotion:
    if done.kind not in ("promoted", "rolled_back"):
        return Promotion(False, done.version, done.previous, done.sentence)
    if current == done.version:
        return Promotion(True, done.version, done.previous, done.sentence)
    told = f"Version {done.version} was promoted before; the champion is now {current}."
    return Promotion(False, done.version, current, told)


def _set_champion(registry: Registry, model: str, version: str) -> None:
    """Move the alias and verify that it moved."""
    registry.set_champion(model, version)
    after = registry.champion(model)
    if after is None or after.version != version:
        raise RegistryError(
            f"{model}: the alias {CHAMPION!r} was set to version {version} and names "
            f"{after.version if after else 'nothing'}; somebody else is changing it"
        )


@step("roll back", retries=2)
def roll_back(job: Job, to: str | None, key: str | None = None) -> Promotion:
    """Make an earlier version champion again: `to`, or the predecessor of the champion.

    The reference moves with it, because every version carries the coordinates of its own data and
    its reference profile.

    Args:
        job: names the model.
        to: the version; None takes the predecessor.
        key: identifies the request; the same one is carried out once.

    Raises:
        RegistryError: if there is no champion, no predecessor, or no such version.
    """
    registry = open_registry(job.workspace)
    request = key or _request()
    with promotion_slot(job):
        entries = settled_ledger(job)
        present = registry.champion(job.model)
        done = outcome_of_key(entries, request)
    if done is not None:
        return _done_before(done, present.version if present else None)
    if present is None:
        raise RegistryError(f"{job.model} has no champion, so nothing can be rolled back")
    target = _target(registry, job.model, present.version, to, entries)
    if target == present.version:
        sentence = f"{job.model} version {target} is champion already."
        return Promotion(False, target, present.version, sentence)
    sentence = f"{job.model} version {target} is champion again, not {present.version}."
    return carry_out(job, Move(request, target, present.version, "rolled_back", sentence))


def _target(
    registry: Registry, model: str, present: str, to: str | None, entries: tuple[Entry, ...]
) -> str:
    target = to or predecessor_of(entries, present)
    if not target:
        raise RegistryError(
            f"{model} version {present} has no predecessor; name a version with --to"
        )
    if registry.version(model, target).promoted_at is None:
        raise RegistryError(
            f"{model} version {target} never was champion, so it cannot be one again; "
            "'driftloop retrain' promotes what is proven better"
        )
    return target


def _request() -> str:
    """A flow run that is retried asks for the same; a command asks anew each time."""
    from prefect.runtime import flow_run

    return f"rollback-{flow_run.id or uuid4()}"
