"""Profiles on disk: a folder with a small Arrow table and the sorted values of all features.

The values are mapped into memory one feature at a time, so that a run touches only the few pages
that it reads.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from driftloop.base.errors import SnapshotError
from driftloop.profiling.columns import Numbers
from driftloop.profiling.reference_column import (
    CategoricalReference,
    ColumnReference,
    NumericReference,
    UnreadableColumn,
    Variation,
)
from driftloop.profiling.tall import expect_few

if TYPE_CHECKING:
    import pyarrow as pa

TABLE, VALUES = "features.arrow", "values.f64"
_TOGETHER = 8_000_000
"""Values of a profile up to which they are mapped into memory at once."""

_VARIATION = ("effects", "gaps", "effects_by_chance", "gaps_by_chance")
_KINDS = {NumericReference: "numeric", CategoricalReference: "categorical"}


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile on disk."""

    folder: Path
    rows: int

    def column(self, name: str) -> ColumnReference:
        """Return the reference side of a feature."""
        return _column(self.folder, name)


def write_profile(
    folder: Path, key: str, rows: int, columns: Iterable[tuple[str, ColumnReference]]
) -> StoredProfile:
    """Write a profile, one feature at a time; the folder appears once it is complete."""
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        records, digest = [], hashlib.sha256()
        with (partial / VALUES).open("wb") as file:
            for name, column in columns:
                records.append({"name": name, **_record(column, file, digest)})
        metadata = {"key": key, "rows": str(rows), "values": digest.hexdigest()}
        _write_table(partial / TABLE, records, metadata)
        if folder.exists():  # another run has written the same content
            return read_profile(folder, key)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_profile(folder, key)


def read_profile(folder: Path, key: str, thorough: bool = False) -> StoredProfile:
    """Return a profile on disk, or raise `SnapshotError`; `thorough` checks its values' digest."""
    import pyarrow as pa

    try:
        content = _content(folder)
        metadata, size = content.metadata, (folder / VALUES).stat().st_size
        intact = metadata["key"] == key and size == 8 * content.size
        if intact and thorough:
            with (folder / VALUES).open("rb") as file:
                intact = hashlib.file_digest(file, "sha256").hexdigest() == metadata["values"]
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise SnapshotError(f"{folder}: the reference profile cannot be read: {error}") from error
    if not intact:
        raise SnapshotError(f"{folder}: the reference profile is damaged; delete the folder")
    return StoredProfile(folder, int(metadata["rows"]))


def _record(column: ColumnReference, file: BinaryIO, digest: Any) -> dict[str, Any]:
    if isinstance(column, UnreadableColumn):
        return {"kind": "unreadable", "reason": column.reason, "missing": column.rows}
    common = {
        "kind": _KINDS[type(column)],
        "missing": column.missing,
        "effects": list(column.variation.effects),
        "gaps": list(column.variation.missing),
        "effects_by_chance": list(column.variation.effects_by_chance),
        "gaps_by_chance": list(column.variation.missing_by_chance),
        "course": column.variation.course,
        "settled": column.variation.settled,
    }
    if isinstance(column, CategoricalReference):
        return {**common, "levels": column.levels, "counts": column.counts}
    content = np.ascontiguousarray(column.values)
    start = file.tell() // 8
    file.write(content.data)
    digest.update(content.data)
    names = ("edges", "below", "bins", "tails", "scale", "distinct")
    numbers = {name: getattr(column, name) for name in names} | {"ladder": column.cdf_points}
    return {**common, **numbers, "start": start, "length": len(content)}


def _schema(metadata: dict[str, str]) -> "pa.Schema":
    import pyarrow as pa

    whole, number = pa.int64(), pa.float64()
    kinds = {
        **dict.fromkeys(("name", "kind", "reason", "course"), pa.string()),
        **dict.fromkeys(("missing", "start", "length", "distinct", "settled"), whole),
        "scale": number,
        **dict.fromkeys(("edges", *_VARIATION), pa.large_list(number)),
        **dict.fromkeys(("below", "bins", "ladder", "tails", "counts"), pa.large_list(whole)),
        "levels": pa.large_list(pa.large_string()),
    }
    return pa.schema(list(kinds.items()), metadata=metadata)


def _write_table(path: Path, records: list[dict[str, Any]], metadata: dict[str, str]) -> None:
    import pyarrow as pa

    table = pa.Table.from_pylist(records, schema=_schema(metadata))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


@dataclass(frozen=True, slots=True)
class _Content:
    """What is in a profile's table: scalars by column, and lists with where each feature's begin.

    `size` counts the values of all features.
    """

    metadata: dict[str, str]
    size: int
    positions: dict[str, int]
    scalars: dict[str, list[Any]]
    lists: dict[str, tuple[list[int], Any]]


@lru_cache(maxsize=8)
def _content(folder: Path) -> _Content:
    """Return the content, cached: a profile is named by it, so that it never changes."""
    import pyarrow as pa

    with pa.memory_map(str(folder / TABLE)) as source:
        table = pa.ipc.open_file(source).read_all().combine_chunks()
    scalars: dict[str, list[Any]] = {}
    lists: dict[str, tuple[list[int], Any]] = {}
    for field in table.schema:
        column = table.column(field.name).chunk(0)
        if pa.types.is_large_list(field.type):
            arrays = column.values.to_numpy(zero_copy_only=False)
            lists[field.name] = column.offsets.to_pylist(), arrays
        else:
            scalars[field.name] = column.to_pylist()
    positions = {name: index for index, name in enumerate(scalars["name"])}
    size = sum(length or 0 for length in scalars["length"])
    metadata = {key.decode(): text.decode() for key, text in table.schema.metadata.items()}
    return _Content(metadata, size, positions, scalars, lists)


def _column(folder: Path, name: str) -> ColumnReference:
    content = _content(folder)
    index = content.positions[name]

    def scalar(column: str) -> Any:
        return content.scalars[column][index]

    def array(column: str) -> Any:
        starts, values = content.lists[column]
        return values[starts[index] : starts[index + 1]]

    kind, missing = scalar("kind"), scalar("missing")
    if kind == "unreadable":
        return UnreadableColumn(scalar("reason"), missing)
    windows = (tuple(array(column).tolist()) for column in _VARIATION)
    variation = Variation(*windows, course=scalar("course"), settled=scalar("settled"))
    if kind == "categorical":
        return CategoricalReference(array("levels"), array("counts"), missing, variation)
    return NumericReference(
        values=_values(folder, content.size, scalar("start"), scalar("length")),
        missing=missing,
        edges=array("edges"),
        below=array("below"),
        bins=array("bins"),
        cdf_points=array("ladder"),
        tails=array("tails"),
        scale=scalar("scale"),
        distinct=scalar("distinct"),
        variation=variation,
    )


def _values(folder: Path, size: int, start: int, length: int) -> Numbers:
    """Return the values of a feature; of a large profile it maps its own, and lets go of them."""
    if length == 0:
        return np.zeros(0)
    if size <= _TOGETHER:
        return _mapped(folder)[start : start + length]
    return expect_few(np.memmap(folder / VALUES, np.float64, "r", 8 * start, (length,)))


@lru_cache(maxsize=8)
def _mapped(folder: Path) -> Numbers:
    return np.asarray(np.memmap(folder / VALUES, np.float64, "r"))
