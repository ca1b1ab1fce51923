"""The Parquet files of the speed benchmark: a reference and a current file, the same every time."""

import json
import shutil
from dataclasses import asdict, dataclass
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
    """How large a pair of files is, and the seed it is drawn with."""

    rows: int
    numeric: int
    categorical: int = len(LEVELS)
    seed: int = 20_240_501

    @property
    def name(self) -> str:
        """A name for folders and messages, such as ``10000x20``."""
        return f"{self.rows}x{self.numeric}"

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
    return pa.array(level_names(levels)[draw_codes(shares, rng, rows)], pa.string())


def _write(size: Size, path: Path, current: bool) -> None:
    names = size.numeric_names + size.categorical_names
    # A stream for each column: a column's values do not depend on how many others there are.
    streams = [np.random.default_rng([size.seed, int(current), i]) for i in range(len(names))]
    types = [pa.float64()] * size.numeric + [pa.string()] * size.categorical
    schema = pa.schema(list(zip(names, types, strict=True)))
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        for start in range(0, size.rows, ROW_GROUP):
            rows = min(ROW_GROUP, size.rows - start)
            columns = [
                pa.array(numeric_column(size, i, current, rng, rows))
                if i < size.numeric
                else categorical_column(i - size.numeric, current, rng, rows)
                for i, rng in enumerate(streams)
            ]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP)


def make_files(size: Size, folder: Path = DATA) -> Path:
    """Write ``reference.parquet`` and ``current.parquet`` unless they are there; return where."""
    home = folder / size.name
    note = home / "made.json"
    wanted = json.dumps(asdict(size) | {"version": 2})
    if note.exists() and note.read_text() == wanted:
        return home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    _write(size, home / "reference.parquet", current=False)
    _write(size, home / "current.parquet", current=True)
    note.write_text(wanted)
    return home
