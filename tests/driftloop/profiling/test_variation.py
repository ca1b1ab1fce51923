"""Floors learned from the reference's own windows."""

import numpy as np
import pandas as pd
import pytest

from driftloop.drift.judge import JudgingCriteria, judge_findings, measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.columns import NumericColumn, categorical_column
from driftloop.profiling.effect_sizes.psi import PopulationStability
from driftloop.profiling.reference_column import numeric_reference
from driftloop.profiling.reference_profile import Features, build_profile
from driftloop.profiling.variation import categorical_variation, numeric_variation, window_rows
from tests.driftloop.cases import FAST

PSI = PopulationStability()
EPOCH = np.datetime64("2026-01-05", "us")


def weeks(count: int, rows: int):
    times = EPOCH + np.arange(count * rows) * np.timedelta64(7 * 86_400_000_000 // rows, "us")
    starts = EPOCH + np.arange(count) * np.timedelta64(7, "D")
    return window_rows(times, starts, EPOCH + count * np.timedelta64(7, "D"), 50)


def test_each_window_is_measured_against_the_rest() -> None:
    """As if each window were the current one and the other rows the reference."""
    rng = np.random.default_rng(0)
    values = rng.normal(np.repeat(rng.normal(0, 0.5, 6), 200), 1)
    column = NumericColumn(values, 0)
    found = numeric_variation(column, numeric_reference(column, 10), weeks(6, 200), PSI)
    assert len(found.effects) == 6
    rest, window = values[200:], values[:200]
    alone = PSI.size(NumericPair.of(rest, window).binned)
    assert found.effects[0] == pytest.approx(alone, abs=0.08)
    assert len(found.effects_by_chance) == 32
    assert np.mean(found.effects_by_chance) < 0.3 * np.mean(found.effects)


def test_categories_are_measured_the_same_way() -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random(1200) < np.repeat([0.1, 0.3, 0.5, 0.2, 0.4, 0.3], 200), "a", "b")
    column = categorical_column(pd.DataFrame({"x": values}), "x")
    found = categorical_variation(column, weeks(6, 200), PSI)
    alone = PSI.size(CategoricalPair.of(values[200:], values[:200]).binned)
    assert found.effects[0] == pytest.approx(alone)


def test_gaps_vary_too() -> None:
    values = np.random.default_rng(2).normal(size=600)
    values[:100] = np.nan
    column = NumericColumn(values, 100)
    found = numeric_variation(column, numeric_reference(column, 10), weeks(3, 200), PSI)
    assert found.missing == pytest.approx((0.5, 0.25, 0.25))


def test_weeks_that_differ_by_nature_are_no_alarm_and_a_break_is() -> None:
    """Means of weeks vary with 0.5 sd: a fixed floor alarms often, the learned one hardly."""
    rng, fixed, learned, found = np.random.default_rng(3), 0, 0, 0
    features = Features(("x",), ())
    for _ in range(25):
        means = rng.normal(0, 0.5, 27)
        rows = [rng.normal(mean, 1, 400) for mean in means]
        reference = pd.DataFrame({"x": np.concatenate(rows[:20])})
        profile = build_profile(
            FrameColumns(reference), features, DriftSettings().effect_sizes, weeks(20, 400)
        )
        for learn, current in [(True, row) for row in rows[20:]] + [(False, rows[20])]:
            hit = drifted(profile, features, learn, current)
            learned += hit if learn else 0
            fixed += hit if not learn else 0
        found += drifted(profile, features, True, rng.normal(6, 1, 400))
    assert learned <= 5, "of 175 windows without a break"
    assert fixed >= 8, "of 25"
    assert found == 25


def drifted(profile, features, learn: bool, current) -> bool:
    settings = DriftSettings(learn_floors=learn, **FAST)
    measured = measure_features(
        profile,
        FrameColumns(pd.DataFrame({"x": current})),
        features,
        MeasuringOptions(settings, 0.01),
    )
    (judged,) = judge_findings(measured[0].findings, JudgingCriteria(settings, 0.01))
    return judged.status == "drift"
