"""Reading a CSV or Parquet file as one table in time order."""

import csv
import re
import shlex
from collections.abc import Container, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driftloop.base.errors import DataError
from driftloop.profiling.whole_numbers import Column, holds_long, text_to_numbers, to_frame
from driftloop.snapshots.check_table import check_columns, check_label, check_rows
from driftloop.snapshots.odd_numbers import odd_numbers
from driftloop.snapshots.options import Options
from driftloop.snapshots.served_log import check_served, with_empty_label
from driftloop.snapshots.table_source import Source, fail
from driftloop.snapshots.time_column import parse_times
from driftloop.snapshots.types import family, plain

_SEPARATORS = ",;\t|"
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP or Excel file; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"SQLi": "an SQLite database; export the table as CSV",
}
_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_UNNAMED = re.compile(r"^\s*$|^Unnamed: \d+$|^__index_level_\d+__$")
_HEAD_LINES = 50


def read_table(path: Path, options: Options) -> Source:
    """Return the file as a table whose rows, times, keys and labels are fit to train on.

    Fields that are empty, or NA, N/A, NaN or null without quotes, count as missing. Times come as
    UTC without zone.
    Columns that hold lists, records or bytes are set aside, and so are those in `options.drop`.
    """
    arrow, lines = read_file(path, {options.time})
    if arrow.num_rows == 0:
        fail(path, "holds a header and no rows; write at least some hundred rows")
    added = () if options.labelled else (options.label,)
    check_columns(path, [*arrow.column_names, *added], options)
    taken = _words_taken(path, arrow, options)
    arrow = with_empty_label(arrow, options) if added else arrow
    arrow, unusable = _set_aside(arrow.drop_columns(list(dict.fromkeys(options.drop))), options)
    arrow, notes = _with_numbers(Source(path, lines=lines), arrow, options)
    table = to_frame(arrow, ignore_metadata=True, date_as_object=False)
    source = Source(path, table, lines, unusable, (*options.notes, *taken, *notes))
    table[options.time] = parse_times(source, options.time)
    check_rows(source, options)
    for name in (options.label, options.predictions.get("decision")):
        if name:
            table[name] = _plain_label(table[name])
    check_label(source, options)
    if options.served is not None:
        check_served(source, options)
    return source


def read_file(path: Path, texts: Container[str], words: bool = True) -> tuple[pa.Table, bool]:
    """Return a CSV or Parquet file, and whether row number i stands in line i + 2 of it.

    Columns of a CSV that are among `texts` are read as text: 007 stays 007. Without `words` NA and
    its like are text, too.
    """
    if not check_file(path).startswith(_PARQUET):
        return _read_csv(path, texts, words)
    try:
        return pq.read_table(path), False
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: is not a readable Parquet file ({_line(error)}); write it again"
        ) from error


def refuse_pipe(path: Path) -> None:
    """Refuse a pipe, a socket or a device: reading it may never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        fail(path, "is a pipe, a socket or a device; put a regular file there, or move it away")


def check_file(path: Path) -> bytes:
    """Refuse what is not a table of text or Parquet, and return the first bytes."""
    if path.is_dir():
        fail(path, "is a folder; choose one CSV or Parquet file")
    refuse_pipe(path)
    if not path.is_file():
        fail(path, "no such file")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        fail(path, "is empty; write a CSV with a header line, or Parquet")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            fail(path, f"is not a table but {what}")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        fail(path, "is UTF-16 text; save it as UTF-8")
    if b"\x00" in head and not head.startswith(_PARQUET):
        fail(path, "is not a table: it holds binary data and is not Parquet; write CSV or Parquet")
    return head


def _read_csv(path: Path, texts: Container[str], words: bool) -> tuple[pa.Table, bool]:
    """Return the table, and whether row number i stands in line i + 2."""
    head = _head(path)
    separator = _separator(path, head)
    header = next(_fields(head, separator))
    spelled = [name for name in header if name.strip() in texts]  # spaces do not count
    point = _decimal_point(head, separator)
    parse = partial(_parse_csv, path, separator, point, words)
    try:
        table = parse(spelled, whole=False)
    except (pa.ArrowException, UnicodeDecodeError):
        try:
            table = parse(spelled, whole=True)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(_csv_error(path, error)) from error
    if long := long_floats(table):
        again = parse([*spelled, *long], whole=True)
        table = _with_long_numbers(table, again)
    for field in table.schema:
        if pa.types.is_binary(field.type):
            fail(path, _not_utf8(f"column {field.name!r}"))
    return _trimmed(table), _physical_lines(path) == table.num_rows + 1


def long_floats(table: pa.Table) -> list[str]:
    """Return the columns read as floats in which a whole number may have lost its last digits."""
    return [
        field.name
        for field, column in zip(table.schema, table.columns, strict=True)
        if pa.types.is_floating(field.type) and holds_long(column)
    ]


def _with_long_numbers(table: pa.Table, as_text: pa.Table) -> pa.Table:
    """Take columns of whole numbers from a table that was read as text, to the last digit."""
    for place, (field, text) in enumerate(zip(table.schema, as_text.columns, strict=True)):
        if field.type != text.type and (whole := text_to_numbers(text)) is not None:
            table = table.set_column(place, field.name, whole)
    return table


def _parse_csv(
    path: Path, separator: str, point: str, words: bool, as_text: list[str], whole: bool
) -> pa.Table:
    """Return the parsed table, of a file that is read as one block or by small ones.

    A row must not be larger than a block. A single thread counts rows, so that it can point to a
    faulty line. It also avoids a deadlock of Arrow 18: where several threads fail at a row, one may
    block its pool, and if that has a single thread, everything that is read later hangs.
    """
    from pyarrow import csv as arrow_csv

    block = whole_block(path) if whole else None
    return arrow_csv.read_csv(
        path,
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=block),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            null_values=None if words else [""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,  # "NA" may be a country
            column_types=dict.fromkeys(as_text, pa.string()),
            decimal_point=point,
        ),
    )


def whole_block(path: Path) -> int:
    """Return the size of a block that holds a whole file, as far as Arrow goes."""
    return min(path.stat().st_size + 1, 2**31 - 1)


def _head(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(islice(file, _HEAD_LINES))
    except UnicodeDecodeError:
        raise DataError(f"{path}: {_not_utf8('it')}") from None


def _separator(path: Path, head: list[str]) -> str:
    """Return the separator that cuts the header and the lines after it into the most fields."""
    candidates = []
    for separator in _SEPARATORS:
        counts = [len(row) for row in _fields(head, separator) if row]
        agree = sum(count == counts[0] for count in counts)
        candidates.append((counts[0] > 1, agree, counts[0], separator))
    several, _, _, separator = max(candidates)
    if not several:
        fail(path, "is not a table: its header holds one column; separate columns by , ; | or tab")
    return separator


def _fields(lines: list[str], separator: str) -> Iterator[list[str]]:
    """Yield the fields of each row, however long they are."""
    csv.field_size_limit(2**31 - 1)
    yield from csv.reader(lines, delimiter=separator)


def _decimal_point(head: list[str], separator: str) -> str:
    """Return a comma where numbers are written 3,14, which another separator leaves room for."""
    cells = [cell.strip() for row in _fields(head[1:], separator) for cell in row]
    return "," if separator != "," and any(map(_DECIMAL_COMMA.match, cells)) else "."


def _trimmed(table: pa.Table) -> pa.Table:
    """Strip spaces around names and text; what is then empty is missing."""
    columns = table.columns
    for place, column in enumerate(columns):
        if pa.types.is_string(column.type):
            stripped = pc.utf8_trim_whitespace(column)
            columns[place] = pc.if_else(pc.equal(stripped, ""), None, stripped)
    return pa.table(columns, names=[name.strip() for name in table.column_names])


def _physical_lines(path: Path) -> int:
    count, last = 0, b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block
    return count + (not last.endswith(b"\n"))


def _set_aside(table: pa.Table, options: Options) -> tuple[pa.Table, dict[str, str]]:
    """Return the table without the columns that no model reads, and why each was left out."""
    table, unusable = plain(table), {}
    for field in table.schema:
        kind, unnamed = field.type, _UNNAMED.match(field.name)
        if unnamed:
            unusable[field.name] = "has no name, like the row index that pandas writes"
        elif pa.types.is_time(kind) or pa.types.is_duration(kind):
            unusable[field.name] = f"holds {kind}; write it as a number, such as minutes"
        elif family(kind) == "other":
            unusable[field.name] = f"holds {kind}; derive numbers or categories from it"
    if (adopted := options.adopted) is not None:
        others = [name for name in table.column_names if name not in adopted.columns]
        unusable |= dict.fromkeys(others, "the model does not read it")
    unusable = {name: why for name, why in unusable.items() if name not in options.roles}
    return table.drop_columns(list(unusable)), unusable


def _words_taken(path: Path, table: pa.Table, options: Options) -> tuple[str, ...]:
    """Return notes on words such as NA that count as missing in columns of text."""
    kept = table.drop_columns(list(dict.fromkeys(options.drop)))
    return tuple(
        f"{name}: cells such as {cells[0].as_py()!r} count as missing, {len(cells):,} in all; "
        "put them in quotes where they are values."
        for name, column in words_for_gaps(path, kept).items()
        if len(cells := column.drop_null())
    )


def words_for_gaps(path: Path, table: pa.Table) -> dict[str, Column]:
    """Return what a CSV holds where a column of text has gaps, and None everywhere else."""
    texts = [field.name for field in table.schema if family(field.type) == "text"]
    gaps = {name: pc.is_null(table.column(name)) for name in texts if table.column(name).null_count}
    if not gaps or check_file(path).startswith(_PARQUET):
        return {}
    written, _ = read_file(path, gaps, words=False)
    return {name: pc.if_else(gap, written.column(name), None) for name, gap in gaps.items()}


def _with_numbers(
    source: Source, table: pa.Table, options: Options
) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the table with numbers where text is numbers but for odd cells, and notes on them.

    Whole numbers that Parquet holds as text are meant to be text.
    """
    notes, typed = [], check_file(source.path).startswith(_PARQUET)
    for place, field in enumerate(table.schema):
        if family(field.type) != "text" or field.name in (*options.roles, *options.categorical):
            continue
        name = shlex.quote(field.name)
        drop = f"take it for text with --categorical {name}, or leave it out with --drop {name}"
        odd = odd_numbers(source, field.name, table.column(place), drop)
        meant = typed and odd and not odd.missing and pa.types.is_integer(odd.numbers.type)
        if odd is not None and not meant:
            table = table.set_column(place, field.name, odd.numbers)
            notes += [odd.note(field.name)] if odd.missing else []
    return table, tuple(notes)


def _plain_label(label: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return true and false as 1 and 0: a batch with a gap would turn them into text."""
    kinds = set(label.dropna().map(type)) if label.dtype == object else set()
    if label.dtype == bool or kinds == {bool}:
        return label.astype("boolean").astype("Int64")
    return label


def _csv_error(path: Path, error: Exception) -> str:
    match = _ROW.search(str(error))
    if isinstance(error, UnicodeDecodeError):
        return f"{path}: {_not_utf8('its header')}"
    if match:
        return (
            f"{path}: line {match[1]} has {match[3]} fields, the header {match[2]}; "
            "correct that line, or quote fields that hold the separator"
        )
    return f"{path}: is not a readable CSV ({_line(error)})"


def _not_utf8(what: str) -> str:
    return f"{what} is not UTF-8 text; save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]
