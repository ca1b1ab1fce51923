"""Two-sample tests: has the distribution of one column changed?

Each detector is its settings and one method, ``test(pair)``, which measures and does not judge;
where alibi-detect has the same test, ``test_with_alibi(pair)`` asks it. Missing values are removed
beforehand; their rate has a test of its own. A new subclass of `NumericDetector` or
`CategoricalDetector` above the line ``AnyNumericDetector`` is a new kind.
"""

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from driftloop.base.settings import Settings, any_of
from driftloop.drift import alibi
from driftloop.drift.pvalues import (
    EXACT_KS_MAX_PRODUCT,
    chi_square_of_table,
    fisher_p_value,
    ks_exact,
    ks_p_value,
)
from driftloop.drift.result import TestResult, package_label
from driftloop.profiling.column_pair import CategoricalPair, NumericPair

Engine = Literal["alibi", "native"]
FISHER_MIN_EXPECTED = 5.0


class Detector(Settings):
    """A two-sample test."""

    kind: str

    @abstractmethod
    def test(self, pair: Any) -> TestResult:
        """Return the statistic and p-value of two samples."""

    def test_with_alibi(self, pair: Any) -> TestResult | None:
        """Return what alibi-detect's own detector says, None where it has no such test."""
        return None


class NumericDetector(Detector):
    """A test of two samples of numbers."""

    @abstractmethod
    def test(self, pair: NumericPair) -> TestResult:
        """Return the statistic and p-value of two samples of finite numbers."""


class CategoricalDetector(Detector):
    """A test of two samples of categories; numbers with few values are tested as categories."""

    @abstractmethod
    def test(self, pair: CategoricalPair | NumericPair) -> TestResult:
        """Return the statistic and p-value of two samples of categories."""


class KolmogorovSmirnov(NumericDetector):
    """Two-sample Kolmogorov-Smirnov test for numbers, sensitive to any change of shape.

    Decides from the largest distance between the two empirical distribution functions. The p-value
    is exact for small samples and the asymptotic one for others. Prefer `ChiSquare` for numbers
    that are codes; driftloop does so by itself for a feature of few different values, for which
    the asymptotic p-value would be too large.

    Source: alibi-detect ``KSDrift``; scipy ``ks_2samp``.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> same = NumericPair.of(rng.normal(size=500), rng.normal(size=500))
        >>> moved = NumericPair.of(rng.normal(size=500), rng.normal(0.8, size=500))
        >>> detector = KolmogorovSmirnov()
        >>> detector.test(same).p_value > 0.05, detector.test(moved).p_value < 1e-6
        (True, True)
    """

    kind: Literal["ks"] = "ks"

    def test(self, pair: NumericPair) -> TestResult:
        """Return the KS statistic and p-value: exact for small samples, else asymptotic."""
        n, m = pair.rows
        if n * m <= EXACT_KS_MAX_PRODUCT:
            return TestResult("ks", *ks_exact(pair.reference.values, np.asarray(pair.current)))
        p = ks_p_value(pair.distance, (n, m))
        return TestResult("ks", pair.distance, p.value, p.relative_error)

    def test_with_alibi(self, pair: NumericPair) -> TestResult:
        """Return the statistic and the asymptotic p-value of alibi-detect's `KSDrift`."""
        return alibi.alibi_ks(pair.reference.values, np.asarray(pair.current))


class ChiSquare(CategoricalDetector):
    """Chi-square test of homogeneity for categories: do both samples share their proportions?

    Prefer `KolmogorovSmirnov` for quantities. Categories too rare for the test are joined (see
    `driftloop.profiling.pooling`). A two-by-two table gets Yates' correction, as in alibi-detect
    and scipy, and Fisher's exact p-value where a cell expects fewer than five rows. A single
    category on both sides leaves nothing to test (NaN).

    Source: alibi-detect ``ChiSquareDrift``; scipy ``chi2_contingency`` and ``fisher_exact``.

    Example:
        >>> a = np.array(["card", "wallet"]).repeat([50, 50])
        >>> b = np.array(["card", "wallet"]).repeat([80, 20])
        >>> round(ChiSquare().test(CategoricalPair.of(a, b)).statistic, 8)
        18.48351648
    """

    kind: Literal["chi2"] = "chi2"

    def test(self, pair: CategoricalPair | NumericPair) -> TestResult:
        """Return the chi-square statistic and its p-value, Fisher's for a small 2x2 table."""
        table = pair.contingency_table
        statistic, p, _ = chi_square_of_table(table)
        rows, columns = table.sum(axis=1), table.sum(axis=0)
        if table.shape == (2, 2) and rows.min() * columns.min() / rows.sum() < FISHER_MIN_EXPECTED:
            p = fisher_p_value(table)
        return TestResult("chi2", statistic, p)

    def test_with_alibi(self, pair: CategoricalPair | NumericPair) -> TestResult:
        """Return the statistic and p-value of alibi-detect's `ChiSquareDrift`.

        A single category, to which it gives the p-value 1, leaves nothing to test (NaN) here too.
        """
        table = pair.contingency_table
        levels = int(table.any(axis=0).sum())
        return alibi.alibi_chi_square(table) if levels > 1 else self.test(pair)


if TYPE_CHECKING:
    AnyDetector = Detector
    AnyNumericDetector = NumericDetector
    AnyCategoricalDetector = CategoricalDetector
else:
    AnyDetector = any_of(Detector)
    AnyNumericDetector = any_of(NumericDetector)
    AnyCategoricalDetector = any_of(CategoricalDetector)


def require_engine(engine: Engine) -> None:
    """Check that what computes the tests is installed; `ConfigError` says both ways out."""
    if engine == "alibi":
        alibi.require_alibi()


def run_test(detector: Detector, pair: NumericPair | CategoricalPair, engine: Engine) -> TestResult:
    """Return a detector's result by the configured engine, labelled with what computed it.

    A detector that alibi-detect does not have is computed by its own package under any engine.
    """
    result = detector.test_with_alibi(pair) if engine == "alibi" else None
    if result is not None:
        return result
    package = type(detector).__module__.partition(".")[0]
    return replace(detector.test(pair), engine=package_label(package))


def missing_rate_test(missing: tuple[int, int], rows: tuple[int, int]) -> TestResult:
    """Return the two-proportion z-test of two missing rates, pooled, two-sided.

    Args:
        missing: missing values in reference and current.
        rows: rows in reference and current, missing or not.

    Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, section 3.2; the
    square of z is Pearson's chi-square of the 2x2 table without continuity correction. Where fewer
    than five missing or present values are expected on a side, the p-value is Fisher's.
    """
    from scipy.special import ndtr

    rates = missing[0] / rows[0], missing[1] / rows[1]
    pooled = sum(missing) / sum(rows)
    deviation = (pooled * (1 - pooled) * (1 / rows[0] + 1 / rows[1])) ** 0.5
    if deviation == 0.0:
        return TestResult("missing_rate", 0.0, 1.0)
    z = (rates[1] - rates[0]) / deviation
    rarer = min(sum(missing), sum(rows) - sum(missing))
    if rarer * min(rows) < FISHER_MIN_EXPECTED * sum(rows):  # whole numbers: exact at five rows
        table = [[missing[0], rows[0] - missing[0]], [missing[1], rows[1] - missing[1]]]
        return TestResult("missing_rate", float(z), fisher_p_value(table))
    return TestResult("missing_rate", float(z), float(2 * ndtr(-abs(z))))


def new_categories_test(pair: CategoricalPair) -> TestResult:
    """Return how surprising the rows are that hold categories unseen in the reference.

    A column with many rare categories always has some new ones, with `pair.chance_of_new` a row.
    The p-value is the binomial probability of at least as many new rows. The statistic is the share
    of rows with new categories.
    """
    from scipy.special import bdtrc

    m, new = pair.rows[1], pair.new_rows
    p = 1.0 if new == 0 else float(bdtrc(new - 1, m, pair.chance_of_new))
    return TestResult("new_categories", new / m, p)


def vanished_category_test(pair: CategoricalPair) -> TestResult:
    """Return how surprising it is that the most frequent vanished category is gone.

    Given its T rows in both windows together, the chance that all fall into the reference is
    hypergeometric, at most ``(n / (n + m)) ** T``; it is multiplied by the number of categories
    of the reference, of which the most surprising one is picked. The statistic is its share in
    the reference.
    """
    n, m = pair.rows
    rows = int(pair.reference[pair.current == 0].max(initial=0))
    p = min(1.0, int((pair.reference > 0).sum()) * (n / (n + m)) ** rows)
    return TestResult("vanished_category", rows / n, p)
