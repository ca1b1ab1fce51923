"""Data that a new workspace is made of: those of an adopted model, rows and what was served."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driftloop.base.errors import DataError, valid_choices
from driftloop.base.periods import parse_time
from driftloop.base.workspace import Workspace
from driftloop.profiling.whole_numbers import lost_digits
from driftloop.snapshots.check_table import check_identity
from driftloop.snapshots.options import Adopted, Options
from driftloop.snapshots.read_table import read_file
from driftloop.snapshots.table_source import Source, fail
from driftloop.snapshots.time_column import parse_times
from driftloop.training.estimators import SAFE_TYPES
from tasks.registry.foreign import Trust, columns_read
from tasks.registry.models import fetch_model

_VARIABLE = "MLFLOW_TRACKING_URI"


def with_model(options: Options, uri: str, place: Workspace, trusted: bool) -> Options:
    """Return the options of a workspace whose model is there, with the columns that it reads.

    Raises:
        DataError: if no MLflow is named that holds it.
        TrainingError: if it cannot be loaded, is not trusted, or does not say what it reads.
    """
    if not Path(uri).is_dir() and not os.environ.get(_VARIABLE):
        raise DataError(f"set {_VARIABLE} to the MLflow that holds {uri}, or give a folder")
    with TemporaryDirectory() as into:
        folder = fetch_model(place, uri, Path(into))
        columns = columns_read(folder, uri, Trust(SAFE_TYPES, trusted))
    where = str(Path(uri).resolve()) if Path(uri).is_dir() else uri
    given = {*options.numeric, *options.categorical}
    numeric = [name for name, kind in columns.items() if kind not in ("", "object")]
    texts = [name for name, kind in columns.items() if kind == "object"]
    return replace(
        options,
        numeric=(*options.numeric, *(name for name in numeric if name not in given)),
        categorical=(*options.categorical, *(name for name in texts if name not in given)),
        adopted=Adopted(where, tuple(columns), trusted=trusted),
    )


def with_training_table(
    options: Options, data: Path, training: Path, into: Path
) -> tuple[Path, Options]:
    """Return one file of the rows that a model was trained on and of those since, in that order.

    Raises:
        DataError: if the second one holds no row that is newer than all of the first one.
    """
    seen, new = (_timed(file, options.time) for file in (training, data))
    last, newest = pc.max(seen[options.time]), pc.max(new[options.time])
    if newest.as_py() <= last.as_py() or options.adopted is None:
        raise DataError(f"{data}: holds no row that is newer than those of {training}")
    later = new.filter(pc.greater(new[options.time], last))
    file = into / f"{data.stem}.parquet"
    pq.write_table(pa.concat_tables([seen, later], promote_options="permissive"), file)
    end, stop = parse_time(last.as_py()), parse_time(newest.as_py())
    adopted = replace(options.adopted, until=end + timedelta(microseconds=1))
    middle = (end + (stop - end) / 2).date().isoformat()
    return file, replace(options, adopted=adopted, train_until=options.train_until or middle)


def with_predictions(options: Options, data: Path, log: Path, into: Path) -> tuple[Path, Options]:
    """Return one file of rows with what was served of them, joined by the key.

    A row without a prediction was not logged, and predictions of no row are left out.

    Raises:
        DataError: without a key, or if one of the files lacks it or repeats it, if the log lacks a
            column, or if both hold the same one.
    """
    key, served = options.key, options.predictions
    if key is None:
        raise DataError("give --key, the column by which predictions are joined to --data")
    tables = []
    for file, wanted in ((data, (key,)), (log, (key, *served.values()))):
        table, lines = read_file(file, {options.time, served.get("version", "")})
        for name in wanted:
            if name not in table.column_names:
                fail(file, f"has no column {name!r}; {valid_choices(name, table.column_names)}")
        column = table.column(key).to_pandas()
        source = Source(file, lines=lines)
        check_identity(source, key, column, "as predictions are joined by it", lost_digits(column))
        tables.append(table)
    rows, said = tables[0], tables[1].select([key, *served.values()])
    for name in served.values():
        if name in rows.column_names:
            fail(data, f"holds {name!r}, and so does {log}; take it out of one of them")
    if rows.schema.field(key).type != said.schema.field(key).type:
        kinds = [str(table.schema.field(key).type) for table in (rows, said)]
        fail(log, f"column {key!r} holds {kinds[1]}, and {kinds[0]} in {data}; write one type")
    where = pc.index_in(rows[key], value_set=said[key].combine_chunks())
    if (unlogged := where.null_count) == rows.num_rows:
        fail(log, f"none of its {key!r} is in {data}; name the column that both share with --key")
    unknown = said.num_rows - rows.num_rows + unlogged
    note = f"{rows.num_rows:,} rows joined with {log.name} by {key!r}: {unlogged:,} were not logged"
    note += f"; {unknown:,} predictions are of no row and left out" if unknown else ""
    for name in served.values():
        rows = rows.append_column(name, said[name].take(where))
    file = into / f"{data.stem}.parquet"
    pq.write_table(rows, file)
    return file, replace(options, notes=(*options.notes, f"{note}."))


def _timed(file: Path, time: str) -> pa.Table:
    """Return a file's table with its times as such, whichever way they are written."""
    table, lines = read_file(file, {time})
    if time not in table.column_names:
        raise DataError(f"{file}: has no column {time!r}, the one of --time")
    times = parse_times(Source(file, table.select([time]).to_pandas(), lines), time)
    place = table.column_names.index(time)
    return table.set_column(place, time, pa.array(times.to_numpy(), pa.timestamp("us")))
