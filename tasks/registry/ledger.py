"""The promotion ledger as tags of the registered model, one entry a tag, only ever added.

Whoever writes holds the model's promotion slot; see `tasks.coordination.slots`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from driftloop.base.periods import parse_time
from driftloop.base.records import to_json
from driftloop.promotion.ledger import (
    Entry,
    EntryKind,
    champion_in_ledger,
    outcome_of_key,
    unfinished_move,
)
from tasks.registry.opening import open_registry
from tasks.registry.protocol import PREFIX, Registry
from tasks.runtime.job import Job

_TAG = "ledger."
_LONGEST = 1500


def read_ledger(registry: Registry, model: str) -> tuple[Entry, ...]:
    """Return all entries of a model's ledger, oldest first."""
    return ledger_of(registry.model_tags(model))


def ledger_of(tags: Mapping[str, str]) -> tuple[Entry, ...]:
    """Return the entries that a registered model's tags hold, oldest first."""
    own = f"{PREFIX}{_TAG}"
    kept = {name: text for name, text in tags.items() if own in name}
    return tuple(_entry(kept[name]) for name in sorted(kept))


def write_entry(
    job: Job,
    kind: EntryKind,
    key: str,
    version: str,
    previous: str | None,
    sentence: str,
    intent: EntryKind | None = None,
) -> Entry:
    """Add an entry to the ledger of the job's model and return it."""
    registry = open_registry(job.workspace)
    number = len(read_ledger(registry, job.model)) + 1
    text, now = sentence[:_LONGEST], datetime.now(UTC)
    entry = Entry(number, kind, key, version, previous, now, job.as_of, writer(), text, intent)
    registry.tag_model(job.model, f"{_TAG}{number:06d}", to_json(entry))
    return entry


def note_once(
    job: Job, kind: EntryKind, key: str, version: str, previous: str | None, sentence: str
) -> None:
    """Add how a request ended, unless it has ended already: a run that is repeated adds nothing."""
    if outcome_of_key(settled_ledger(job), key) is None:
        write_entry(job, kind, key, version, previous, sentence)


def settled_ledger(job: Job) -> tuple[Entry, ...]:
    """Return the ledger after closing what a killed run left open; nothing stays unexplained.

    A move whose alias was set is completed, one whose alias was not set is abandoned, and an alias
    that was moved without driftloop is noted.
    """
    registry = open_registry(job.workspace)
    entries = read_ledger(registry, job.model)
    present = registry.champion(job.model)
    champion = present.version if present else None
    began = unfinished_move(entries)
    if began is not None and began.intent is not None and champion == began.version:
        close_move(job, began)
    elif began is not None:
        told = f"Version {began.version} was not made champion: the run ended before."
        write_entry(job, "abandoned", began.key, began.version, began.previous, told)
    entries = read_ledger(registry, job.model) if began is not None else entries
    before = champion_in_ledger(entries)
    if champion is not None and champion != before:
        told = f"The alias was moved from {before or 'none'} to {champion} without driftloop."
        write_entry(job, "outside", f"outside-{len(entries)}", champion, before, told)
        return read_ledger(registry, job.model)
    return entries


def close_move(job: Job, began: Entry) -> Entry:
    """Note on the versions and in the ledger that an announced move was made."""
    registry = open_registry(job.workspace)
    stamp, kind = datetime.now(UTC).isoformat(), began.intent or "promoted"
    if f"{PREFIX}promoted_at" not in registry.tags(job.model, began.version):
        registry.tag(job.model, began.version, {"promoted_at": stamp})
    if kind == "rolled_back" and began.previous is not None:
        registry.tag(job.model, began.previous, {"rolled_back_at": stamp})
    return write_entry(job, kind, began.key, began.version, began.previous, began.sentence)


def writer() -> str:
    """Return who writes: the flow run, or the command line."""
    from prefect.runtime import flow_run

    return f"flow run {flow_run.id}" if flow_run.id else "command line"


def _entry(text: str) -> Entry:
    stored = json.loads(text)
    times = {name: parse_time(stored[name]) for name in ("at", "as_of")}
    return Entry(**{**stored, **times})
