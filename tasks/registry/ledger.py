"""The promotion ledger as tags of the registered model: one entry per tag, only ever added.

Whoever writes holds the model's promotion slot; see `tasks.coordination.slots`.
"""

from datetime import UTC, datetime
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from driftloop.base.errors import RegistryError
from driftloop.base.serialize import to_json
from driftloop.base.tags import ModelTags, VersionTags
from driftloop.promotion.ledger import (
    Entry,
    EntryKind,
    champion_in_ledger,
    champions_in_ledger,
    in_order,
    outcome_of_key,
    still_open,
    unfinished_move,
)
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.job import Job

_MAX_CHARACTERS = 1500
_ENTRY = TypeAdapter(Entry)


def read_ledger(registry: Registry, model: str) -> tuple[Entry, ...]:
    """Return all entries of a model's ledger, oldest first."""
    return ledger_of(registry.model_tags(model))


def ledger_of(tags: ModelTags) -> tuple[Entry, ...]:
    """Return the entries that a registered model's tags hold, oldest first.

    Raises:
        RegistryError: if somebody wrote one that is not an entry, with its tag.
    """
    return in_order(_stored(tags))


def _stored(tags: ModelTags) -> list[Entry]:
    entries = []
    for name, text in tags.ledger.items():
        try:
            entries.append(_ENTRY.validate_json(text))
        except ValidationError as error:
            raise RegistryError(
                f"{ModelTags.tag_name('ledger')}{name} of the registered model cannot be read as "
                "an entry of the ledger: somebody changed it; put it back from a backup, or delete "
                "that tag in MLflow"
            ) from error
    return entries


def write_entry(
    job: Job,
    kind: EntryKind,
    key: str,
    version: str,
    previous: str | None,
    sentence: str,
    intent: EntryKind | None = None,
) -> Entry:
    """Add an entry to the ledger of the job's model and return it.

    Its tag has a name that no other writer takes, so that nothing is ever overwritten.
    """
    registry = open_registry(job.workspace)
    stored = _stored(registry.model_tags(job.model))
    number = max((entry.number for entry in stored), default=0) + 1
    text, now = sentence[:_MAX_CHARACTERS], datetime.now(UTC)
    entry = Entry(
        number=number,
        kind=kind,
        key=key,
        version=version,
        previous=previous,
        at=now,
        as_of=job.as_of,
        by=current_writer(),
        sentence=text,
        intent=intent,
    )
    name = f"{number:06d}-{uuid4().hex[:8]}"
    registry.tag_model(job.model, ModelTags(ledger={name: to_json(entry)}))
    return entry


def record_outcome_once(
    job: Job, kind: EntryKind, key: str, version: str, previous: str | None, sentence: str
) -> Entry:
    """Return the outcome of a request, added unless it has one: a repeated run adds nothing."""
    earlier = outcome_of_key(reconciled_ledger(job), key)
    return earlier or write_entry(job, kind, key, version, previous, sentence)


def reconciled_ledger(job: Job) -> tuple[Entry, ...]:
    """Return the ledger after it was made to agree with the alias.

    A move that a killed run left open is completed if the alias was set and abandoned otherwise.
    An alias that was moved or deleted without driftloop is recorded. Call it while holding the
    promotion slot.
    """
    registry = open_registry(job.workspace)
    entries = read_ledger(registry, job.model)
    present = registry.champion(job.model)
    champion = present.version if present else None
    began = unfinished_move(entries)
    if began is not None and began.intent is not None and champion == began.version:
        complete_move(job, began)
    elif began is not None:
        sentence = f"Version {began.version} was not made champion: the run ended before that."
        write_entry(job, "abandoned", began.key, began.version, began.previous, sentence)
    entries = read_ledger(registry, job.model) if began is not None else entries
    recorded = champion_in_ledger(entries)
    if champion == recorded:
        return entries
    key = f"outside-{len(entries)}"
    if champion is not None:
        sentence = f"The alias was moved from {recorded or 'none'} to {champion} without driftloop."
        write_entry(job, "outside", key, champion, recorded, sentence)
    elif recorded is not None:
        gone = recorded not in registry.versions(job.model)
        what = f"Version {recorded} was deleted" if gone else "The alias was deleted"
        sentence = f"{what} without driftloop, so that no version is champion."
        write_entry(job, "removed", key, recorded, recorded, sentence)
    return read_ledger(registry, job.model)


def ways_back(registry: Registry, model: str, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """Return the former champions that a rollback can go back to, the newest first."""
    tags = registry.versions(model)
    return tuple(
        version
        for version in champions_in_ledger(entries)
        if version in tags and tags[version].promoted_at is not None
    )


def undo_late_move(job: Job, began: Entry) -> None:
    """Give the alias back after a run that had lost its slot set it.

    Another run has closed the move meanwhile, and may have made one of its own, or have taken the
    late alias for somebody's hand. Call it while holding the promotion slot.
    """
    registry = open_registry(job.workspace)
    entries, present = read_ledger(registry, job.model), registry.champion(job.model)
    if still_open(entries, began) or present is None or present.version != began.version:
        return  # nobody has moved meanwhile, and `reconciled_ledger` settles what is open
    since = [entry.key == began.key for entry in entries].index(True)
    mistaken = [
        entry
        for entry in entries[since:]
        if entry.kind == "outside" and entry.version == began.version
    ]
    rightful = champion_in_ledger(entry for entry in entries if entry not in mistaken)
    if rightful is None or rightful == began.version:
        return
    registry.set_champion(job.model, rightful)
    sentence = (
        f"Version {began.version} was made champion by a run that had slept through its lease; "
        f"version {rightful} is champion again."
    )
    write_entry(job, "abandoned", began.key, began.version, rightful, sentence)
    if mistaken:
        key = f"{began.key}-restored-{len(entries)}"
        write_entry(job, "rolled_back", key, rightful, began.version, sentence)


def complete_move(job: Job, began: Entry) -> Entry:
    """Record on the versions and in the ledger that an announced move was made."""
    registry = open_registry(job.workspace)
    now, kind = datetime.now(UTC), began.intent or "promoted"
    if registry.tags(job.model, began.version).promoted_at is None:
        registry.tag(job.model, began.version, VersionTags(promoted_at=now))
    if kind == "rolled_back" and began.previous is not None:
        registry.tag(job.model, began.previous, VersionTags(rolled_back_at=now))
    return write_entry(job, kind, began.key, began.version, began.previous, began.sentence)


def current_writer() -> str:
    """Return who writes an entry: the flow run, or the command line."""
    from prefect.runtime import flow_run

    return f"flow run {flow_run.id}" if flow_run.id else "command line"
