"""The distributions of the made-up columns, and the ways a column can drift."""

from collections.abc import Callable

import numpy as np

FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]
Draw = Callable[[np.random.Generator, int], FloatArray]


def _mostly_zero(rng: np.random.Generator, rows: int) -> FloatArray:
    return np.where(rng.random(rows) < 0.85, 0.0, rng.exponential(10.0, rows))


# Each with its standard deviation, so that a shift can be stated in standard deviations.
SHAPES: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, rows: rng.normal(50.0, 10.0, rows), 10.0),
    "lognormal": (lambda rng, rows: rng.lognormal(0.0, 0.5, rows), 0.6039),
    "exponential": (lambda rng, rows: rng.exponential(3.0, rows), 3.0),
    "poisson": (lambda rng, rows: rng.poisson(6.0, rows).astype(np.float64), 2.4495),
    "uniform": (lambda rng, rows: rng.uniform(0.0, 1.0, rows), 0.2887),
    "mostly zero": (_mostly_zero, 5.268),
}
SHAPE_NAMES = tuple(SHAPES)


def draw_shape(index: int, rng: np.random.Generator, rows: int) -> FloatArray:
    """Draw values of the shape that the column with this index has."""
    return SHAPES[SHAPE_NAMES[index % len(SHAPE_NAMES)]][0](rng, rows)


def deviation(index: int) -> float:
    """Return the standard deviation of the column with this index."""
    return SHAPES[SHAPE_NAMES[index % len(SHAPE_NAMES)]][1]


def level_names(levels: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Name the levels of a categorical column."""
    return np.array([f"level {number:02d}" for number in range(levels)], dtype=object)


def level_shares(levels: int) -> FloatArray:
    """Return shares that fall with the level's number, as categories in practice do."""
    weights = 1.0 / (1.0 + np.arange(levels))
    return np.asarray(weights / weights.sum())


def draw_codes(
    shares: FloatArray, rng: np.random.Generator, rows: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw level numbers with the given shares."""
    codes = np.searchsorted(np.cumsum(shares), rng.random(rows), side="right")
    return np.minimum(codes, len(shares) - 1)
