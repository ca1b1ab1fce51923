"""Reading a file that arrived: CSV, Parquet, or one JSON object a line."""

import hashlib
import json
from collections.abc import Container
from pathlib import Path

import pyarrow as pa

from driftloop.base.errors import DataError, reason
from driftloop.profiling.whole_numbers import array_of
from driftloop.snapshots.delivery import Arrival
from driftloop.snapshots.read_table import check_file, long_floats, read_file, whole_block


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, by which it is known again under any name.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file; name one with arrivals.source or --source"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_arrival(path: Path, digest: str, texts: Container[str]) -> Arrival:
    """Return what a file holds.

    Args:
        path: CSV, Parquet or NDJSON, told apart by the content.
        digest: of the content, taken before.
        texts: columns that a CSV is read as text in.

    Raises:
        DataError: if it is none of them, or was written to meanwhile.
    """
    table, lines = _read_lines(path) if _is_json(path) else read_file(path, texts)
    if file_digest(path) != digest:
        raise DataError(
            f"{path}: was written to while it was read; write files under another name and rename "
            "them when they are whole, then run it again"
        )
    return Arrival(str(path), table, digest, lines)


def _is_json(path: Path) -> bool:
    check_file(path)
    with path.open("rb") as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _read_lines(path: Path) -> tuple[pa.Table, bool]:
    try:
        table = _parse_lines(path)
        if long := long_floats(table):
            table = _with_whole_numbers(path, table, long)
        return table, False
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: is no NDJSON that can be read ({reason(error)}); write one object a line, "
            "with one type of value a field"
        ) from error


def _parse_lines(path: Path) -> pa.Table:
    """Return the parsed table; only a file with an object larger than a block is read as one."""
    from pyarrow import json as arrow_json

    try:
        return arrow_json.read_json(path)
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise
        whole = arrow_json.ReadOptions(block_size=whole_block(path))
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
