"""Domain classifier: can a model distinguish the current rows from the reference?"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from driftloop.base.errors import DataError, join_names
from driftloop.base.parallel import one_thread
from driftloop.base.settings import Settings
from driftloop.performance.delong import auc_variance
from driftloop.performance.target import class_text
from driftloop.training.estimators import HistGradientBoosting

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MIN_ROWS = 50
"""Rows per side below which a model has nothing to learn from."""

VARIANCE_INFLATION = 2.0
"""What cross-validation does to the variance of an area at most.

Every two rows of different parts meet twice: each helps the model that judges the other. Where what
they say of each other is symmetric the two terms are the same one, and the variance under chance is
twice that of independent ones. Without this, 12 % of runs without drift fell below 5 %.
"""

MAX_NAMED_FEATURES = 5
RATIO_LEVEL, MOST_RATIO = 0.05, 20.0
_NAMED_FROM = 0.1
_ROWS_TO_SHUFFLE = 2000


@dataclass(frozen=True, slots=True)
class DomainResult:
    """How well a model distinguishes the two windows.

    Args:
        auc: area under the ROC curve on rows the model has not seen; 0.5 is chance.
        low: lower end of its confidence interval, which has no width where no row is misplaced.
        high: upper end.
        p_value: chance of so large an area where both windows are alike.
        rows: rows used of reference and current window.
        features: what distinguishes the current rows: how much the area falls when a feature is
            shuffled, largest first; none where the interval contains 0.5.
    """

    auc: float
    low: float
    high: float
    p_value: float
    rows: tuple[int, int]
    features: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _Fold:
    """A fitted model and the rows it has not seen."""

    model: "Pipeline"
    unseen: Rows


class DomainClassifier(Settings):
    """Domain classifier: drift of all features together, also of how they depend on each other.

    Gradient boosting learns to tell current rows from rows of the reference, and is judged on rows
    it has not seen. Prefer tests of single features to say which one changed, and this one to see
    what none of them shows, such as a correlation that flips. Missing values are information to
    it. Neighbours in time are alike in ways that are not drift, so that the area exceeds 0.5 a
    little in real data: hence the floor. Where two features say the same, shuffling one of them
    hardly matters and neither may be named.

    The p-value is that of the Mann-Whitney test and the interval DeLong's, both with the variance
    doubled, since in cross-validation every row also helps to judge the others (see
    `VARIANCE_INFLATION`). Far from chance that is more than needed.

    Source: Lopez-Paz & Oquab, Revisiting classifier two-sample tests, ICLR 2017; Rabanser et al.,
    Failing loudly, NeurIPS 2019.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 600))
        >>> before, after = pd.DataFrame({"a": x, "b": x + y}), pd.DataFrame({"a": x, "b": y - x})
        >>> found = DomainClassifier().test(before, after)
        >>> found.auc > 0.7, found.p_value < 1e-6, sorted(name for name, _ in found.features)
        (True, True, ['a', 'b'])
    """

    kind: Literal["domain_classifier"] = "domain_classifier"
    rows: int = Field(default=5000, ge=MIN_ROWS, description="Most rows of a window to use.")
    folds: int = Field(default=5, ge=2, le=20, description="Cross-validation folds.")
    floor: float = Field(
        default=0.6, ge=0.5, lt=1, description="Areas up to this do not count as drift."
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence of the interval."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the rows, the folds and the models.")

    def test(self, reference: pd.DataFrame, current: pd.DataFrame) -> DomainResult:
        """Return how well unseen rows of two tables of features can be distinguished.

        Args:
            reference: numbers, and text with None where missing.
            current: the same columns; others are left out.

        Raises:
            DataError: with fewer than 50 rows on a side, a missing column, or none at all.
        """
        rng = np.random.default_rng(self.seed)
        sides, table, y, folds = self._learn(reference, current, rng)
        scores = _unseen_scores(folds, table, y)
        auc, variance = auc_variance(y, scores)
        low, high = _interval(auc, VARIANCE_INFLATION * variance, self.confidence)
        named = _features(folds, table, y, rng) if low > 0.5 else ()
        p_value = mann_whitney_p(auc, y, scores, VARIANCE_INFLATION)
        return DomainResult(auc, low, high, p_value, (len(sides[0]), len(sides[1])), named)

    def density_ratios(self, reference: pd.DataFrame, current: pd.DataFrame) -> Values | None:
        """Return how much more frequent rows like each of the reference are now, with mean 1.

        They are the odds of the classifier, the mean over the models of all folds, and at most
        `MOST_RATIO`. None where it cannot tell the two apart beyond chance, at 5 %. Raises
        `DataError` as `test` does.

        Source: Sugiyama et al., Density ratio estimation in machine learning, 2012, chapter 4.
        """
        rng = np.random.default_rng(self.seed)
        sides, table, y, folds = self._learn(reference, current, rng)
        scores = _unseen_scores(folds, table, y)
        auc, _ = auc_variance(y, scores)
        if mann_whitney_p(auc, y, scores, VARIANCE_INFLATION) > RATIO_LEVEL:
            return None
        whole, _ = _prepared(reference, current)
        before = whole.iloc[: len(reference)]
        p = np.mean([fold.model.predict_proba(before)[:, 1] for fold in folds], axis=0)
        odds = p / np.maximum(1 - p, 1e-9) * (len(sides[0]) / len(sides[1]))
        ratios: Values = np.minimum(odds, MOST_RATIO)
        return ratios / float(ratios.mean())

    def _learn(
        self, reference: pd.DataFrame, current: pd.DataFrame, rng: np.random.Generator
    ) -> tuple[list[pd.DataFrame], pd.DataFrame, npt.NDArray[Any], list[_Fold]]:
        """Return the sampled sides, both as one table, the side of each row, and the models."""
        _check(reference, current)
        sides = [
            _sample(side[list(reference.columns)], self.rows, rng) for side in (reference, current)
        ]
        table, numeric = _prepared(sides[0], sides[1])
        y = np.repeat([0, 1], [len(side) for side in sides])
        return sides, table, y, self._fit(table, numeric, y)

    def _fit(
        self, table: pd.DataFrame, numeric: tuple[str, ...], y: npt.NDArray[Any]
    ) -> list[_Fold]:
        from sklearn.model_selection import StratifiedKFold

        boosting = HistGradientBoosting(max_iter=50)
        categorical = tuple(name for name in table.columns if name not in numeric)
        parts = StratifiedKFold(self.folds, shuffle=True, random_state=self.seed)
        folds = []
        for seen, unseen in parts.split(y, y):
            model = boosting.build(numeric, categorical, self.seed)
            folds.append(_Fold(model.fit(table.iloc[seen], y[seen]), unseen))
        return folds


def _unseen_scores(folds: list[_Fold], table: pd.DataFrame, y: npt.NDArray[Any]) -> Values:
    scores = np.empty(len(y))
    for fold in folds:
        scores[fold.unseen] = fold.model.predict_proba(table.iloc[fold.unseen])[:, 1]
    return scores


def mann_whitney_p(
    auc: float, y: npt.NDArray[Any], scores: Values, inflation: float = 1.0
) -> float:
    """Return the one-sided p-value of an area above 0.5, by the normal limit with ties.

    Args:
        auc: the area.
        y: 1 for current rows and 0 for those of the reference (n,).
        scores: the scores whose ties count (n,).
        inflation: how much larger the variance is than that of given scores.

    Source: scipy ``mannwhitneyu(alternative="greater", method="asymptotic",
    use_continuity=False)``.
    """
    from scipy.special import ndtr

    n, m = int((y == 0).sum()), int((y == 1).sum())
    every = n + m
    ties = np.unique(scores, return_counts=True)[1].astype(float)
    variance = (every + 1 - float((ties**3 - ties).sum()) / (every * (every - 1))) / (12 * n * m)
    if variance <= 0.0:
        return 1.0
    return float(ndtr(-(auc - 0.5) / math.sqrt(inflation * variance)))


def _check(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    for where, side in (("reference", reference), ("current window", current)):
        if len(side) < MIN_ROWS:
            raise DataError(
                f"the {where} has {len(side)} rows; the domain classifier needs {MIN_ROWS}"
            )
    if not len(reference.columns):
        raise DataError("the domain classifier needs at least one feature")
    gone = [name for name in reference.columns if name not in current.columns]
    if gone:
        raise DataError(f"the current window lacks columns of the reference: {join_names(gone)}")


def _sample(table: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    if len(table) <= most:
        return table
    return table.iloc[np.sort(rng.choice(len(table), most, replace=False))]


def _prepared(
    reference: pd.DataFrame, current: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return both tables as one, and which columns are numbers on both sides.

    Anything else is compared as text, also a column of hardly any numbers: scikit-learn cannot
    learn from one without any. Infinities count as missing, as everywhere in driftloop.
    """
    columns: dict[Any, npt.NDArray[Any]] = {}
    numeric = []
    for name in reference.columns:
        both: npt.NDArray[Any]
        if all(pd.api.types.is_numeric_dtype(side[name].dtype) for side in (reference, current)):
            both = np.concatenate(
                [side[name].to_numpy(float, na_value=np.nan) for side in (reference, current)]
            )
            both[np.isinf(both)] = np.nan
            if np.count_nonzero(~np.isnan(both)) >= MIN_ROWS:
                columns[name] = both
                numeric.append(name)
                continue
        else:
            both = np.concatenate([side[name].to_numpy(object) for side in (reference, current)])
        columns[name] = np.array(
            [None if pd.isna(value) else class_text(value) for value in both], dtype=object
        )
    return pd.DataFrame(columns), tuple(numeric)


def _interval(auc: float, variance: float, confidence: float) -> tuple[float, float]:
    from scipy.special import ndtri

    reach = float(ndtri((1 + confidence) / 2)) * math.sqrt(variance)
    return max(0.0, auc - reach), min(1.0, auc + reach)


def _features(
    folds: list[_Fold], table: pd.DataFrame, y: npt.NDArray[Any], rng: np.random.Generator
) -> tuple[tuple[str, float], ...]:
    """Return the features whose shuffling costs most, down to a tenth of the largest."""
    share = min(1.0, _ROWS_TO_SHUFFLE / len(y))
    drops = np.zeros(table.shape[1])
    names: list[str] = []
    for fold in folds:
        kept = rng.permutation(fold.unseen)[: math.ceil(share * len(fold.unseen))]
        prepare, estimator = fold.model["prepare"], fold.model["estimator"]
        values = prepare.transform(table.iloc[kept])
        names = [name.split("__", 1)[1] for name in prepare.get_feature_names_out()]
        whole = _auc(y[kept], estimator.predict_proba(values)[:, 1])
        for place in range(len(names)):
            shuffled = values.copy()
            shuffled[:, place] = rng.permutation(shuffled[:, place])
            drops[place] += whole - _auc(y[kept], estimator.predict_proba(shuffled)[:, 1])
    order = np.argsort(-drops, kind="stable")[:MAX_NAMED_FEATURES]
    least = max(_NAMED_FROM * float(drops[order[0]]), 0.0)
    return tuple(
        (names[place], float(drops[place]) / len(folds)) for place in order if drops[place] > least
    )


def _auc(y: npt.NDArray[Any], scores: Values) -> float:
    return auc_variance(y, scores)[0]


@one_thread()
def density_ratios(reference: pd.DataFrame, current: pd.DataFrame) -> Values | None:
    """Return `DomainClassifier.density_ratios` as estimates use them: quickly, of some rows."""
    return DomainClassifier(rows=2000, folds=2).density_ratios(reference, current)
