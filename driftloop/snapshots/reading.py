"""Reading a file that arrived: CSV, Parquet, or one JSON object per line."""

import hashlib
import json
from collections.abc import Callable, Container
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from driftloop.base.errors import DataError, reason
from driftloop.profiling.whole_numbers import array_of
from driftloop.snapshots.delivery import Arrival
from driftloop.snapshots.read_table import (
    check_file,
    long_floats,
    read_file,
    whole_block,
    words_for_gaps,
)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, by which it is known again under any name."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; set arrivals.source or --source to one") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_arrival(
    path: Path,
    digest: str,
    texts: Container[str],
    held: Callable[[str], frozenset[str]] = lambda _: frozenset(),
) -> Arrival:
    """Return what a file of CSV, Parquet or NDJSON holds, which the content distinguishes.

    `digest` is of the content, taken before: a file that is written to meanwhile is refused. The
    columns `texts` of a CSV are read as text. `held` returns the values that a column has in the
    batches: a word such as NA among them is not a gap.
    """
    json_lines = check_file(path).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    table, lines = (_read_lines(path), False) if json_lines else read_file(path, texts)
    gaps = {} if json_lines else words_for_gaps(path, table)
    for name, words in gaps.items():
        values = held(name) if words.null_count < len(words) else frozenset[str]()
        if values:
            is_value = pc.is_in(words, pa.array(sorted(values), words.type))
            column = pc.if_else(is_value, words, table.column(name))
            table = table.set_column(table.schema.get_field_index(name), name, column)
    if file_digest(path) != digest:
        raise DataError(
            f"{path}: was written to while it was read; write files under another name and rename "
            "them when they are whole, then run it again"
        )
    return Arrival(str(path), table, digest, lines)


def _read_lines(path: Path) -> pa.Table:
    try:
        table = _parse_lines(path)
        long = long_floats(table)
        return _with_whole_numbers(path, table, long) if long else table
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: is not readable NDJSON ({reason(error)}); write one object per line, with "
            "one type of value per field"
        ) from error


def _parse_lines(path: Path) -> pa.Table:
    """Return the parsed table; only a file with an object larger than a block is read as one.

    By a single thread, for the same reason as a CSV.
    """
    from pyarrow import json as arrow_json

    try:
        return arrow_json.read_json(path, arrow_json.ReadOptions(use_threads=False))
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise
        whole = arrow_json.ReadOptions(use_threads=False, block_size=whole_block(path))
        return arrow_json.read_json(path, whole)


def _with_whole_numbers(path: Path, table: pa.Table, names: list[str]) -> pa.Table:
    """Read long whole numbers to the last digit; fields with a fraction or exponent stay floats."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            rows = [json.loads(line) for line in file if line.strip()]
    except ValueError:  # several objects in a line
        return table
    for name in names:
        values = [row.get(name) for row in rows]
        whole = all(type(value) is int for value in values if value is not None)
        if whole and len(values) == table.num_rows:
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, pa.chunked_array([array_of(values)]))
    return table
