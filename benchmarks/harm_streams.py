"""Streams and changes of known harm for ``python -m benchmarks harm``.

Every stream has inputs, a binary outcome and windows of equal rows. What a change does to the
champion is computed on many rows with true labels, and so is what an oracle reaches that is
retrained on the changed rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkError
from benchmarks.streams import SOURCES, real_stream
from driftloop.backtest.injection import Injection, inject, spread_of

FAMILIES = ("stationary", "autocorrelated", "seasonal", "trending")
NUMERIC = tuple(f"x{number}" for number in range(8))
CATEGORICAL = ("c0", "c1")
WEIGHTS = np.array([1.2, -0.9, 0.6, 0.4, 0.0, 0.0, 0.0, 0.0])
START = datetime(2024, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
HOLDOUT_ROWS = 5000
REFERENCE_WINDOWS = 16
"""Windows of the reference; with small ones it has more, for the model's sake."""

LEAST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one column as ``--inject`` writes it; of no kind, none."""

    kind: str
    column: str = ""
    size: float = 0.0

    @property
    def name(self) -> str:
        """A name for files and tables."""
        return "none" if self.kind == "none" else f"{self.kind}:{self.column}:{self.size:g}"


def changes(important: str, idle: str, category: str | None, label: str) -> tuple[Change, ...]:
    """Return changes of every kind and of sizes from none to large."""
    return (
        Change("none"),
        *(Change("shift", important, size) for size in (0.2, 0.5, 1.5)),
        *(Change("shift", idle, size) for size in (0.5, 1.5)),
        Change("scale", important, 2.0),
        *(Change("missing", important, size) for size in (0.1, 0.4)),
        *([Change("new_category", category, 0.1)] if category else []),
        *(Change("label_flip", label, size) for size in (0.03, 0.08, 0.25)),
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows in time order, `label` a column of 0 and 1; windows of `rows` rows each."""

    name: str
    table: pd.DataFrame
    label: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    rows: int
    reference: int
    """Windows of the reference, whose rows the champion is trained on."""

    holdout: int
    """Windows of the holdout after them."""

    @property
    def windows(self) -> int:
        """Whole windows in all."""
        return len(self.table) // self.rows

    def part(self, first: int, last: int) -> pd.DataFrame:
        """Return the rows of windows, the last one not included."""
        return self.table.iloc[first * self.rows : last * self.rows].reset_index(drop=True)


def generated(family: str, rows: int, seed: int, after: int) -> Stream:
    """Return a stream of a family, with so many windows after the holdout."""
    reference = max(REFERENCE_WINDOWS, -(-LEAST_ROWS // rows))
    holdout = max(1, -(-HOLDOUT_ROWS // rows))
    count = reference + holdout + after
    rng = np.random.default_rng([seed, FAMILIES.index(family), rows])
    level = _levels(family, count, rng)
    week = np.repeat(np.arange(count), rows)
    x = rng.normal(size=(count * rows, len(NUMERIC))) + level[week]
    codes = (rng.random((count * rows, 2)) * np.array([4, 6])).astype(int)
    odds = x @ WEIGHTS + 0.6 * x[:, 0] * x[:, 1] + np.array([-0.5, 0, 0.3, 0.6])[codes[:, 0]]
    table = pd.DataFrame(x, columns=list(NUMERIC))
    for place, name in enumerate(CATEGORICAL):
        table[name] = np.array(list("abcdef"))[codes[:, place]]
    table["y"] = (odds + rng.logistic(size=len(odds)) > 0).astype(int)
    table["at"] = np.datetime64(START.replace(tzinfo=None), "us") + week * np.timedelta64(7, "D")
    return Stream(family, table, "y", NUMERIC, CATEGORICAL, rows, reference, holdout)


def _levels(family: str, count: int, rng: np.random.Generator) -> "np.ndarray[Any, Any]":
    """Return the mean of each input in each window (windows, inputs)."""
    shape = (count, len(NUMERIC))
    if family == "autocorrelated":
        level = rng.normal(size=shape)
        for one in range(1, count):
            level[one] = 0.6 * level[one - 1] + 0.8 * level[one]
        return 0.25 * level
    if family == "seasonal":
        phase = rng.uniform(0, 2 * np.pi, shape[1])
        return 0.4 * np.sin(2 * np.pi * np.arange(count)[:, None] / 8 + phase)
    if family == "trending":
        return np.linspace(0, 0.5, count)[:, None] * rng.choice([-1, 1], shape[1])
    return np.zeros(shape)


def real(name: str, path: Path) -> Stream:
    """Return a public data set cut into windows as long as the mean of its periods.

    Raises `BenchmarkError` where the file is not there or the set has no two classes.
    """
    if name not in SOURCES or SOURCES[name].task != "binary" or not path.exists():
        raise BenchmarkError(f"{name}={path}: no such file, or no binary set of {list(SOURCES)}")
    stream = real_stream(name, path)
    data, features = stream.config.data, stream.config.features
    table = stream.table.copy()
    positive = data.positive if data.positive is not None else 1
    table[data.label] = (table[data.label] == positive).astype(int)
    table = table.rename(columns={data.time: "at"})
    days = (table["at"].iloc[-1] - table["at"].iloc[0]).days + 1
    rows = max(300, len(table) * 7 // days) if name != "sea" else 1440
    windows = len(table) // rows
    reference = windows * 2 // 5
    holdout = max(1, min(HOLDOUT_ROWS // rows, windows // 5))
    start = np.datetime64(START.replace(tzinfo=None), "us")
    table["at"] = start + np.arange(len(table)) // rows * np.timedelta64(7, "D")
    numeric, categorical = (tuple(part) for part in features.by_type)
    return Stream(name, table, data.label, numeric, categorical, rows, reference, holdout)


def changed(stream: Stream, rows: pd.DataFrame, change: Change) -> pd.DataFrame:
    """Return rows with a change, by the code of ``driftloop backtest --inject``."""
    if change.kind == "none":
        return rows
    spread = spread_of(stream.table[change.column])
    column = stream.label if change.kind == "label_flip" else change.column
    injection = Injection(change.kind, column, change.size, START)  # type: ignore[arg-type]
    return inject(rows, injection, "at", spread)


def changes_of(stream: Stream, importances: Mapping[str, float]) -> tuple[Change, ...]:
    """Return the changes of a stream: of its most and its least important number."""
    ranked = sorted(stream.numeric, key=lambda name: -importances[name])
    category = stream.categorical[0] if stream.categorical else None
    return changes(ranked[0], ranked[-1], category, stream.label)
