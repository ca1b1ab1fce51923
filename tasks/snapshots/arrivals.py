"""Newly arrived data, one arrival after the other: files, or the rows of a query."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from driftloop.base.errors import ConfigError, DataError
from driftloop.base.periods import Span, Window, floor_to
from driftloop.config.arrivals import (
    AnySource,
    FileArrival,
    FolderArrival,
    SqlArrival,
    Windowed,
    asked_from,
)
from driftloop.snapshots.delivery import Arrival
from driftloop.snapshots.read_table import refuse_pipe
from driftloop.snapshots.reading import file_digest, read_arrival
from tasks.runtime.job import Job
from tasks.snapshots.query import query_arrival
from tasks.snapshots.stored_tables import stored_arrival


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where to look, and which tag holds a known file, by its digest; `skipped` is added to.

    `columns` are those of the batches, `texts` the columns of text among them, and `held` returns
    the values of one.
    """

    job: Job
    source: Path | None
    since: datetime | None
    known: Mapping[str, str]
    columns: frozenset[str]
    texts: frozenset[str]
    held: Callable[[str], frozenset[str]]
    skipped: list[str] = field(default_factory=list)


def arrivals_in(inbox: Inbox) -> Iterator[Arrival]:
    """Yield what arrived and is in no snapshot yet; files in the order of their names.

    Predictions with a source of their own come after the rows that they are of.

    Raises:
        ConfigError: if no source is set, or one cannot be asked.
        DataError: if a file, folder or table is missing or cannot be read.
        UnavailableError: if a database or object storage does not answer.
    """
    settings = inbox.job.config.arrivals
    if inbox.source is not None or settings.source is not None or settings.predictions is None:
        yield from _from_source(inbox, settings.source)
    if inbox.source is None and settings.predictions is not None:
        for arrival in _from_source(inbox, settings.predictions):
            yield replace(arrival, predictions=True)


def _from_source(inbox: Inbox, source: AnySource | None) -> Iterator[Arrival]:
    if inbox.source is None and isinstance(source, Windowed):
        yield from _asked(inbox, source)
        return
    seen: set[str] = set()
    for path in _files(inbox, source):
        digest = file_digest(path)
        if digest in inbox.known:
            inbox.skipped.append(f"{path.name}: already in snapshot {inbox.known[digest]}")
        elif digest in seen:
            inbox.skipped.append(f"{path.name}: the same as a file before it")
        else:
            seen.add(digest)
            yield from _with_rows(inbox, read_arrival(path, digest, inbox.texts, inbox.held))


def _with_rows(inbox: Inbox, arrival: Arrival) -> Iterator[Arrival]:
    if arrival.table.num_rows:
        yield arrival
    else:
        inbox.skipped.append(f"{arrival.name}: holds no rows")


def _asked(inbox: Inbox, source: Windowed) -> Iterator[Arrival]:
    config = inbox.job.config
    end = floor_to(inbox.job.as_of, Span(1, "day"))
    start = inbox.since or asked_from(source, end, config.data.label_delay, config.arrivals.every)
    if start >= end:
        raise DataError(
            f"since {start:%Y-%m-%d} is not before the end of the window, {end:%Y-%m-%d}"
        )
    window = Window(start, end)
    if isinstance(source, SqlArrival):
        yield from _with_rows(inbox, query_arrival(source, window))
    else:
        yield from _with_rows(inbox, stored_arrival(source, window, config, inbox.columns))


def _files(inbox: Inbox, settings: AnySource | None) -> list[Path]:
    """Return the file, or those of the folder that the pattern fits; hidden ones are left out.

    Raises:
        DataError: if the folder is not there, or what would be read is not a regular file.
    """
    place, pattern = inbox.source, "*.*"
    if place is None:
        if not isinstance(settings, FileArrival | FolderArrival):
            raise ConfigError(
                f"arrivals.source of {inbox.job.model} is not set; say there where data arrive, or "
                "choose a file or folder with --source"
            )
        place = (inbox.job.workspace.root / Path(settings.path).expanduser()).resolve()
        if isinstance(settings, FileArrival):
            refuse_pipe(place)
            return [place]
        if not place.is_dir():
            raise DataError(f"{place}: no such folder; make it, or correct arrivals.source.path")
        pattern = settings.pattern
    if not place.is_dir():
        refuse_pipe(place)
        return [place]
    paths = sorted(path for path in place.glob(pattern) if not path.name.startswith("."))
    for path in paths:
        refuse_pipe(path)
    return [path for path in paths if path.is_file()]
