"""What arrived, checked against the configuration: taken whole, or refused in one line."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from driftloop.base.errors import join_names, valid_choices
from driftloop.base.periods import format_time, naive
from driftloop.config.model_config import ModelConfig
from driftloop.profiling.whole_numbers import holds_long
from driftloop.snapshots.table_source import Source, fail
from driftloop.snapshots.time_column import parse_times
from driftloop.snapshots.types import family, fitted, place_named, plain


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a source handed out, as it came.

    `digest` identifies the content of a file. `lines` says whether row i stands in line i + 2.
    """

    name: str
    table: pa.Table
    digest: str | None = None
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """An arrival that may become part of a snapshot.

    `labels_only` says that it fills labels in and brings no rows.
    """

    name: str
    table: pa.Table
    labels_only: bool
    dropped: tuple[str, ...]


def check_arrival(
    arrival: Arrival, config: ModelConfig, schema: pa.Schema, now: datetime
) -> Delivery:
    """Return the delivery: times in UTC without zone, columns as the batches hold them.

    Args:
        arrival: what came.
        config: says which columns there have to be.
        schema: of the newest batch; empty where there is none.
        now: the moment after which no row can have happened.

    Raises:
        DataError: naming the source, the column, the value and the mend.
    """
    source = place_named(arrival.name, arrival.lines)
    names = arrival.table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fail(source.path, f"names {join_names(map(repr, twice))} more than once; rename one")
    labels_only = _labels_only(config, names)
    _check_there(source, config, names, labels_only)
    kept, dropped = _kept(config, names, schema, labels_only)
    table = _unnested(source, plain(arrival.table.select(kept)), config)
    if config.data.time in kept:
        table = _with_times(source, table, config.data.time, now)
    table = _typed(source, table, config, schema)
    _check_identity(source, table, config.data.key or config.data.time)
    _check_label(source, table, config)
    return Delivery(arrival.name, table, labels_only, dropped)


def text_columns(config: ModelConfig, schema: pa.Schema) -> set[str]:
    """Return the columns that a CSV is read as text in, so that the code 007 stays 007."""
    if not schema.names:  # the first batch: what is no quantity is kept as it is written
        key = {config.data.key} if config.data.key else set()
        return {config.data.time, *key, *config.features.categorical}
    held = {field.name for field in schema if family(field.type) == "text"}
    return {config.data.time, *held}


def _labels_only(config: ModelConfig, names: list[str]) -> bool:
    """Say whether these columns are a key and its label, and no feature."""
    features = {*config.features.numeric, *config.features.categorical}
    return config.data.key in names and config.data.label in names and not features & set(names)


def _check_there(source: Source, config: ModelConfig, names: list[str], labels_only: bool) -> None:
    if labels_only:
        return
    late = config.data.label_delay.count > 0
    needed = [name for name in config.columns if name != config.data.label or not late]
    for name in needed:
        if name not in names:
            fail(
                source.path,
                f"no column {name!r}, which the configuration names; {valid_choices(name, names)}",
            )


def _kept(
    config: ModelConfig, names: list[str], schema: pa.Schema, labels_only: bool
) -> tuple[list[str], tuple[str, ...]]:
    if labels_only:
        kept = [config.data.key, config.data.label]
        return [name for name in kept if name], ()
    known = {*config.columns, *schema.names}
    if config.arrivals.extra_columns == "keep":
        return names, ()
    return [name for name in names if name in known], tuple(
        name for name in names if name not in known
    )


def _unnested(source: Source, table: pa.Table, config: ModelConfig) -> pa.Table:
    """Refuse lists, records and bytes where a model reads."""
    for field in table.schema:
        if field.name in config.columns and family(field.type) == "other":
            fail(
                source.path,
                f"column {field.name!r} holds {field.type}; derive numbers or categories from it",
            )
        if field.name in config.features.categorical and family(field.type) == "time":
            fail(
                source.path,
                f"column {field.name!r} holds dates, declared categorical; derive a feature from "
                "it, such as the day of the week",
            )
    return table


def _with_times(source: Source, table: pa.Table, time: str, now: datetime) -> pa.Table:
    frame = table.select([time]).to_pandas(ignore_metadata=True, date_as_object=False)
    told = Source(source.path, frame, source.lines, {})
    times = parse_times(told, time).to_numpy()
    late = times > np.datetime64(naive(now), "us")
    if late.any():
        row = int(np.argmax(late))
        fail(
            source.path,
            f"column {time!r}, {source.place(row)}: {pd.Timestamp(times[row]):%Y-%m-%d %H:%M:%S} "
            f"is in the future (it is {format_time(now)} UTC; {int(late.sum()):,} such rows); a "
            "time without a zone is taken as UTC: write its zone, or correct it",
        )
    place = table.schema.get_field_index(time)
    return table.set_column(place, time, pa.chunked_array([pa.array(times, pa.timestamp("us"))]))


def _typed(source: Source, table: pa.Table, config: ModelConfig, schema: pa.Schema) -> pa.Table:
    """Return the table with the types of the batches, and numbers where numbers are declared."""
    for place, field in enumerate(table.schema):
        name, column = field.name, table.column(place)
        if name == config.data.time:
            continue
        if name in schema.names and family(schema.field(name).type) != "null":
            column = fitted(source, name, column, schema.field(name).type)
        elif name in config.features.numeric and family(column.type) not in ("int", "float"):
            column = fitted(source, name, column, pa.float64())
        elif name == config.data.label and family(column.type) == "bool":
            column = column.cast(pa.int64())  # a batch with a gap would make it text
        table = table.set_column(place, name, column)
    return table


def _check_identity(source: Source, table: pa.Table, name: str) -> None:
    column = table.column(name)
    if column.null_count:
        row = int(np.argmax(pc.is_null(column).to_numpy(zero_copy_only=False)))
        fail(
            source.path,
            f"column {name!r}, {source.place(row)}: the value is missing ({column.null_count:,} "
            "such rows), and it tells rows apart; fill it in",
        )
    if pa.types.is_floating(column.type) and holds_long(column):
        fail(
            source.path,
            f"column {name!r} tells rows apart and holds floating-point numbers of 2^53 or more, "
            "which have lost their last digits; export it as whole numbers or as text",
        )
    again = column.to_pandas().duplicated().to_numpy()
    if again.any():
        row = int(np.argmax(again))
        fail(
            source.path,
            f"column {name!r}, {source.place(row)}: {str(column[row].as_py())[:40]!r} is there "
            f"already ({int(again.sum()):,} such rows), and it tells rows apart; remove repeated "
            "rows, or name the column that identifies a row in data.key",
        )


def _check_label(source: Source, table: pa.Table, config: ModelConfig) -> None:
    name = config.data.label
    if name not in table.column_names or config.task == "multiclass":
        return
    column = table.column(name)
    if config.task == "regression":
        values = fitted(source, name, column, pa.float64())
        endless = pc.is_inf(values).fill_null(False).to_numpy()
        if endless.any():
            where = source.place(int(np.argmax(endless)))
            fail(source.path, f"column {name!r}, {where}: the label is infinite; correct it")
        return
    classes = sorted(str(value.as_py()) for value in pc.unique(column.drop_null()))
    if len(classes) > 2:
        fail(
            source.path,
            f"column {name!r} holds {len(classes)} classes ({join_names(classes, 6)}), and task is "
            "binary; correct the labels, or set task: multiclass",
        )
