"""Learned floors: what they let through, and that none blinds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from driftloop.base.findings import Finding
from driftloop.drift.judge import JudgingCriteria, judge_findings, measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.effect_sizes.base import EffectSize
from driftloop.profiling.effect_sizes.binned import Binned
from driftloop.profiling.effect_sizes.cramers_v import CramersV
from driftloop.profiling.effect_sizes.hellinger import Hellinger
from driftloop.profiling.effect_sizes.jensen_shannon import JensenShannon
from driftloop.profiling.effect_sizes.psi import PopulationStability
from driftloop.profiling.reference_column import Variation
from driftloop.profiling.reference_profile import Features, build_profile
from driftloop.profiling.variation import learned_floor, season_floor
from tests.driftloop.cases import FAST
from tests.driftloop.profiling.test_variation import weeks

LEVEL = 0.5 / 52 / 16


def test_a_reference_that_warms_up_does_not_blind() -> None:
    """A log-normal limit gave 62,189."""
    effects = (10, 4, 1.5, 0.5, 0.1, 0.02, 0.01, 0.01, 0.02)
    assert learned_floor(effects, 0.1, LEVEL) == pytest.approx(2.5)
    assert learned_floor(effects, 0.1, LEVEL, limit=4) == pytest.approx(0.4)


def test_one_odd_window_sets_no_floor() -> None:
    assert learned_floor((0,) * 8 + (0.05,), 0.1, LEVEL) == 0.1
    assert learned_floor((0,) * 8 + (50.0,), 0.1, LEVEL) == 0.1
    quiet = (0.03, 0.05, 0.02, 0.04, 0.03, 0.06, 0.02, 0.05)
    usual = learned_floor((*quiet, 0.05), 0.1, LEVEL)
    assert learned_floor((*quiet, 80.0), 0.1, LEVEL) == pytest.approx(usual, rel=0.2)


def test_nothing_switches_at_a_number_of_windows() -> None:
    """Windows as variable as a normal shift makes them: from one count to the next little moves."""
    floors = []
    for count in range(1, 60):
        shifts = stats.norm.ppf(0.5 + (np.arange(count) + 0.5) / count / 2) ** 2
        floors.append(learned_floor(tuple(0.05 * shifts), 0.1, LEVEL))
    assert floors[0] == 0.1
    assert max(abs(np.diff(floors))) < 0.45, floors
    assert floors[-1] == pytest.approx(0.05 * stats.norm.ppf(1 - LEVEL / 2) ** 2, rel=0.25)


def test_a_distance_has_the_root_of_the_floor_of_its_square() -> None:
    squares = np.array([0.02, 0.2, 0.1, 0.05, 0.12, 0.01, 0.3, 0.08])
    square = learned_floor(tuple(squares), 0.1**2, LEVEL)
    distance = learned_floor(tuple(np.sqrt(squares)), 0.1, LEVEL, squared=False)
    assert distance == pytest.approx(square**0.5)


SEASON = {"squared": True, "limit": 25.0}


@pytest.mark.parametrize("freedom", [1, 2, 4, 9])
def test_one_more_year_exceeds_the_floor_of_ten_about_as_often_as_it_may(freedom: int) -> None:
    """Years that differ by one shift or by nine: drawn from a chi-square, the limit from F."""
    rng, chance = np.random.default_rng(freedom), 0.5 / 4 / 8
    years = 0.4 * rng.chisquare(freedom, (2000, 10)) / freedom
    more = 0.4 * rng.chisquare(freedom, 2000) / freedom
    floors = np.array(
        [season_floor(tuple(one), 1e-9, chance, squared=True, limit=1e12) for one in years]
    )
    assert 0.5 * chance < (more > floors).mean() < 2.7 * chance
    roots = [
        season_floor(tuple(one**0.5), 1e-9, chance, squared=False, limit=1e24) for one in years[:50]
    ]
    assert roots == pytest.approx(list(floors[:50] ** 0.5))


def test_years_teach_a_floor_and_an_odd_one_does_not() -> None:
    quiet = (0.3, 0.5, 0.2, 0.4, 0.3, 0.6, 0.2, 0.5, 0.4)
    usual = season_floor((*quiet, 0.6), 0.1, LEVEL, **SEASON)
    assert 1 < usual < 2.5
    assert season_floor((*quiet, 80.0), 0.1, LEVEL, **SEASON) < 2 * usual
    assert season_floor((0.4, 0.5), 0.1, LEVEL, **SEASON) == 0.1, "two are too few"
    assert season_floor((0.0,) * 9 + (50.0,), 0.1, LEVEL, **SEASON) == 0.1
    assert season_floor((0.4,) * 20, 0.1, LEVEL, **SEASON) == pytest.approx(
        0.4 * stats.f.isf(LEVEL, 9, 180)
    )


@pytest.mark.parametrize(
    "effect", [PopulationStability(), JensenShannon(), Hellinger(), CramersV()]
)
def test_reach_is_the_largest_effect_that_these_sizes_can_give(effect: EffectSize) -> None:
    """No window of the same size has a larger effect: tried at random and at every single bin."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        bins, rows = int(rng.integers(2, 12)), int(rng.integers(20, 3000))
        reference = rng.multinomial(int(rng.integers(100, 9000)), rng.dirichlet(np.ones(bins)))
        reference = reference.astype(float)
        windows = [rng.multinomial(rows, rng.dirichlet(np.full(bins, 0.3))) for _ in range(20)]
        windows += [np.eye(bins)[one] * rows for one in range(bins)]
        sizes = [effect.size(Binned(reference, np.asarray(one, dtype=float))) for one in windows]
        sparse = {Binned(reference, np.asarray(one, dtype=float)).sparse for one in windows}
        if len(sparse) == 1:  # the two formulas have maxima of their own
            assert max(sizes) <= effect.reach(reference, rows) * (1 + 1e-9) + 0.05


sizes = st.floats(0, 1e6)
rows_of_bins = st.lists(st.integers(0, 3000), min_size=2, max_size=12)


@settings(max_examples=400)
@given(
    effects=st.lists(sizes, max_size=60),
    by_chance=st.just([]) | st.lists(sizes, min_size=32, max_size=32),
    counts=rows_of_bins.filter(lambda counts: sum(counts) >= 100),
    rows=st.integers(100, 5000),
    floor=st.floats(0.01, 0.3),
    limit=st.floats(1, 1000),
    new_bin=st.booleans(),
    seasonal=st.booleans(),
    effect=st.sampled_from([PopulationStability, JensenShannon, Hellinger, CramersV]),
)
def test_no_floor_is_above_what_its_sizes_can_reach_nor_the_cap(
    effects, by_chance, counts, rows, floor, limit, new_bin, seasonal, effect
) -> None:
    drift = DriftSettings(**FAST, floor_limit=limit)
    options = MeasuringOptions(drift, LEVEL, seasonal=seasonal)
    reference = np.array(counts, dtype=float)
    sized = effect(floor=floor)
    even = np.bincount(np.arange(rows) % len(reference), minlength=len(reference))
    binned = Binned(reference, even.astype(float))
    variation = Variation(tuple(effects), effects_by_chance=tuple(by_chance))
    found, windows = options.floor_of(sized, variation, binned, new_bin=new_bin)
    largest = sized.reach(np.append(reference, 0.0) if new_bin else reference, rows)
    cap = floor * (limit if sized.squared else limit**0.5)
    assert floor <= found <= max(floor, largest / 2)
    assert found <= cap * (1 + 1e-9)
    assert (windows > 0) == (found > floor)


@settings(max_examples=300)
@given(
    count=st.integers(5, 110),
    shape=st.floats(0.4, 20),
    mean=st.floats(1e-3, 10),
    noise=st.sampled_from([0.0, 0.2, 0.9]),
    squared=st.booleans(),
)
def test_one_window_more_of_the_same_kind_moves_a_floor_little(
    count, shape, mean, noise, squared
) -> None:
    """Whatever windows differ by, evenly (a large shape) or by rare large amounts: by less than
    a quarter of what they teach without the share that chance has in them.
    """

    def spread(windows: int) -> tuple[float, ...]:
        ranks = (np.arange(windows) + 0.5) / windows
        return tuple(stats.gamma.ppf(ranks, shape, scale=mean / shape))

    def floor(windows: int, by_chance: float) -> float:
        chance, own = tuple(by_chance * np.array(spread(32))), spread(windows)
        return learned_floor(own, 0.1, LEVEL, chance, squared=squared, limit=1e12)

    more = floor(count + 1, noise) - floor(count, noise)
    assert abs(more) <= 0.25 * floor(count, 0.0)


@pytest.mark.slow
def test_a_shift_is_found_whatever_floors_noise_taught_and_noise_is_no_alarm() -> None:
    """Eight windows of 150 rows of noise, 16 features: independent simulation of both errors."""
    rng, features = np.random.default_rng(11), Features(tuple(f"v{i}" for i in range(16)), ())
    found = alarms = 0
    for _ in range(20):
        table = pd.DataFrame(rng.normal(size=(8 * 150, 16)), columns=features.names)
        profile = build_profile(
            FrameColumns(table), features, DriftSettings().effect_sizes, weeks(8, 150)
        )
        still = pd.DataFrame(rng.normal(size=(150, 16)), columns=features.names)
        alarms += any(one.status == "drift" for one in judged(profile, features, still))
        found += sum(one.status == "drift" for one in judged(profile, features, still + 1))
    assert found >= 0.95 * 20 * 16
    assert alarms <= 1, "of 20 windows at a level of 0.01"


def test_the_floor_stands_beside_the_effect() -> None:
    rng, features = np.random.default_rng(5), Features(("x",), ())
    means = np.repeat(rng.normal(0, 0.4, 12), 150)
    table = pd.DataFrame({"x": rng.normal(means, 1)})
    profile = build_profile(
        FrameColumns(table), features, DriftSettings().effect_sizes, weeks(12, 150)
    )
    (finding,) = judged(profile, features, pd.DataFrame({"x": rng.normal(3, 1, 150)}))
    assert finding.status == "drift"
    assert finding.floor_windows == 12
    assert finding.learned_floor
    text = (
        f"PSI {finding.effect_size:.2f}, limit {finding.effect_floor:.2f} learned from 12 windows."
    )
    assert finding.sentence.endswith(text)


def judged(profile, features: Features, current: pd.DataFrame) -> list[Finding]:
    options = DriftSettings(**FAST)
    measured = measure_features(
        profile, FrameColumns(current), features, MeasuringOptions(options, 0.5 / 52 / 16)
    )
    raw = tuple(finding for one in measured for finding in one.findings)
    return list(judge_findings(raw, JudgingCriteria(options, 0.5 / 52)))
