"""Reading a file that arrived: CSV, Parquet, or one JSON object a line."""

import hashlib
from collections.abc import Container
from pathlib import Path

import pyarrow as pa

from driftloop.base.errors import DataError, reason
from driftloop.snapshots.delivery import Arrival
from driftloop.snapshots.read_table import check_file, read_file


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
    from pyarrow import json as arrow_json

    try:
        return arrow_json.read_json(path), False
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: is no NDJSON that can be read ({reason(error)}); write one object a line, "
            "with one type of value a field"
        ) from error
