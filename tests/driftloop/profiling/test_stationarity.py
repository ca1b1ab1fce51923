"""References that trend, warm up or break are named, still ones are not, and floors follow."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_pair import NumericPair
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.effect_sizes.psi import PopulationStability
from driftloop.profiling.reference_column import NumericReference
from driftloop.profiling.reference_profile import Features, build_profile
from driftloop.profiling.stationarity import course_of, settled_floor
from tests.driftloop.profiling.test_variation import weeks

EFFECTS = DriftSettings(engine="native").effect_sizes
COLUMNS = 40
PATHS: dict[str, Callable[[int], np.ndarray]] = {
    "still": np.zeros,
    "trends": lambda windows: np.linspace(0, 1, windows),
    "breaks": lambda windows: (np.arange(windows) >= windows // 2) * 1.0,
    "warms": lambda windows: (np.arange(windows) >= 2) * 1.0,
}


def courses(level: np.ndarray, rows: int, seed: int = 0) -> list[NumericReference]:
    """References of `COLUMNS` columns whose windows have this mean."""
    rng, windows = np.random.default_rng(seed), len(level)
    names = tuple(f"v{one}" for one in range(COLUMNS))
    means = np.repeat(level, rows)[:, None]
    table = pd.DataFrame(rng.normal(means, 1, (windows * rows, COLUMNS)), columns=names)
    profile = build_profile(FrameColumns(table), Features(names, ()), EFFECTS, weeks(windows, rows))
    return [profile.column(name) for name in names]


@pytest.mark.parametrize("path", PATHS)
def test_a_course_is_named_and_stillness_is_not(path: str) -> None:
    found = courses(PATHS[path](16), 200)
    kinds = Counter(one.variation.course.split(" ")[0].strip(":") or "still" for one in found)
    assert kinds[path] >= 0.95 * COLUMNS, kinds


def test_windows_that_differ_at_random_have_no_course() -> None:
    level = np.random.default_rng(3).normal(0, 0.5, 16)
    assert [one.variation.course for one in courses(level, 200)] == [""] * COLUMNS


def test_the_best_step_explains_what_an_analysis_of_variance_says() -> None:
    """Independent: correspondence analysis of two cells is their share; F from scipy."""
    shares = np.array([0.2, 0.22, 0.19, 0.21, 0.4, 0.42, 0.41, 0.39, 0.4])
    counts = np.stack([shares, 1 - shares], axis=1) * 1000
    course = course_of(counts, PopulationStability())
    test = stats.f_oneway(shares[:4], shares[4:])
    assert test.pvalue * 8 < 1e-4
    assert course.text.startswith("breaks: the first 4 of its 9 windows differ")
    assert course.settled == 4
    assert course_of(counts[::2][:5], PopulationStability()).text == "", "too few windows"


def test_after_a_break_windows_as_before_are_quiet_and_a_shift_is_found() -> None:
    """Simulated: 40 columns that warm up in the first 5 of 16 windows of 150 rows."""
    level = np.array([3.0, 2.5, 2, 1.5, 1, *[0] * 11])
    rng, quiet, found = np.random.default_rng(8), 0, 0
    for reference in courses(level, 150):
        variation = reference.variation
        assert variation.course.startswith("warms up: the first ")
        options = MeasuringOptions(DriftSettings(engine="native"), 0.5 / 52 / COLUMNS)
        for shift in (0.0, 1.0):
            pair = NumericPair(reference, rng.normal(-shift, 1, 150))
            floor, windows = options.floor_of(
                PopulationStability(), variation, pair.binned, new_bin=False
            )
            drifted = PopulationStability().size(pair.binned) > floor
            quiet += drifted and not shift
            found += drifted and bool(shift)
            assert windows == len(variation.effects) < 16
    assert quiet == 0
    assert found >= 0.95 * COLUMNS


def test_the_floor_after_a_break_is_a_prediction_limit() -> None:
    """Simulated: one more window exceeds it with the stated chance."""
    rng, beyond = np.random.default_rng(2), 0
    for _ in range(4000):
        shifts = rng.normal(1.0, 0.1, 9)
        floor = settled_floor(shifts[:8], 0.01, 0.05, squared=False, limit=1e6)
        beyond += shifts[8] > floor
    assert beyond / 4000 == pytest.approx(0.05, abs=0.012)
    assert settled_floor([4.0] * 8, 0.1, 0.05, squared=True, limit=25) == pytest.approx(2.5)
    assert settled_floor([0.4] * 8, 0.1, 0.05, squared=True, limit=25) == pytest.approx(0.4)
