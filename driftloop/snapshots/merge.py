"""Deliveries merged into batches: known rows are brought up to date, new ones are added.

What tells rows apart is `data.key`, or the time where there is none. A row that is known stays in
the batch that holds it, and what is delivered of it replaces what is there; a missing label never
erases a known one. A new row goes into the batch of its period.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
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
from driftloop.snapshots.table_source import fail
from driftloop.snapshots.time_column import period_starts
from driftloop.snapshots.types import fitted, place_named, plain

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Roles:
    """What a merge needs to know of the columns, and how long the period of a batch is."""

    time: str
    label: str
    key: str | None
    every: Every

    @property
    def identity(self) -> str:
        """The column that tells rows apart."""
        return self.key or self.time


@dataclass(slots=True)
class Staged:
    """Batches that a snapshot is going to change, and what was counted while they were made."""

    files: dict[str, Path] = field(default_factory=dict)
    added: int = 0
    changed: int = 0
    labelled: int = 0


def merge(
    delivery: Delivery,
    roles: Roles,
    batches: Mapping[str, Path],
    staging: Path,
    staged: Staged,
    on_batch: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Write every batch that a delivery changes into `staging` and note it in `staged`.

    Args:
        delivery: what was checked.
        roles: the columns and the period.
        batches: those of the snapshot by name; where `staged` has one, that one counts.
        staging: a folder of one's own.
        staged: is added to.
        on_batch: is told how many batches were looked through, of how many.

    Raises:
        DataError: if rows of a batch cannot be told apart, a column's types do not go together,
            or a label is for a row that is nowhere.
    """
    ids, known = _ids(delivery.table, roles), np.zeros(delivery.table.num_rows, bool)
    paths = {**batches, **staged.files}
    for done, (name, path) in enumerate(sorted(paths.items()), start=1):
        where = _positions(path, roles, ids, name)
        if (where >= 0).any():
            known[where[where >= 0]] = True
            _update(delivery, roles, (name, path), where, staging, staged)
        on_batch(done, len(paths))
    fresh = delivery.table.filter(pa.array(~known))
    if not fresh.num_rows:
        return
    if delivery.labels_only:
        _refuse_unknown(delivery, roles, fresh)
    for day, part in _by_period(fresh, roles):
        _append(delivery, roles, (f"{day}.parquet", part), batches, staging, staged)


def _refuse_unknown(delivery: Delivery, roles: Roles, fresh: pa.Table) -> None:
    first = str(fresh.column(roles.identity)[0].as_py())[:40]
    raise DataError(
        f"{delivery.name}: labels of {fresh.num_rows:,} rows that no batch holds, the first with "
        f"{roles.identity} {first!r}; deliver these rows first, or take the labels out"
    )


def _ids(table: pa.Table, roles: Roles) -> pa.Array:
    return _plain_ids(table.column(roles.identity))


def _plain_ids(column: pa.ChunkedArray) -> pa.Array:
    """Return what tells rows apart in a form that is the same in every batch."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(
            pa.timestamp("us")
        )
    elif pa.types.is_decimal(column.type):
        return _plain_ids(plain_decimals(column))
    elif pa.types.is_integer(column.type):
        column = column.cast(pa.uint64() if column.type == pa.uint64() else pa.int64())
    else:
        column = column.cast(pa.large_string())
    return column.combine_chunks()


def _positions(path: Path, roles: Roles, ids: pa.Array, name: str) -> Rows:
    """Return for each row of a batch which delivered row it is, -1 for none."""
    if roles.identity not in pq.read_schema(path).names:
        raise DataError(
            f"batch {name} has no column {roles.identity!r}, which tells rows apart; add it there, "
            "or name another data.key"
        )
    held = _plain_ids(pq.read_table(path, columns=[roles.identity]).column(0))
    if {held.type, ids.type} == {pa.int64(), pa.uint64()}:  # no type holds the values of both
        held, ids = held.cast(pa.large_string()), ids.cast(pa.large_string())
    if held.type != ids.type:
        raise DataError(
            f"batch {name}: column {roles.identity!r} holds {held.type} there and {ids.type} in "
            "what arrived; write one type"
        )
    where: Rows = pc.fill_null(pc.index_in(held, value_set=ids), -1).to_numpy().astype(np.int64)
    found = where[where >= 0]
    if len(np.unique(found)) < len(found):
        raise DataError(
            f"batch {name} repeats a {roles.identity} that arrived anew, so the rows cannot be "
            "told apart; remove the repeated rows, or name the column that identifies a row in "
            "data.key"
        )
    return where


def _update(
    delivery: Delivery,
    roles: Roles,
    batch: tuple[str, Path],
    where: Rows,
    staging: Path,
    staged: Staged,
) -> None:
    """Bring the rows of one batch up to date."""
    name, path = batch
    old = plain(pq.read_table(path))
    hit = pa.array(where >= 0)
    take = pa.array(where, mask=where < 0)
    differs = np.zeros(len(where), bool)
    table, source = old, place_named(f"{delivery.name} in batch {name}")
    for column in delivery.table.column_names:
        if column == roles.identity:
            continue
        new = delivery.table.column(column).take(take)
        before = _column_of(old, column, new.type)
        kind = new.type if pa.types.is_null(before.type) else before.type
        new = fitted(source, column, new, kind)
        if column == roles.label:
            late = pc.and_(pc.is_null(before), pc.is_valid(new))
            staged.labelled += int(pc.sum(late).as_py() or 0)
            new = pc.coalesce(new, before)
        merged = pc.if_else(hit, new, before.cast(kind))
        differs |= _different(merged, before.cast(kind))
        table = _with_column(table, column, merged)
    if differs.any():
        staged.changed += int(differs.sum())
        staged.files[name] = _write(table, roles, staging / name)


def _append(
    delivery: Delivery,
    roles: Roles,
    part: tuple[str, pa.Table],
    batches: Mapping[str, Path],
    staging: Path,
    staged: Staged,
) -> None:
    """Add rows to the batch of their period, which is made where it is missing."""
    name, rows = part
    path = staged.files.get(name) or batches.get(name)
    if path is not None:
        old = plain(pq.read_table(path))
        source = place_named(delivery.name)
        for column in set(rows.column_names) & set(old.column_names):
            kind = old.schema.field(column).type
            if not pa.types.is_null(kind):
                fit = fitted(source, column, rows.column(column), kind)
                rows = _with_column(rows, column, fit)
        try:
            rows = pa.concat_tables([old, rows], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            fail(Path(delivery.name), f"does not go together with batch {name}: {error}")
    staged.added += part[1].num_rows
    staged.files[name] = _write(rows, roles, staging / name)


def _column_of(table: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    if name in table.column_names:
        return table.column(name)
    return pa.chunked_array([pa.nulls(table.num_rows, kind)])


def _with_column(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    if place < 0:
        return table.append_column(name, column)
    return table.set_column(place, name, column)


def _different(one: pa.ChunkedArray, other: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Say of each row whether two columns differ; two gaps are the same."""
    values = pc.fill_null(pc.not_equal(one, other), False)
    gaps = pc.not_equal(pc.is_null(one), pc.is_null(other))
    found: npt.NDArray[np.bool_] = pc.or_(values, gaps).to_numpy()
    return found


def _by_period(table: pa.Table, roles: Roles) -> Iterator[tuple[date, pa.Table]]:
    """Yield the first day of each period that holds rows, and its rows."""
    starts = period_starts(table.column(roles.time).to_numpy(), roles.every)
    for day in np.unique(starts):
        yield day.item(), table.filter(pa.array(starts == day))


def _write(table: pa.Table, roles: Roles, path: Path) -> Path:
    """Write a batch in order of time; the same rows give the same bytes."""
    order = [(roles.time, "ascending")]
    if roles.key:
        order.append((roles.key, "ascending"))
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = table.take(pc.sort_indices(table, sort_keys=order)).combine_chunks()
    pq.write_table(ordered.replace_schema_metadata(None), path, compression="zstd")
    return path
