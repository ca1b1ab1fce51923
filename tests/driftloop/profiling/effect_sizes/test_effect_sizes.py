import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import integrate, stats
from scipy.spatial.distance import jensenshannon

from driftloop.profiling.effect_sizes import AnyCategoricalEffect, AnyNumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, CdfPair
from driftloop.profiling.effect_sizes.cramers_v import CramersV
from driftloop.profiling.effect_sizes.hellinger import Hellinger, hellinger_square
from driftloop.profiling.effect_sizes.jensen_shannon import JensenShannon, divergence
from driftloop.profiling.effect_sizes.psi import PopulationStability, population_stability_index
from driftloop.profiling.effect_sizes.wasserstein import (
    CONSTANT,
    NormalisedWasserstein,
    area_between,
    chance_area,
)

Floats = npt.NDArray[np.float64]
PSI, JS, HELLINGER, V = PopulationStability(), JensenShannon(), Hellinger(), CramersV()
W = NormalisedWasserstein()
OVER_BINS = (PSI, JS, HELLINGER, V)
FLAT10, FLAT30 = np.full(10, 0.1), np.full(30, 1 / 30)
SKEWED = np.array([0.4, 0.2, 0.15, 0.1, 0.08, 0.07])
P, Q = np.array([0.1, 0.2, 0.4, 0.2, 0.1]), np.array([0.3, 0.2, 0.2, 0.2, 0.1])
GREAT = 10**9


def names(effects: tuple[object, ...] = OVER_BINS) -> list[str]:
    return [type(effect).__name__ for effect in effects]


def drawn(
    rng: np.random.Generator, n: int, m: int, p: Floats = FLAT10, q: Floats | None = None
) -> Binned:
    """Two multinomial samples."""
    counts = rng.multinomial(n, p), rng.multinomial(m, p if q is None else q)
    return Binned(counts[0].astype(float), counts[1].astype(float))


def with_cdfs(reference: Floats, current: Floats) -> Binned:
    """Two samples with their distribution functions at all values."""
    points = np.unique(np.concatenate([reference, current]))
    steps = [
        np.searchsorted(np.sort(s), points, side="right") / len(s) for s in (reference, current)
    ]
    cdfs = CdfPair(points, steps[0], steps[1], float(reference.std()))
    return Binned(np.array([float(len(reference))]), np.array([float(len(current))]), lambda: cdfs)


def test_distances_are_those_of_other_programs() -> None:
    """scipy ``jensenshannon`` and ``entropy``, and the Euclidean form of the Hellinger distance."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        p, q = rng.dirichlet(np.ones(6), 2)
        p[0], q[1] = 0.0, 0.0
        p, q = p / p.sum(), q / q.sum()
        assert math.sqrt(divergence(p, q)) == pytest.approx(jensenshannon(p, q))
        euclidean = np.linalg.norm(np.sqrt(p) - np.sqrt(q)) ** 2 / 2
        assert hellinger_square(p, q) == pytest.approx(euclidean)
        p, q = rng.dirichlet(np.ones(6), 2)
        both = stats.entropy(p, q) + stats.entropy(q, p)
        assert population_stability_index(p, q) == pytest.approx(both)


def test_large_samples_have_the_effect_of_their_distributions() -> None:
    both = Binned(P * GREAT, Q * GREAT)
    assert PSI.size(both) == pytest.approx(population_stability_index(P, Q), abs=1e-6)
    assert JS.size(both) == pytest.approx(jensenshannon(P, Q, 2), abs=1e-6)
    assert HELLINGER.size(both) == pytest.approx(math.sqrt(1 - np.sqrt(P * Q).sum()), abs=1e-6)
    association = stats.contingency.association(np.array([P * 1e6, Q * 1e6]).astype(int))
    assert V.size(both) == pytest.approx(association, abs=1e-6)


def test_cramers_v_does_not_depend_on_the_balance_of_the_windows() -> None:
    """The usual V of the unequal table is a fifth of it."""
    unequal = np.array([P * 1e8, Q * 1e6])
    assert stats.contingency.association(unequal.astype(int)) < 0.07
    assert V.size(Binned(unequal[0], unequal[1])) == pytest.approx(
        V.size(Binned(P * GREAT, Q * GREAT)), abs=1e-4
    )


def test_cramers_v_at_equal_sizes_is_bergsmas() -> None:
    """Bergsma 2013: phi2 - (r-1)(c-1) / (N-1), here with two rows, up to N against N - 1.

    His further division, by min(r, c) - 1 corrected, is 1 to order 1 / N.
    """
    rng = np.random.default_rng(3)
    both = drawn(rng, 500, 500, P, Q)
    table = np.array([both.reference, both.current])
    phi2 = stats.chi2_contingency(table, correction=False).statistic / 1000
    assert V.size(both) ** 2 == pytest.approx(phi2 - 4 / 999, abs=1e-5)


@pytest.mark.parametrize("sizes", [(100, 100), (300, 300), (2000, 300), (300, 5000)])
@pytest.mark.parametrize("p", [FLAT10, SKEWED], ids=["flat", "skewed"])
def test_raw_effects_without_drift_are_the_correction(p: Floats, sizes: tuple[int, int]) -> None:
    """Monte Carlo: the means lie within 15 % of (B-1)(1/n + 1/m), an eighth or a quarter of it."""
    rng = np.random.default_rng(sum(sizes) + len(p))
    chance = (len(p) - 1) * (1 / sizes[0] + 1 / sizes[1])
    raw = []
    for _ in range(800):
        both = drawn(rng, *sizes, p)
        shares = both.shares()
        raw.append(
            (
                population_stability_index(*both.shares(0.5)) / chance,
                divergence(*shares) / (chance / 8),
                hellinger_square(*shares) / (chance / 8),
                both.balanced() / (chance / 4),
            )
        )
    means = dict(zip(names(), np.mean(raw, axis=0), strict=True))
    assert means == pytest.approx(dict.fromkeys(means, 1.0), abs=0.15)


@pytest.mark.parametrize("sizes", [(300, 300), (20_000, 300), (20_000, 2000)])
def test_corrected_effects_of_a_shift_are_nearly_unbiased(sizes: tuple[int, int]) -> None:
    """Monte Carlo: the mean lies within 8 % of the effect of the distributions themselves."""
    rng, truth = np.random.default_rng(sizes[0]), Binned(P * GREAT, Q * GREAT)
    samples = [drawn(rng, *sizes, P, Q) for _ in range(400)]
    for effect in OVER_BINS:
        mean = np.mean([effect.size(sample) for sample in samples])
        assert mean == pytest.approx(effect.size(truth), rel=0.08), effect.kind


@pytest.mark.parametrize("sizes", [(1000, 1000), (20_000, 1000), (1000, 20_000)])
@pytest.mark.parametrize("levels", [20, 90, 200, 1000])
@pytest.mark.parametrize("effect", OVER_BINS, ids=names())
def test_many_categories(effect: PopulationStability, levels: int, sizes: tuple[int, int]) -> None:
    """Merchant or postal codes, frequent and rare; half of the rows move to a tenth of the codes.

    The noise that is taken off must neither be less than there is nor exceed the largest effect
    that could be measured. The mean and not each effect is held to it: with a thousand levels a
    sample of a thousand rows says little.
    """
    rng = np.random.default_rng(levels)
    p = 1 / np.arange(1, levels + 1)
    p /= p.sum()
    crowd = np.zeros(levels)
    crowd[-(levels // 10) :] = 10 / levels
    same = [effect.size(drawn(rng, *sizes, p)) for _ in range(60)]
    moved = [effect.size(drawn(rng, *sizes, p, (p + crowd / crowd.sum()) / 2)) for _ in range(60)]
    assert np.mean(same) < effect.floor
    assert np.min(moved) > effect.floor
    assert np.min(moved) > np.max(same)


@pytest.mark.parametrize("sizes", [(1000, 1000), (20_000, 500)])
@pytest.mark.parametrize("effect", OVER_BINS, ids=names())
def test_sparse_correction_is_unbiased(effect: PopulationStability, sizes: tuple[int, int]) -> None:
    """With fewer than ten rows a bin about half of the effects without drift are above zero.

    A correction that takes too much would leave none, one that takes too little nearly all.
    """
    rng, p = np.random.default_rng(0), np.full(400, 1 / 400)
    above = np.mean([effect.size(drawn(rng, *sizes, p)) > 0 for _ in range(200)])
    assert 0.35 < above < 0.65


@pytest.mark.parametrize("effect", OVER_BINS, ids=names())
def test_same_counts_have_no_effect(effect: PopulationStability) -> None:
    for counts in (P * 1000, np.array([7.0]), np.array([1.0, 2.0, 0.0])):
        assert effect.size(Binned(counts, counts.copy())) == 0.0


@pytest.mark.parametrize("effect", OVER_BINS, ids=names())
def test_bins_without_rows_do_not_count(effect: PopulationStability) -> None:
    rng = np.random.default_rng(5)
    both = drawn(rng, 300, 300, P, Q)
    gaps = np.zeros(40)
    padded = Binned(np.append(both.reference, gaps), np.append(both.current, gaps))
    assert effect.size(padded) == pytest.approx(effect.size(both))


@pytest.mark.parametrize("effect", [JS, HELLINGER, V], ids=names((JS, HELLINGER, V)))
@pytest.mark.parametrize("levels", [2, 100])
def test_nothing_in_common_is_large_and_never_beyond_one(
    effect: JensenShannon, levels: int
) -> None:
    """Near 1 with many rows a bin; with few the second-order form stands in, whose reach is less.

    Pearson's chi-square of two windows with nothing in common is at least 4 at equal sizes; an
    eighth of it leaves the Hellinger distance at most sqrt(1/2), less the noise.
    """
    for n, m in ((500, 500), (50_000, 200)):
        half, none = np.ones(levels), np.zeros(levels)
        apart = Binned(np.append(half * n / levels, none), np.append(none, half * m / levels))
        assert (0.99 if levels == 2 else 0.6) < effect.size(apart) <= 1.0


def test_floors_are_worth_the_same() -> None:
    """A small move of share gives every effect over bins its floor at once, within a tenth.

    PSI 0.1, and to second order sqrt(PSI / 8), by ln 2 for the Jensen-Shannon distance, and
    sqrt(PSI / 4) for V.
    """
    step = math.sqrt(0.1 / 40)
    q = FLAT10 + np.tile([step, -step], 5) * math.sqrt(0.4)
    both = Binned(FLAT10 * GREAT, q * GREAT)
    assert PSI.size(both) == pytest.approx(0.1, rel=0.1)
    for effect in OVER_BINS:
        assert effect.size(both) == pytest.approx(effect.floor, rel=0.1), effect.kind


def test_area_between_lines_is_their_integral() -> None:
    """scipy ``quad`` of the absolute difference of the linear interpolants, which cross."""
    rng = np.random.default_rng(6)
    for _ in range(20):
        points = np.sort(rng.normal(size=6))
        steps = np.sort(rng.random((2, 6)), axis=1)
        cdfs = CdfPair(points, steps[0], steps[1], 1.0)

        def gap(x: float, at: Floats = points, steps: Floats = steps) -> float:
            return float(abs(np.interp(x, at, steps[0]) - np.interp(x, at, steps[1])))

        pieces = itertools.pairwise(points)
        expected = sum(integrate.quad(gap, a, b, limit=200)[0] for a, b in pieces)
        assert area_between(cdfs) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0])
def test_area_is_scipys_wasserstein_distance(shift: float) -> None:
    """scipy ``wasserstein_distance``, which takes steps and not lines, of 3,000 values each."""
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=3000), rng.normal(shift, 1.5, size=3000)
    pair = with_cdfs(a, b)
    assert pair.cdfs is not None
    cdfs = pair.cdfs()
    assert area_between(cdfs) == pytest.approx(stats.wasserstein_distance(a, b), rel=0.01)


@pytest.mark.parametrize("sizes", [(100, 100), (300, 300), (2000, 200)])
@pytest.mark.parametrize("family", ["normal", "exponential", "uniform"])
def test_area_without_drift_is_the_chance_area(family: str, sizes: tuple[int, int]) -> None:
    """Monte Carlo: within 15 % of the integral of sqrt(2/pi) sqrt(F(1-F)(1/n + 1/m))."""
    rng = np.random.default_rng(sum(sizes))
    found = []
    for _ in range(200):
        a, b = (getattr(rng, family)(size=size) for size in sizes)
        both = with_cdfs(a, b)
        assert both.cdfs is not None
        found.append((area_between(both.cdfs()), chance_area(both.cdfs(), both.rows)))
    area, chance = np.mean(found, axis=0)
    assert area == pytest.approx(chance, rel=0.15)
    spread = {
        "normal": integrate.quad(lambda x: math.sqrt(stats.norm.cdf(x) * stats.norm.sf(x)), -9, 9),
        "exponential": integrate.quad(lambda x: math.sqrt(math.exp(-x) - math.exp(-2 * x)), 0, 60),
        "uniform": (math.pi / 8,),
    }[family][0]
    theory = math.sqrt(2 / math.pi * (1 / sizes[0] + 1 / sizes[1])) * spread
    assert chance == pytest.approx(theory, rel=0.1)


def test_shift_in_standard_deviations_is_recovered() -> None:
    """The distance of a shifted normal distribution is the shift, whatever the unit."""
    rng = np.random.default_rng(8)
    for shift in (0.3, 0.5, 1.0):
        found = [
            W.size(with_cdfs(40 * rng.normal(size=300), 40 * rng.normal(shift, size=300)))
            for _ in range(100)
        ]
        assert np.mean(found) == pytest.approx(shift, rel=0.08)


def test_no_shift_stays_below_the_floor() -> None:
    rng = np.random.default_rng(9)
    for n, m in ((100, 100), (3000, 100)):
        found = [W.size(with_cdfs(rng.normal(size=n), rng.normal(size=m))) for _ in range(100)]
        assert np.quantile(found, 0.95) < W.floor
        assert np.mean(np.array(found) == 0.0) > 0.3


def test_constant_reference_has_no_scale() -> None:
    """Documented: any change counts as 10, and none as 0."""
    points = np.array([3.0, 7.0])
    changed = CdfPair(points, np.array([0.0, 1.0]), np.array([0.5, 1.0]), 0.0)
    alike = CdfPair(points, np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.0)
    rows = np.array([100.0])
    assert W.size(Binned(rows, rows, lambda: changed)) == CONSTANT
    assert W.size(Binned(rows, rows, lambda: alike)) == 0.0
    assert math.isnan(W.size(Binned(rows, rows)))


def test_kind_chooses_the_effect() -> None:
    numeric: TypeAdapter[object] = TypeAdapter(AnyNumericEffect)
    categorical: TypeAdapter[object] = TypeAdapter(AnyCategoricalEffect)
    assert numeric.validate_python({"kind": "wasserstein", "floor": 0.2}) == NormalisedWasserstein(
        floor=0.2
    )
    assert categorical.validate_python({"kind": "cramers_v"}) == V
    for adapter, kind in ((numeric, "cramers_v"), (categorical, "wasserstein")):
        with pytest.raises(ValidationError, match=kind):
            adapter.validate_python({"kind": kind})
