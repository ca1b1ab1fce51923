"""alibi-detect's detectors on data that is already sorted and counted.

By themselves, `KSDrift` sorts the reference again at every call and `ChiSquareDrift` goes through
all rows once a category, and both answer in 32-bit numbers. The subclasses keep their interface
and thresholds and take statistic and p-value from what driftloop has at hand.
"""

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from driftloop.drift.pvalues import PValue
from driftloop.profiling.column_pair import CategoricalPair, NumericPair

Pair = TypeVar("Pair", NumericPair, CategoricalPair | NumericPair)
Score = Callable[[Any], tuple[float, PValue]]


def alibi_ks_test(pair: NumericPair, score: Score) -> tuple[float, PValue]:
    """Return the statistic and p-value of `KSDrift` on a pair."""
    reference, current = pair.reference.values.reshape(-1, 1), pair.current.reshape(-1, 1)
    return _predict(_sorted_ks()(pair, score, x_ref=reference, p_val=0.05), current)


def alibi_chi_square_test(
    pair: CategoricalPair | NumericPair, score: Score
) -> tuple[float, PValue]:
    """Return the statistic and p-value of `ChiSquareDrift` on a pair."""
    levels = np.arange(max(pair.contingency_table.shape[1], 1)).reshape(-1, 1)
    detector = _counted_chi_square()(
        pair, score, x_ref=levels, p_val=0.05, categories_per_feature={0: len(levels)}
    )
    return _predict(detector, levels)


def _predict(detector: Any, current: Any) -> tuple[float, PValue]:
    data = detector.predict(current, drift_type="feature")["data"]
    return float(data["distance"][0]), PValue(float(data["p_val"][0]), detector.relative_error)


@lru_cache(maxsize=1)
def _sorted_ks() -> type[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from alibi_detect.cd import KSDrift
    return _measured(KSDrift)


@lru_cache(maxsize=1)
def _counted_chi_square() -> type[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from alibi_detect.cd import ChiSquareDrift
    return _measured(ChiSquareDrift)


def _measured(base: type[Any]) -> type[Any]:
    class Measured(base):  # type: ignore[misc]
        """A detector of one feature that does not go through the rows again."""

        def __init__(self, pair: Any, score: Score, **settings: Any) -> None:
            self._pair, self._score, self.relative_error = pair, score, 0.0
            super().__init__(**settings)

        def feature_score(self, x_ref: Any, x: Any) -> tuple[Any, Any]:
            statistic, p = self._score(self._pair)
            self.relative_error = p.relative_error
            return np.array([p.value]), np.array([statistic])

    return Measured
