"""The Parquet files of the speed benchmark: a reference and a current file, the same every time."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.paths import DATA
from benchmarks.shapes import (
    SHAPE_NAMES,
    deviation,
    draw_codes,
    draw_shape,
    level_names,
    level_shares,
)

ROW_GROUP = 131_072
LEVELS = (3, 4, 5, 8, 10, 12, 16, 20, 30, 40)
DRIFTED_EVERY = 5
MEAN_SHIFT = 0.3
SCALE = 1.3
SHARE_SHIFT = 0.1


@dataclass(frozen=True, slots=True)
class Size:
    """How large a reference and a current window are, and the seed they are drawn with.

    They have the same number of rows unless `current` says otherwise, and are a file each, or
    a folder of files where `shard` says how many rows one has.
    """

    rows: int
    numeric: int
    categorical: int = len(LEVELS)
    seed: int = 20_240_501
    current: int = 0
    shard: int = 0

    @property
    def name(self) -> str:
        """A name for folders and messages, such as ``10000x20``."""
        return f"{self.rows}x{self.numeric}"

    @property
    def large(self) -> bool:
        """Whether it is one of those too large to be read as a whole."""
        return bool(self.current or self.shard)

    def rows_of(self, current: bool) -> int:
        """Return the rows of the current window or of the reference."""
        return self.current or self.rows if current else self.rows

    def path(self, home: Path, side: str) -> Path:
        """Return the file of a side, or the folder of its files."""
        return home / (side if self.shard else f"{side}.parquet")

    @property
    def numeric_names(self) -> list[str]:
        """The numeric columns, in order."""
        return [f"number_{index:03d}" for index in range(self.numeric)]

    @property
    def categorical_names(self) -> list[str]:
        """The categorical columns, in order."""
        return [f"category_{index:02d}" for index in range(self.categorical)]

    @property
    def drifted(self) -> list[str]:
        """The columns whose distribution differs between the two files: one in five."""
        return self.numeric_names[::DRIFTED_EVERY] + self.categorical_names[::DRIFTED_EVERY]


def numeric_column(
    size: Size, index: int, current: bool, rng: np.random.Generator, rows: int
) -> np.ndarray:
    """Draw values of one numeric column; drifted ones move by mean and by scale in turn."""
    values = draw_shape(index, rng, rows)
    if current and index % DRIFTED_EVERY == 0:
        by_mean = index // DRIFTED_EVERY % 2 == 0
        values = values + MEAN_SHIFT * deviation(index) if by_mean else values * SCALE
        if SHAPE_NAMES[index % len(SHAPE_NAMES)] == "poisson":
            # Counts stay counts: off the integers, the change would be of another kind.
            values = np.round(values)
    return values


def categorical_column(index: int, current: bool, rng: np.random.Generator, rows: int) -> pa.Array:
    """Draw one categorical column; drifted ones move a tenth of all rows to the rarest level."""
    levels = LEVELS[index % len(LEVELS)]
    shares = level_shares(levels)
    if current and index % DRIFTED_EVERY == 0:
        shares = shares * (1 - SHARE_SHIFT)
        shares[-1] += SHARE_SHIFT
    codes = pa.array(draw_codes(shares, rng, rows).astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, level_names(levels)).cast(pa.string())


def _row_groups(
    size: Size, heights: Sequence[int], schema: pa.Schema, current: bool
) -> Iterator[pa.Table]:
    """Draw the rows of a side, a row group at a time; none crosses from file to file."""
    # A stream for each column: a column's values do not depend on how many others there are.
    streams = [np.random.default_rng([size.seed, int(current), i]) for i in range(len(schema))]

    def column(place: int, rows: int) -> pa.Array:
        if place < size.numeric:
            return pa.array(numeric_column(size, place, current, streams[place], rows))
        return categorical_column(place - size.numeric, current, streams[place], rows)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for height in heights:
            for start in range(0, height, ROW_GROUP):
                rows = min(ROW_GROUP, height - start)
                drawn = pool.map(column, range(len(schema)), [rows] * len(schema))
                yield pa.table(list(drawn), schema=schema)


def _write(size: Size, path: Path, current: bool) -> None:
    names = size.numeric_names + size.categorical_names
    types = [pa.float64()] * size.numeric + [pa.string()] * size.categorical
    schema = pa.schema(list(zip(names, types, strict=True)))
    # Looking for repeated values takes most of the time to write, and most numbers have none.
    counts = size.numeric_names[SHAPE_NAMES.index("poisson") :: len(SHAPE_NAMES)]
    options = {"use_dictionary": counts + size.categorical_names} if size.large else {}
    total = size.rows_of(current)
    heights = [min(size.shard or total, total - i) for i in range(0, total, size.shard or total)]
    groups = _row_groups(size, heights, schema, current)
    with ThreadPoolExecutor(1) as behind:
        for number, height in enumerate(heights):
            file = path / f"{number:04d}.parquet" if size.shard else path
            file.parent.mkdir(exist_ok=True)
            with pq.ParquetWriter(file, schema, compression="snappy", **options) as writer:
                written = behind.submit(int)
                for table in islice(groups, -(-height // ROW_GROUP)):
                    written.result()  # one is written while the next is drawn
                    written = behind.submit(writer.write_table, table)
                written.result()


def make_files(size: Size, folder: Path = DATA) -> Path:
    """Write the reference and the current window unless they are there; return where."""
    home = folder / size.name
    note = home / "made.json"
    wanted = json.dumps(asdict(size) | {"version": 2})
    if note.exists() and note.read_text() == wanted:
        return home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for side in ("reference", "current"):
        _write(size, size.path(home, side), current=side == "current")
    note.write_text(wanted)
    return home
