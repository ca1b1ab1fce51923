"""Arrived data, checked against the configuration: taken whole, or refused in one line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driftloop.base.errors import join_names, valid_choices
from driftloop.base.periods import format_time, naive
from driftloop.config.model_config import ModelConfig
from driftloop.performance.target import class_text
from driftloop.profiling.whole_numbers import Column, holds_long
from driftloop.snapshots.check_table import check_header, check_identity
from driftloop.snapshots.odd_numbers import odd_numbers
from driftloop.snapshots.table_source import Source, fail
from driftloop.snapshots.time_column import parse_times
from driftloop.snapshots.types import family, fitted, plain


@dataclass(frozen=True, slots=True)
class Arrival:
    """Data as a source delivered it.

    `digest` identifies the content of a file. `lines` says whether row i stands in line i + 2.
    Of a table of `predictions` nothing else is taken.
    """

    name: str
    table: pa.Table
    digest: str | None = None
    lines: bool = False
    predictions: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """An arrival that may become part of a snapshot.

    `fills` are the columns of known rows that it fills in, where it brings no rows; `notes` say
    what was taken for missing.
    """

    name: str
    table: pa.Table
    fills: tuple[str, ...]
    dropped: tuple[str, ...]
    notes: tuple[str, ...] = ()


def check_arrival(
    arrival: Arrival,
    config: ModelConfig,
    schema: pa.Schema,
    now: datetime,
    classes: frozenset[str] = frozenset(),
) -> Delivery:
    """Return the delivery: times in UTC without zone, columns as the batches hold them.

    `schema` has the declared types of the batches, empty where there is none. No row can be later
    than `now`. `classes` are those of the labels that the batches hold.
    """
    source = Source(Path(arrival.name), lines=arrival.lines)
    names = arrival.table.column_names
    check_header(source.path, names)
    fills, dropped = _filled(source, arrival, config), tuple[str, ...]()
    used = [str(config.data.key), *fills]
    if not fills:
        check_present(source, config, names)
        if config.arrivals.extra_columns != "keep":
            known = {*config.columns, *schema.names}
            dropped = tuple(name for name in names if name not in known)
        used = [name for name in names if name not in dropped]
    table = plain(arrival.table.select(used))
    _check_types(source, table.schema, config)
    if config.data.time in used:
        table = _with_times(source, table, config.data.time, now)
    table, notes = _with_numbers(source, table, config)
    table = _typed(source, table, config, schema)
    identity = config.data.key or config.data.time
    column = table.column(identity)
    imprecise = pa.types.is_floating(column.type) and holds_long(column)
    other = "or set data.key to the column that identifies rows"
    if arrival.predictions:
        other = "as predictions are joined by it"
    check_identity(source, identity, column.to_pandas(), other, imprecise)
    _check_label(source, table, config, classes)
    return Delivery(arrival.name, table, fills, dropped, notes)


def _filled(source: Source, arrival: Arrival, config: ModelConfig) -> tuple[str, ...]:
    """Return the columns of known rows that an arrival fills in; none where it brings rows.

    Raises:
        DataError: if predictions cannot be joined, or a table of them lacks a column.
    """
    data, names = config.data, arrival.table.column_names
    served = data.predictions.names if data.predictions else ()
    if arrival.predictions:
        for name in (str(data.key), *served):
            if name not in names:
                fail(
                    source.path,
                    f"no column {name!r} in this table of predictions, which are joined by "
                    f"data.key {data.key!r}; {valid_choices(name, names)}",
                )
        return served
    features = {*config.features.numeric, *config.features.categorical}
    late = tuple(name for name in (data.label, *served) if name in names)
    return late if data.key in names and not features & {*names} else ()


def text_columns(config: ModelConfig, schema: pa.Schema) -> set[str]:
    """Return the columns that a CSV is read as text in, so that the code 007 stays 007."""
    if not schema.names:  # the first batch: what is not a quantity is kept as it is written
        key = {config.data.key} if config.data.key else set()
        return {config.data.time, *key, *config.features.categorical}
    texts = {field.name for field in schema if family(field.type) == "text"}
    version = config.data.predictions.version if config.data.predictions else None
    if version and version not in schema.names:
        texts.add(version)
    return {config.data.time, *texts}


def check_present(source: Source, config: ModelConfig, names: list[str]) -> None:
    """Refuse a table without a column that the configuration uses, unless it comes later."""
    data = config.data
    late = {data.label} if data.label_delay.count > 0 else set[str]()
    if data.predictions and config.arrivals.predictions:
        late.update(data.predictions.names)
    for name in config.columns:
        if name not in names and name not in late:
            fail(
                source.path,
                f"no column {name!r}, which the configuration uses; {valid_choices(name, names)}",
            )


def _check_types(source: Source, schema: pa.Schema, config: ModelConfig) -> None:
    """Refuse lists, records and bytes where a model reads."""
    for field in schema:
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


def _with_times(source: Source, table: pa.Table, time: str, now: datetime) -> pa.Table:
    frame = table.select([time]).to_pandas(ignore_metadata=True, date_as_object=False)
    times = parse_times(replace(source, table=frame), time)
    source.refuse(
        time,
        times > pd.Timestamp(naive(now)),
        lambda row: f"{times.iloc[row]} is in the future (it is {format_time(now)} UTC)",
        "a time without a zone is taken as UTC: write its zone, or correct it",
    )
    column = pa.chunked_array([pa.array(times.to_numpy(), pa.timestamp("us"))])
    return table.set_column(table.schema.get_field_index(time), time, column)


def _with_numbers(
    source: Source, table: pa.Table, config: ModelConfig
) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the table with numbers for numeric features that came as text, and notes on them."""
    notes = []
    for place, field in enumerate(table.schema):
        if field.name in config.features.numeric and family(field.type) == "text":
            odd = odd_numbers(source, field.name, table.column(place), "or take the file out")
            if odd is not None:
                table = table.set_column(place, field.name, odd.numbers)
                notes += [f"{source.path.name}, {odd.note(field.name)}"] if odd.missing else []
    return table, tuple(notes)


def _typed(source: Source, table: pa.Table, config: ModelConfig, schema: pa.Schema) -> pa.Table:
    """Return the table with the types of the batches, and numbers where numbers are declared."""
    served = config.data.predictions
    numbers = {*config.features.numeric, served.score if served else None}
    classes = {config.data.label, served.decision if served else None}
    for place, field in enumerate(table.schema):
        name, column = field.name, table.column(place)
        if name == config.data.time:
            continue
        if name in schema.names and family(schema.field(name).type) != "null":
            column = fitted(source, name, column, schema.field(name).type)
        elif name in numbers and family(column.type) not in ("int", "float"):
            column = fitted(source, name, column, pa.float64())
        elif name in classes and family(column.type) == "bool":
            column = column.cast(pa.int64())  # a batch with a gap would make it text
        table = table.set_column(place, name, column)
    return table


def held_values(paths: Iterable[Path], name: str) -> frozenset[str]:
    """Return the classes or categories that a column takes in batches."""
    values: set[str] = set()
    for path in paths:
        if name in pq.read_schema(path).names:
            values |= _classes(plain(pq.read_table(path, columns=[name])).column(0))
    return frozenset(values)


def _classes(column: Column) -> set[str]:
    return {class_text(value.as_py()) for value in pc.unique(column.drop_null())}


def _check_label(
    source: Source, table: pa.Table, config: ModelConfig, known: frozenset[str]
) -> None:
    name = config.data.label
    if name not in table.column_names:
        return
    column = table.column(name)
    if config.task == "regression":
        values = fitted(source, name, column, pa.float64())
        infinite = pc.is_inf(values).fill_null(False).to_numpy()
        source.refuse(name, infinite, lambda _: "the label is infinite", "correct it")
        return
    classes, binary = _classes(column), config.task == "binary"
    if binary and len(classes) > 2:
        fail(
            source.path,
            f"column {name!r} holds {len(classes)} classes ({join_names(sorted(classes), 6)}), and "
            "task is binary; correct the labels, or set task: multiclass",
        )
    new, all_classes = classes - known, classes | known
    if known and new and (len(all_classes) > 2 if binary else not classes & known):
        fail(
            source.path,
            f"column {name!r} holds classes never seen before ({join_names(sorted(new), 6)}), and "
            f"the batches hold {join_names(sorted(known), 6)}; write the classes as there, or "
            "make a model of its own for the new ones",
        )
