"""Profiles on disk: a folder with a small Arrow table and the sorted values of all features.

The values are mapped into memory a feature at a time, so that a run touches only the few pages it
looks something up in.
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

if TYPE_CHECKING:
    import pyarrow as pa

TABLE, VALUES = "features.arrow", "values.f64"
_MAPPED_FROM = 65_536
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
    """Write a profile, one feature after the other; the folder appears once it is complete."""
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        records, digest = [], hashlib.sha256()
        with (partial / VALUES).open("wb") as file:
            for name, column in columns:
                records.append({"name": name, **_record(column, file, digest)})
        facts = {"key": key, "rows": str(rows), "values": digest.hexdigest()}
        _write_table(partial / TABLE, records, facts)
        if folder.exists():  # another run was quicker with the same content
            return read_profile(folder, key)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_profile(folder, key)


def read_profile(folder: Path, key: str, thorough: bool = False) -> StoredProfile:
    """Return a profile on disk.

    Args:
        folder: where it is.
        key: what it has to be the profile of.
        thorough: read all values and hold them against their digest, as after a download.

    Raises:
        SnapshotError: if it is not that profile, or not whole.
    """
    import pyarrow as pa

    try:
        table = _table(folder)
        facts = {one.decode(): two.decode() for one, two in table.schema.metadata.items()}
        size = 8 * sum(one or 0 for one in table.column("length").to_pylist())
        whole = facts["key"] == key and (folder / VALUES).stat().st_size == size
        if whole and thorough:
            with (folder / VALUES).open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == facts["values"]
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise SnapshotError(f"{folder}: no readable reference profile: {error}") from error
    if not whole:
        raise SnapshotError(f"{folder}: the reference profile is damaged; delete the folder")
    return StoredProfile(folder, int(facts["rows"]))


def _record(column: ColumnReference, file: BinaryIO, digest: Any) -> dict[str, Any]:
    if isinstance(column, UnreadableColumn):
        return {"kind": "unreadable", "reason": column.reason, "missing": column.rows}
    common = {
        "kind": _KINDS[type(column)],
        "missing": column.missing,
        "effects": list(column.variation.effects),
        "gaps": list(column.variation.missing),
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


def _schema(facts: dict[str, str]) -> "pa.Schema":
    import pyarrow as pa

    whole, number = pa.int64(), pa.float64()
    kinds = {
        **dict.fromkeys(("name", "kind", "reason"), pa.string()),
        **dict.fromkeys(("missing", "start", "length", "distinct"), whole),
        "scale": number,
        **dict.fromkeys(("edges", "effects", "gaps"), pa.large_list(number)),
        **dict.fromkeys(("below", "bins", "ladder", "tails", "counts"), pa.large_list(whole)),
        "levels": pa.large_list(pa.large_string()),
    }
    return pa.schema(list(kinds.items()), metadata=facts)


def _write_table(path: Path, records: list[dict[str, Any]], facts: dict[str, str]) -> None:
    import pyarrow as pa

    schema = _schema(facts)
    table = pa.table(
        {one.name: pa.array([row.get(one.name) for row in records], one.type) for one in schema},
        schema=schema,
    )
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(table)


@lru_cache(maxsize=8)
def _table(folder: Path) -> "pa.Table":
    """A profile is named by its content, so what was read once stays true."""
    import pyarrow as pa

    with pa.memory_map(str(folder / TABLE)) as source:
        return pa.ipc.open_file(source).read_all().combine_chunks()


@lru_cache(maxsize=8)
def _places(folder: Path) -> dict[str, int]:
    return {name: place for place, name in enumerate(_table(folder).column("name").to_pylist())}


@lru_cache(maxsize=256)
def _single(folder: Path, column: str) -> list[Any]:
    values: list[Any] = _table(folder).column(column).to_pylist()
    return values


@lru_cache(maxsize=256)
def _many(folder: Path, column: str) -> tuple[Any, Any]:
    """Return where the list of each feature begins, and all lists in one array."""
    lists = _table(folder).column(column).chunk(0)
    return lists.offsets.to_numpy(), lists.values.to_numpy(zero_copy_only=False)


def _column(folder: Path, name: str) -> ColumnReference:
    place = _places(folder)[name]

    def one(column: str) -> Any:
        return _single(folder, column)[place]

    def many(column: str) -> Any:
        starts, values = _many(folder, column)
        return values[starts[place] : starts[place + 1]]

    kind, missing = one("kind"), one("missing")
    if kind == "unreadable":
        return UnreadableColumn(one("reason"), missing)
    variation = Variation(tuple(many("effects").tolist()), tuple(many("gaps").tolist()))
    if kind == "categorical":
        return CategoricalReference(many("levels"), many("counts"), missing, variation)
    return NumericReference(
        values=_values(folder / VALUES, one("start"), one("length")),
        missing=missing,
        edges=many("edges"),
        below=many("below"),
        bins=many("bins"),
        cdf_points=many("ladder"),
        tails=many("tails"),
        scale=one("scale"),
        distinct=one("distinct"),
        variation=variation,
    )


def _values(path: Path, start: int, length: int) -> Numbers:
    if length < _MAPPED_FROM:
        return np.fromfile(path, np.float64, length, offset=8 * start)
    return np.memmap(path, np.float64, "r", 8 * start, (length,))
