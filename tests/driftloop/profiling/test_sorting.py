import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.profiling.binning import COMPILED_MIN_ROWS
from driftloop.profiling.columns import Numbers
from driftloop.profiling.sorting import DEALT_FROM, sorted_numbers

LARGEST = float(np.finfo(float).max)
SIZES = (0, 1, DEALT_FROM - 1, DEALT_FROM, 10_000, COMPILED_MIN_ROWS - 1, COMPILED_MIN_ROWS, 70_000)
SHAPES = {
    "normal": lambda rng, rows: rng.normal(0, 10, rows),
    "heavy tail": lambda rng, rows: rng.lognormal(0, 8, rows),
    "counts": lambda rng, rows: rng.poisson(3.0, rows).astype(float),
    "mostly zero": lambda rng, rows: np.where(rng.random(rows) < 0.97, 0.0, rng.normal(size=rows)),
    "constant": lambda rng, rows: np.full(rows, 7.25),
    "from end to end": lambda rng, rows: rng.choice([-LARGEST, LARGEST, 0.0, 5e-324], rows),
    "outliers": lambda rng, rows: np.append(rng.normal(size=rows), [1e300, -1e300])[2:],
    "in order": lambda rng, rows: np.sort(rng.normal(size=rows)),
    "close together": lambda rng, rows: 1e15 + rng.integers(0, 3, rows).astype(float),
}


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_order_is_that_of_numpy(shape: str, rows: int) -> None:
    values: Numbers = SHAPES[shape](np.random.default_rng(rows), rows)[:rows]
    before = values.copy()
    assert np.array_equal(sorted_numbers(values), np.sort(values))
    assert np.array_equal(values, before)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("rows", [DEALT_FROM, COMPILED_MIN_ROWS])
def test_any_finite_values(rows: int, values: list[float]) -> None:
    many = np.resize(np.array(values), rows)
    assert np.array_equal(sorted_numbers(many), np.sort(many))


def test_every_second_value_is_sorted_too() -> None:
    values = np.random.default_rng(1).normal(size=2 * COMPILED_MIN_ROWS)[::2]
    assert np.array_equal(sorted_numbers(values), np.sort(values))
