"""How often drift is called where there is none, and whether a large change is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstwo

from driftloop.drift.judge import JudgingCriteria, judge_findings
from driftloop.drift.pvalues import ks_p_value
from driftloop.drift.settings import DriftSettings
from tests.driftloop.cases import FAST, categories, finding, numbers
from tests.driftloop.drift.two_samples import TwoSamples, find_drift

NUMERIC = tuple(f"n{i}" for i in range(6))
CATEGORICAL = tuple(f"c{i}" for i in range(3))


def table(rng: np.random.Generator, rows: int, shift: float = 0.0) -> pd.DataFrame:
    """Independent features: symmetric, skewed, discrete, mostly zero, with gaps; categories."""
    gaps = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    columns = {
        "n0": rng.normal(shift, 1, rows),
        "n1": rng.exponential(1, rows),
        "n2": rng.poisson(2, rows),
        "n3": np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(1, rows)),
        "n4": gaps,
        "n5": rng.standard_t(2, rows),
        "c0": rng.choice(["a", "b"], rows, p=[0.9, 0.1]),
        "c1": rng.integers(0, 15, rows).astype(str),
        "c2": rng.choice(["x", "y", "z"], rows),
    }
    return pd.DataFrame(columns)


@pytest.mark.parametrize(("reference", "current"), [(120, 120), (2000, 150), (2000, 2000)])
def test_few_false_alarms_at_any_size(reference: int, current: int) -> None:
    """At level 0.01 a run of no drift raises an alarm in at most about 1 % of the runs."""
    rng, settings = np.random.default_rng(reference), DriftSettings(**FAST)
    alarms = 0
    for _ in range(30):
        tables = TwoSamples(table(rng, reference), table(rng, current), NUMERIC, CATEGORICAL)
        found = find_drift(tables, settings)
        alarms += any(one.status == "drift" for one in found)
        assert not any(one.status == "inconclusive" for one in found)
    assert alarms <= 2


def test_tiny_change_of_a_million_rows_is_no_alarm() -> None:
    """Significant beyond doubt and too small to matter: the effect's floor holds it back."""
    rng = np.random.default_rng(1)
    (found,) = numbers(rng.normal(size=300_000), rng.normal(0.03, 1, 300_000))
    assert found.p_adjusted is not None
    assert found.p_adjusted < 1e-6
    assert found.status == "small"


def test_large_shift_is_found_and_only_there() -> None:
    rng, hits = np.random.default_rng(7), 0
    for _ in range(15):
        tables = TwoSamples(table(rng, 2000), table(rng, 500, shift=0.7), NUMERIC, CATEGORICAL)
        found = find_drift(tables, DriftSettings(**FAST))
        drifted = [one.name for one in found if one.status == "drift"]
        hits += "n0" in drifted
        assert set(drifted) <= {"n0"}
    assert hits == 15


def test_medium_change_is_a_warning() -> None:
    rng = np.random.default_rng(3)
    (found,) = numbers(rng.normal(size=5000), rng.normal(0.27, 1, 5000))
    assert found.effect_size is not None
    assert 0.05 < found.effect_size < 0.1
    assert found.status == "warning"


def test_mostly_zero_feature_that_fills_up_is_drift() -> None:
    rng = np.random.default_rng(3)

    def sample(zeros: float) -> np.ndarray:
        return np.where(rng.random(3000) < zeros, 0.0, rng.exponential(2, 3000))

    (found,) = numbers(sample(0.95), sample(0.5))
    assert found.status == "drift"


def test_engines_judge_alike() -> None:
    rng = np.random.default_rng(11)
    tables = TwoSamples(table(rng, 900), table(rng, 400, shift=0.6), NUMERIC, CATEGORICAL)
    pytest.importorskip("alibi_detect")
    by_alibi, own = (find_drift(tables, DriftSettings(engine=one)) for one in ("alibi", "native"))
    for left, right in zip(by_alibi, own, strict=True):
        assert (left.name, left.test, left.status) == (right.name, right.test, right.status)
        assert left.sentence == right.sentence
        assert left.p_adjusted == pytest.approx(right.p_adjusted, rel=1e-4, abs=1e-30)


def test_correction_looks_at_all_tests_of_the_run() -> None:
    """A p-value of 0.5 % alone is significant at 1 %, one of twenty is not (Bonferroni)."""
    rng = np.random.default_rng(5)
    quiet = {f"q{i}": rng.normal(size=400) for i in range(19)}
    half = np.sort(rng.normal(size=400))
    moved = half + 0.3
    one = TwoSamples(pd.DataFrame({"x": half}), pd.DataFrame({"x": moved}), ("x",), ())
    many = TwoSamples(
        pd.DataFrame({"x": half, **quiet}), pd.DataFrame({"x": moved, **quiet}), ("x", *quiet), ()
    )
    settings = DriftSettings(correction="bonferroni", **FAST)
    alone, among = find_drift(one, settings)[0], find_drift(many, settings)[0]
    assert alone.p_value == among.p_value
    assert alone.p_adjusted == pytest.approx(alone.p_value)
    assert among.p_adjusted == pytest.approx(min(1.0, 20 * (among.p_value or 0)))


def test_floors_and_level_are_settings() -> None:
    rng = np.random.default_rng(9)
    reference, current = rng.normal(size=2000), rng.normal(0.5, 1, 2000)
    assert numbers(reference, current)[0].status == "drift"
    effect = {"kind": "psi", "floor": 5.0}
    assert numbers(reference, current, effect=effect)[0].status == "small"
    gaps = np.where(rng.random(2000) < 0.08, np.nan, reference)
    assert numbers(reference, gaps)[1].status == "drift"
    assert numbers(reference, gaps, missing_floor=0.3)[1].status == "small"
    letters = rng.choice(["a", "b"], 2000)
    assert categories(letters, letters, minimum_rows=2001)[0].status == "inconclusive"


@pytest.mark.parametrize(
    ("rows", "shift", "floor"), [(100_000, 0.1, 0.005), (500, 0.5, 0.1)], ids=["large", "small"]
)
def test_shift_above_the_floor_is_found(rows: int, shift: float, floor: float) -> None:
    """A tenth of a standard deviation at 100,000 rows, a half at 500: in 95 % of the runs."""
    rng, found = np.random.default_rng(rows), 0
    for _ in range(40):
        effect = {"kind": "psi", "floor": floor}
        (one,) = numbers(rng.normal(size=rows), rng.normal(shift, 1, rows), effect=effect)
        found += one.status == "drift"
    assert found >= 38


@pytest.mark.parametrize("rows", [100, 1000, 20_000])
def test_no_more_false_alarms_than_the_budget(rows: int) -> None:
    """Half an alarm a year is one in about 100 weekly runs, here with hardly any floor.

    300 runs may raise 3 on average; 9 or more have a chance below 0.5 % (Poisson).
    """
    rng, alarms = np.random.default_rng(rows), 0
    effect = {"kind": "psi", "floor": 0.0}
    settings = DriftSettings(**FAST, effect=effect, categorical_effect=effect)  # type: ignore[arg-type]
    for _ in range(300):
        sides = [
            pd.DataFrame({"x": rng.normal(size=rows), "y": rng.exponential(size=rows)})
            for _ in range(2)
        ]
        found = find_drift(TwoSamples(*sides, ("x", "y"), ()), settings)
        alarms += any(one.status == "drift" for one in found)
    assert alarms <= 8


def test_approximate_p_value_that_is_too_close_to_call_is_computed_exactly() -> None:
    """The decision is that of scipy's p-value, also where an approximate one lies on the line."""
    rows, z = (100_000, 100_000), 2.0
    distance = z / (50_000**0.5)
    exact, near = kstwo.sf(distance, 50_000), ks_p_value(distance, rows)
    assert near.relative_error > 0
    raw = finding(
        "x", statistic=distance, p_value=near.value, p_error=near.relative_error, effect=0.5
    )
    raw = replace(raw, rows_reference=rows[0], rows_current=rows[1])
    for level, status in ((exact * (1 + 1e-9), "drift"), (exact * (1 - 1e-9), "ok")):
        (judged,) = judge_findings((raw,), JudgingCriteria(DriftSettings(), level))
        assert (judged.status, judged.p_value, judged.p_error) == (status, exact, 0.0)
    (far,) = judge_findings((raw,), JudgingCriteria(DriftSettings(), 0.01))
    assert far.p_value == near.value


@pytest.mark.parametrize("kind", ["shift", "share"])
def test_small_changes_at_10_000_rows_are_listed(kind: str) -> None:
    """0.2 standard deviations, and a category that goes from 30 to 33 % of the rows."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        if kind == "shift":
            found += numbers(rng.normal(size=30_000), rng.normal(0.2, 1, 10_000))
        else:
            sides = [
                rng.choice(["a", "b", "c"], n, p=[p, 0.4, 0.6 - p])
                for n, p in ((30_000, 0.3), (10_000, 0.33))
            ]
            found += categories(*sides)
    assert sum(finding.status in ("small", "warning", "drift") for finding in found) >= 19
    assert not any(finding.status == "drift" for finding in found)
