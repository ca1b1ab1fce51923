"""The situations of the statistics benchmark, and the seeded frames each is made of.

A *run* is one window judged. A *case* is one reference with the windows judged by it.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.shapes import (
    SHAPE_NAMES,
    deviation,
    draw_codes,
    draw_shape,
    level_names,
    level_shares,
)

Kind = Literal["mean", "variance", "tail", "categories"]
Data = Literal["iid", "seasonal"]

NUMERIC = [f"number_{index}" for index in range(10)]
LEVELS = {"category_0": 4, "category_1": 8, "category_2": 20}
CATEGORICAL = list(LEVELS)
REFERENCE_ROWS = 100_000
REFERENCE_WINDOWS = 20
HOURS = 168
MEMORY = 0.9
SEED = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of one column: ``number_0``, which is normal, or ``category_0``.

    `size` is, for a mean, the move in standard deviations; for a variance, the factor of the
    standard deviation; for a tail, the share of values drawn five times as wide; for categories,
    the share of all rows that moves from the commonest level to the rarest.
    """

    kind: Kind
    size: float

    @property
    def words(self) -> str:
        """The shift in a few words."""
        percent = f"{100 * self.size:g} %"
        return {
            "mean": f"mean +{self.size:g} sd",
            "variance": f"standard deviation x{self.size:g}",
            "tail": f"{percent} of values 5 times as wide",
            "categories": f"{percent} of rows change category",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One cell of a table: what the data are like and how large the windows are."""

    group: Literal["false-alarms", "power", "delay"]
    data: Data
    rows: int
    windows: int
    shift: Shift | None = None

    @property
    def name(self) -> str:
        """A name for files and messages."""
        shift = f"-{self.shift.kind}-{self.shift.size:g}" if self.shift else ""
        return f"{self.group}-{self.data}-{self.rows}{shift}"


@dataclass(frozen=True, slots=True)
class Case:
    """A reference and the windows to judge by it."""

    reference: pd.DataFrame
    windows: list[pd.DataFrame]
    window_codes: np.ndarray | None


def iid_frame(rng: np.random.Generator, rows: int, shift: Shift | None = None) -> pd.DataFrame:
    """Draw independent rows of 10 numeric columns and 3 categorical ones."""
    columns: dict[str, object] = {
        name: draw_shape(index, rng, rows) for index, name in enumerate(NUMERIC)
    }
    for name, levels in LEVELS.items():
        shares = level_shares(levels)
        if shift and shift.kind == "categories" and name == CATEGORICAL[0]:
            shares = shares + np.array([-shift.size, *[0.0] * (levels - 2), shift.size])
        columns[name] = level_names(levels)[draw_codes(shares, rng, rows)]
    if shift and shift.kind != "categories":
        columns[NUMERIC[0]] = moved(np.asarray(columns[NUMERIC[0]]), rng, shift)
    return pd.DataFrame(columns)


def moved(values: np.ndarray, rng: np.random.Generator, shift: Shift) -> np.ndarray:
    """Apply a numeric shift to the values of the normal column."""
    centre, spread = 50.0, deviation(SHAPE_NAMES.index("normal"))
    if shift.kind == "mean":
        return values + shift.size * spread
    if shift.kind == "variance":
        return centre + (values - centre) * shift.size
    wide = rng.random(len(values)) < shift.size
    return np.where(wide, centre + (values - centre) * 5.0, values)


def seasonal_frame(rng: np.random.Generator, rows: int, windows: int) -> pd.DataFrame:
    """Draw a stationary series of weeks with `rows` rows each.

    A column is the sum of an hourly AR(1) process (coefficient 0.9), a weekly cycle, a cycle of
    52 weeks and noise of the row. Rows of one hour share the first three, so that more rows a week
    do not make two weeks more alike. Every second column is the exponential of such a sum.
    """
    from scipy.signal import lfilter

    hours = windows * HOURS
    time = np.arange(hours) / HOURS
    hour = np.arange(windows * rows) * HOURS // rows

    def level() -> np.ndarray:
        shocks = rng.normal(scale=np.sqrt(1 - MEMORY**2), size=hours)
        shocks[0] = rng.normal()
        week, year = rng.uniform(0, 2 * np.pi, 2)
        cycles = 0.4 * np.sin(2 * np.pi * time + week)
        cycles += 0.2 * np.sin(2 * np.pi * time / 52 + year)
        return np.asarray(0.6 * lfilter([1.0], [1.0, -MEMORY], shocks) + cycles)

    columns: dict[str, object] = {}
    for index, name in enumerate(NUMERIC):
        values = level()[hour] + rng.normal(scale=0.5, size=len(hour))
        columns[name] = np.exp(values) if index % 2 else values
    for name, levels in LEVELS.items():
        tilt = np.exp(np.outer(0.3 * level(), np.linspace(-1, 1, levels)))
        shares = tilt * level_shares(levels)
        bounds = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)[:, :-1]
        draws = rng.random(len(hour))
        codes = np.zeros(len(hour), np.int64)
        for column in bounds.T:
            codes += draws > column[hour]
        columns[name] = level_names(levels)[codes]
    return pd.DataFrame(columns)


def cases(scenario: Scenario, runs: int) -> Iterator[Case]:
    """Yield the cases that hold the first `runs` runs of a scenario, the same at every call."""
    for number in range(-(-runs // scenario.windows)):
        rng = np.random.default_rng([SEED, zlib.crc32(scenario.name.encode()), number])
        if scenario.data == "iid":
            reference = iid_frame(rng, REFERENCE_ROWS)
            windows = [
                iid_frame(rng, scenario.rows, scenario.shift) for _ in range(scenario.windows)
            ]
            yield Case(reference, windows, None)
        else:
            series = seasonal_frame(rng, scenario.rows, REFERENCE_WINDOWS + scenario.windows)
            parts = [
                series.iloc[start : start + scenario.rows].reset_index(drop=True)
                for start in range(0, len(series), scenario.rows)
            ]
            old = REFERENCE_WINDOWS * scenario.rows
            codes = np.repeat(np.arange(REFERENCE_WINDOWS), scenario.rows)
            yield Case(series.iloc[:old], parts[REFERENCE_WINDOWS:], codes)


FALSE_ALARM_ROWS = (50, 100, 500, 1_000, 10_000, 100_000, 1_000_000)
POWER_ROWS = (500, 10_000, 100_000)
SHIFTS = (
    *(Shift("mean", size) for size in (0.1, 0.2, 0.5)),
    *(Shift("variance", size) for size in (1.1, 1.25, 1.5)),
    *(Shift("tail", size) for size in (0.01, 0.05, 0.1)),
    *(Shift("categories", size) for size in (0.02, 0.05, 0.1)),
)
DELAY_SHIFTS = tuple(Shift("mean", size) for size in (0.1, 0.25, 0.5))
DELAY_WINDOWS = 20


def windows_for(rows: int) -> int:
    """Return how many windows share a reference: many small ones, a single large one."""
    return max(1, min(10, REFERENCE_ROWS // rows // 2))


def scenarios() -> list[Scenario]:
    """Return every scenario of the benchmark.

    The series with seasons ends at 100 000 rows a week: its references hold twenty weeks.
    """
    quiet = [Scenario("false-alarms", "iid", n, windows_for(n)) for n in FALSE_ALARM_ROWS]
    quiet += [Scenario("false-alarms", "seasonal", n, 1) for n in FALSE_ALARM_ROWS[:-1]]
    power = [
        Scenario("power", "iid", n, windows_for(n), shift) for n in POWER_ROWS for shift in SHIFTS
    ]
    delay = [Scenario("delay", "iid", 500, DELAY_WINDOWS, shift) for shift in DELAY_SHIFTS]
    return quiet + power + delay
