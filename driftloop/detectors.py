"""Two-sample tests: has the distribution of one column changed?

Each detector is its settings and one method, ``test(reference, current)``, which measures and
does not judge. Missing values are the caller's business: they are taken out before a test, and
their rate is a test of its own.
"""

import warnings
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.records import TestResult
from driftloop.settings import Settings

Values = npt.NDArray[Any]
Engine = Literal["alibi", "scipy"]

_ENGINE = (
    "Who computes the test: alibi-detect (Business Source License: production use needs a licence "
    "from its vendor) or scipy, which gives the same statistic and p-value."
)


class KolmogorovSmirnov(Settings):
    """Two-sample Kolmogorov-Smirnov test for numbers, sensitive to any change of shape.

    Decides from the largest distance between the two empirical distribution functions; the
    p-value is the asymptotic one. Prefer `ChiSquare` for numbers that are codes.

    Source: alibi-detect ``KSDrift``; scipy ``ks_2samp(method="asymp")``.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> same = KolmogorovSmirnov(engine="scipy").test(rng.normal(size=500),
        ...                                               rng.normal(size=500))
        >>> moved = KolmogorovSmirnov(engine="scipy").test(rng.normal(size=500),
        ...                                                rng.normal(0.5, size=500))
        >>> same.p_value > 0.05, moved.p_value < 1e-6
        (True, True)
    """

    kind: Literal["ks"] = "ks"
    engine: Engine = Field(default="alibi", description=_ENGINE)

    def test(self, reference: Values, current: Values) -> TestResult:
        """Return the KS statistic and p-value of two 1-d samples of finite numbers."""
        if self.engine == "alibi":
            from alibi_detect.cd import KSDrift

            statistic, p_value = _alibi(KSDrift, _column(reference), _column(current))
        else:
            from scipy.stats import ks_2samp

            result = ks_2samp(reference, current, method="asymp")
            statistic, p_value = float(result.statistic), float(result.pvalue)
        return TestResult("ks", statistic, p_value)


class ChiSquare(Settings):
    """Chi-square test of homogeneity for categories: do both samples share their proportions?

    Prefer `KolmogorovSmirnov` for quantities. A two-by-two table gets Yates' correction, as in
    alibi-detect and scipy. A single category on both sides leaves nothing to test (NaN).

    Source: alibi-detect ``ChiSquareDrift``; scipy ``chi2_contingency``.

    Example:
        >>> a = np.array(["card", "wallet"]).repeat([50, 50])
        >>> b = np.array(["card", "wallet"]).repeat([80, 20])
        >>> round(ChiSquare(engine="scipy").test(a, b).statistic, 8)
        18.48351648
    """

    kind: Literal["chi2"] = "chi2"
    engine: Engine = Field(default="alibi", description=_ENGINE)

    def test(self, reference: Values, current: Values) -> TestResult:
        """Return the chi-square statistic and p-value of two 1-d samples of categories."""
        levels, codes = np.unique(np.concatenate([reference, current]), return_inverse=True)
        if len(levels) < 2:
            return TestResult("chi2", float("nan"), float("nan"))
        split = len(reference)
        if self.engine == "alibi":
            from alibi_detect.cd import ChiSquareDrift

            statistic, p_value = _alibi(
                ChiSquareDrift, _column(codes[:split]), _column(codes[split:])
            )
        else:
            from scipy.stats import chi2_contingency

            counts = [
                np.bincount(part, minlength=len(levels)) for part in (codes[:split], codes[split:])
            ]
            result = chi2_contingency(np.vstack(counts))
            statistic, p_value = float(result.statistic), float(result.pvalue)
        return TestResult("chi2", statistic, p_value)


NumericDetector = Annotated[KolmogorovSmirnov, Field(description="Test for numeric features.")]
CategoricalDetector = Annotated[ChiSquare, Field(description="Test for categorical features.")]


def missing_rate_test(missing: tuple[int, int], rows: tuple[int, int]) -> TestResult:
    """Return the two-proportion z-test of two missing rates, pooled, two-sided.

    Args:
        missing: missing values in reference and current.
        rows: rows in reference and current, missing or not.

    Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, section 3.2; the
    square of z is Pearson's chi-square of the 2x2 table without continuity correction.
    """
    from scipy.special import ndtr

    rates = missing[0] / rows[0], missing[1] / rows[1]
    pooled = sum(missing) / sum(rows)
    deviation = (pooled * (1 - pooled) * (1 / rows[0] + 1 / rows[1])) ** 0.5
    if deviation == 0.0:
        return TestResult("missing_rate", 0.0, 1.0)
    z = (rates[1] - rates[0]) / deviation
    return TestResult("missing_rate", float(z), float(2 * ndtr(-abs(z))))


def _column(values: Values) -> Values:
    return values.reshape(-1, 1)


def _alibi(detector: Any, reference: Values, current: Values) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = detector(reference, p_val=0.05).predict(current, drift_type="feature")["data"]
    return float(data["distance"][0]), float(data["p_val"][0])
