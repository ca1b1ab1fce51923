"""Deliveries merged into batches: known rows are brought up to date, new ones are added.

Rows are identified by `data.key`, or by the time where there is none. A row that is known stays in
the batch that holds it, and what is delivered of it replaces what is there; a missing label or
served prediction never erases a known one. A new row goes into the batch of its period.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driftloop.base.errors import DataError
from driftloop.base.periods import Every
from driftloop.profiling.whole_numbers import plain_decimals
from driftloop.snapshots.delivery import Delivery
from driftloop.snapshots.table_source import Source, fail
from driftloop.snapshots.time_column import period_starts
from driftloop.snapshots.types import fitted, plain

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns that a merge reads, and how long the period of a batch is."""

    time: str
    label: str
    key: str | None
    every: Every
    served: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The column that tells rows apart."""
        return self.key or self.time


@dataclass(slots=True)
class Staged:
    """Batches that a snapshot is going to change, written to `folder`, and the counts of rows.

    `dropped` are columns that were left out, and `notes` say what else became of deliveries.
    """

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    added: int = 0
    changed: int = 0
    labelled: int = 0
    corrected: int = 0
    predicted: int = 0
    dropped: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def merge(
    delivery: Delivery,
    roles: Roles,
    batches: Mapping[str, Path],
    staged: Staged,
    on_batch: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Write every batch that a delivery changes into the folder of `staged` and note it there.

    `batches` are those of the snapshot by name; where `staged` has one, that one counts. `on_batch`
    is called with how many batches were looked through, of how many.

    Raises:
        DataError: if rows of a batch cannot be told apart, a column's types do not go together,
            or a label is for a row that is nowhere.
    """
    staged.dropped.update(dict.fromkeys(delivery.dropped))
    staged.notes += delivery.notes
    ids = _ids(delivery.table.column(roles.identity))
    known = np.zeros(delivery.table.num_rows, bool)
    paths = {**batches, **staged.files}
    for done, (name, path) in enumerate(sorted(paths.items()), start=1):
        where = _positions(path, roles, ids, name)
        if (where >= 0).any():
            known[where[where >= 0]] = True
            _update(delivery, roles, (name, path), where, staged)
        on_batch(done, len(paths))
    fresh = delivery.table.filter(pa.array(~known))
    if fresh.num_rows and delivery.fills:
        _without_rows(delivery, roles, fresh, staged)
    elif fresh.num_rows:
        starts = period_starts(fresh.column(roles.time).to_numpy(), roles.every)
        for day in np.unique(starts):
            rows = fresh.filter(pa.array(starts == day))
            _append(delivery, roles, f"{day}.parquet", rows, paths, staged)


def _without_rows(delivery: Delivery, roles: Roles, fresh: pa.Table, staged: Staged) -> None:
    """Refuse labels of rows that no batch holds; a log may hold predictions of more rows than that.

    Raises:
        DataError: for labels, and where none of the predictions is of a known row.
    """
    first = f"the first with {roles.identity} {str(fresh.column(roles.identity)[0].as_py())[:40]!r}"
    if roles.label in delivery.fills:
        raise DataError(
            f"{delivery.name}: labels of {fresh.num_rows:,} rows that no batch holds, {first}; "
            "deliver these rows first, or take the labels out"
        )
    what = f"predictions of {fresh.num_rows:,} rows that no batch holds, {first}"
    if fresh.num_rows == delivery.table.num_rows:
        raise DataError(f"{delivery.name}: {what}; deliver these rows first, or correct data.key")
    staged.notes.append(f"{delivery.name}: {what}, were left out")


def _ids(column: pa.ChunkedArray) -> pa.Array:
    """Return the values that identify rows in a form that is the same in every batch."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(
            pa.timestamp("us")
        )
    elif pa.types.is_decimal(column.type):
        return _ids(plain_decimals(column))
    elif pa.types.is_integer(column.type):
        column = column.cast(pa.uint64() if column.type == pa.uint64() else pa.int64())
    else:
        column = column.cast(pa.large_string())
    return column.combine_chunks()


def _positions(path: Path, roles: Roles, ids: pa.Array, name: str) -> Rows:
    """Return for each row of a batch which delivered row it is, -1 for none."""
    if roles.identity not in pq.read_schema(path).names:
        raise DataError(
            f"batch {name} has no column {roles.identity!r}, which identifies rows; add it there, "
            "or choose another data.key"
        )
    held = _ids(pq.read_table(path, columns=[roles.identity]).column(0))
    if {held.type, ids.type} == {pa.int64(), pa.uint64()}:  # no type holds the values of both
        held, ids = held.cast(pa.large_string()), ids.cast(pa.large_string())
    if held.type != ids.type:
        raise DataError(
            f"batch {name}: column {roles.identity!r} holds {held.type} there and {ids.type} in "
            "what arrived; write one type"
        )
    where: Rows = pc.fill_null(pc.index_in(held, value_set=ids), -1).to_numpy().astype(np.int64)
    matched = where[where >= 0]
    if len(np.unique(matched)) < len(matched):
        raise DataError(
            f"batch {name} repeats a {roles.identity} that arrived again, so the rows cannot be "
            "told apart; remove the repeated rows, or set data.key to the column that identifies "
            "rows"
        )
    return where


def _update(
    delivery: Delivery, roles: Roles, batch: tuple[str, Path], where: Rows, staged: Staged
) -> None:
    """Bring the rows of one batch up to date."""
    name, path = batch
    old = plain(pq.read_table(path))
    hit = pa.array(where >= 0)
    take = pa.array(where, mask=where < 0)
    differs = np.zeros(len(where), bool)
    table, source = old, Source(Path(f"{delivery.name} in batch {name}"))
    for column in delivery.table.column_names:
        if column == roles.identity:
            continue
        new = delivery.table.column(column).take(take)
        missing = pa.chunked_array([pa.nulls(old.num_rows, new.type)])
        before = old.column(column) if column in old.column_names else missing
        kind = new.type if pa.types.is_null(before.type) else before.type
        new = fitted(source, column, new, kind)
        if column == roles.label or column in roles.served:
            late = int(pc.sum(pc.and_(pc.is_null(before), pc.is_valid(new))).as_py() or 0)
            staged.labelled += late if column == roles.label else 0
            staged.predicted += late if column in roles.served[:1] else 0
            new = pc.coalesce(new, before)
        before = before.cast(kind)
        if column == roles.label:
            staged.corrected += int(pc.sum(pc.not_equal(new, before)).as_py() or 0)
        merged = pc.if_else(hit, new, before)
        # Two gaps are the same.
        changed = pc.fill_null(pc.not_equal(merged, before), False)
        gaps = pc.not_equal(pc.is_null(merged), pc.is_null(before))
        differs |= pc.or_(changed, gaps).to_numpy()
        table = _with_column(table, column, merged)
    if differs.any():
        staged.changed += int(differs.sum())
        staged.files[name] = _write(table, roles, staged.folder / name)


def _append(
    delivery: Delivery,
    roles: Roles,
    name: str,
    rows: pa.Table,
    batches: Mapping[str, Path],
    staged: Staged,
) -> None:
    """Add rows to the batch of their period, which is made where it is missing."""
    staged.added += rows.num_rows
    path = staged.files.get(name) or batches.get(name)
    if path is not None:
        old, source = plain(pq.read_table(path)), Source(Path(delivery.name))
        for column in set(rows.column_names) & set(old.column_names):
            fit = fitted(source, column, rows.column(column), old.schema.field(column).type)
            rows = _with_column(rows, column, fit)
        try:
            rows = pa.concat_tables([old, rows], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            fail(source.path, f"cannot be joined with batch {name}: {error}")
    staged.files[name] = _write(rows, roles, staged.folder / name)


def _with_column(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    if place < 0:
        return table.append_column(name, column)
    return table.set_column(place, name, column)


def _write(table: pa.Table, roles: Roles, path: Path) -> Path:
    """Write a batch in order of time; the same rows give the same bytes."""
    order = [(roles.time, "ascending")]
    if roles.key:
        order.append((roles.key, "ascending"))
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = table.take(pc.sort_indices(table, sort_keys=order)).combine_chunks()
    pq.write_table(ordered.replace_schema_metadata(None), path, compression="zstd")
    return path
