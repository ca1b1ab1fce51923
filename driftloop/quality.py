"""Data-quality checks: is the window fit to be judged and trained on?

A failed check means broken data, not a changed world: it alerts, and it forbids to retrain.
Each check is its settings and one method, ``check(sample)``.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator

from driftloop.columns import Column, categorical_column, numeric_column
from driftloop.errors import DataError, listed
from driftloop.records import QualityFinding
from driftloop.settings import Settings

Factor = Annotated[float, Field(gt=0)]

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """What quality checks look at: two tables and what their columns are."""

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    key: str | None
    _reference: dict[str, Column] = field(default_factory=dict, repr=False, compare=False)
    _current: dict[str, Column] = field(default_factory=dict, repr=False, compare=False)

    def columns(self, name: str) -> tuple[Column, Column]:
        """Return one feature of the reference and of the current window, each read once.

        Raises:
            DataError: if it is missing or of another type than declared.
        """
        read = numeric_column if name in self.numeric else categorical_column
        for known, table in ((self._reference, self.reference), (self._current, self.current)):
            if name not in known:
                known[name] = read(table, name)
        return self._reference[name], self._current[name]

    def beside(self, current: pd.DataFrame) -> "Sample":
        """Return the same reference beside another window."""
        return replace(self, current=current, _current={})


class Schema(Settings):
    """Every declared feature is there and of its declared type. Fails by the column."""

    kind: Literal["schema"] = "schema"

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding a faulty column, or one that all are there."""
        faults = []
        for name in (*sample.numeric, *sample.categorical):
            try:
                sample.columns(name)
            except DataError as error:
                faults.append(QualityFinding(self.kind, name, "failed", f"{error}."))
        if faults:
            return tuple(faults)
        count = len(sample.numeric) + len(sample.categorical)
        return (_passed(self.kind, f"All {count} features are there with their declared types."),)


class MissingRate(Settings):
    """Missing values of a feature do not rise far above their rate in the reference."""

    kind: Literal["missing_rate"] = "missing_rate"
    increase: float = Field(
        default=0.2, gt=0, le=1, description="Rise of the missing share that fails (0.2 = 20 %)."
    )

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding a column that fails, or one that all pass."""
        faults = []
        for name, reference, current in _readable_features(sample):
            rise = current.missing_rate - reference.missing_rate
            if rise > self.increase:
                sentence = (
                    f"`{name}` is missing in {current.missing_rate:.0%} of the rows; "
                    f"it was {reference.missing_rate:.1%} in the reference."
                )
                faults.append(
                    QualityFinding(self.kind, name, "failed", sentence, rise, self.increase)
                )
        return tuple(faults) or (_passed(self.kind, "No feature lost its values.", sample),)


class UnitChange(Settings):
    """A numeric feature does not arrive in another unit, such as cents instead of euros.

    Fails where the values, divided by one of the factors or multiplied with it, look like the
    reference (KS distance below 0.2), and as they are do not (above 0.5). A real change of the
    world rarely keeps the shape and multiplies every value by a round factor.
    """

    kind: Literal["unit_change"] = "unit_change"
    factors: tuple[Factor, ...] = Field(
        default=(10.0, 60.0, 100.0, 1000.0, 3600.0, 1e6),
        description="Conversion factors to look for, in both directions.",
    )

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding a column that fails, or one that all pass."""
        faults = []
        for name, reference, current in _readable_features(sample):
            factor = (
                self._factor(reference.values, current.values) if (name in sample.numeric) else None
            )
            if factor is not None:
                sentence = (
                    f"`{name}` looks {_times(factor)} than in the reference (median "
                    f"{np.median(current.values):.4g} against "
                    f"{np.median(reference.values):.4g}): a changed unit?"
                )
                faults.append(QualityFinding(self.kind, name, "failed", sentence, factor))
        return tuple(faults) or (
            _passed(self.kind, "No numeric feature changed its unit.", sample),
        )

    def _factor(self, reference: Numbers, current: Numbers) -> float | None:
        if min(len(reference), len(current)) < 30 or np.ptp(reference) == 0:
            return None
        if _distance(reference, current) <= 0.5:
            return None
        candidates = [*self.factors, *(1 / factor for factor in self.factors)]
        distances = [_distance(reference, current / factor) for factor in candidates]
        best = int(np.argmin(distances))
        return candidates[best] if distances[best] < 0.2 else None


class UnseenCategories(Settings):
    """Most values of a categorical feature are known from the reference.

    A renamed code set makes every value new. Not on by default: a column that follows the
    calendar holds new categories every month. A few new categories are drift's business.
    """

    kind: Literal["unseen_categories"] = "unseen_categories"
    limit: float = Field(
        default=0.5, gt=0, le=1, description="Share of rows with unknown categories that fails."
    )

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding a column that fails, or one that all pass."""
        faults = []
        for name, reference, current in _readable_features(sample):
            if name in sample.numeric or not len(current.values) or not len(reference.values):
                continue
            new = ~np.isin(current.values, np.unique(reference.values))
            if new.mean() > self.limit:
                names = sorted(set(current.values[new]))
                sentence = (
                    f"{new.mean():.0%} of `{name}` are categories the reference never held "
                    f"({listed(names, 3)}): renamed codes?"
                )
                faults.append(
                    QualityFinding(
                        self.kind, name, "failed", sentence, float(new.mean()), self.limit
                    )
                )
        return tuple(faults) or (
            _passed(self.kind, "Categories are those of the reference.", sample),
        )


class Range(Settings):
    """Values of one column stay within bounds that its owner knows."""

    kind: Literal["range"] = "range"
    column: str = Field(description="The numeric feature.")
    minimum: float | None = Field(default=None, description="Smallest possible value.")
    maximum: float | None = Field(default=None, description="Largest possible value.")
    tolerance: float = Field(
        default=0.0, ge=0, lt=1, description="Share of rows outside that is still fine."
    )

    @model_validator(mode="after")
    def _can_pass_and_fail(self) -> Self:
        low, high = self.minimum, self.maximum
        if low is None and high is None:
            raise ValueError("a range needs minimum, maximum or both")
        if low is not None and high is not None and low > high:
            raise ValueError(f"minimum {low:g} is above maximum {high:g}")
        return self

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding."""
        try:
            values = numeric_column(sample.current, self.column).values
        except DataError as error:
            return (QualityFinding(self.kind, self.column, "inconclusive", f"{error}."),)
        if not len(values):
            sentence = f"`{self.column}` holds no values to check."
            return (QualityFinding(self.kind, self.column, "inconclusive", sentence),)
        low = -np.inf if self.minimum is None else self.minimum
        high = np.inf if self.maximum is None else self.maximum
        outside = float(np.mean((values < low) | (values > high)))
        status: Literal["ok", "failed"] = "failed" if outside > self.tolerance else "ok"
        sentence = f"{outside:.1%} of `{self.column}` lie outside {low:g} to {high:g}."
        return (QualityFinding(self.kind, self.column, status, sentence, outside, self.tolerance),)


class DuplicateKeys(Settings):
    """No key occurs twice in the window; a feed that repeats rows counts them double."""

    kind: Literal["duplicate_keys"] = "duplicate_keys"
    limit: float = Field(
        default=0.0, ge=0, lt=1, description="Share of repeated rows that is still fine."
    )

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding; inconclusive where the key column is missing."""
        if sample.key is None:
            return ()
        if sample.key not in sample.current.columns:
            sentence = f"The key column `{sample.key}` is missing."
            return (QualityFinding(self.kind, sample.key, "inconclusive", sentence),)
        share = float(sample.current[sample.key].duplicated().mean())
        status: Literal["ok", "failed"] = "failed" if share > self.limit else "ok"
        sentence = f"{share:.1%} of the rows repeat a `{sample.key}`."
        return (QualityFinding(self.kind, sample.key, status, sentence, share, self.limit),)


QualityCheck = Annotated[
    Schema | MissingRate | UnitChange | UnseenCategories | Range | DuplicateKeys,
    Field(discriminator="kind"),
]
DEFAULT_CHECKS: tuple[QualityCheck, ...] = (
    Schema(),
    MissingRate(),
    UnitChange(),
    DuplicateKeys(),
)


def check_quality(sample: Sample, checks: tuple[QualityCheck, ...]) -> tuple[QualityFinding, ...]:
    """Return what every check says of the window. A window without rows has none to check."""
    if sample.current.empty:
        return (QualityFinding("rows", None, "inconclusive", "The window holds no rows."),)
    return tuple(finding for check in checks for finding in check.check(sample))


def _readable_features(sample: Sample) -> list[tuple[str, Column, Column]]:
    """Features that can be read; the others are the schema check's finding."""
    features = []
    for name in (*sample.numeric, *sample.categorical):
        try:
            features.append((name, *sample.columns(name)))
        except DataError:
            continue
    return features


def _passed(check: str, sentence: str, sample: Sample | None = None) -> QualityFinding:
    """Say that a check passed; one that compared features must have had some to read."""
    if sample and not any(one.rows and two.rows for _, one, two in _readable_features(sample)):
        return QualityFinding(check, None, "inconclusive", "No feature could be compared.")
    return QualityFinding(check, None, "ok", sentence)


def _distance(left: Numbers, right: Numbers) -> float:
    """Largest distance of the two empirical distribution functions."""
    left, right = np.sort(left), np.sort(right)
    every = np.concatenate([left, right])
    below = [np.searchsorted(side, every, side="right") / len(side) for side in (left, right)]
    return float(np.max(np.abs(below[0] - below[1])))


def _times(factor: float) -> str:
    return f"{factor:g} times larger" if factor > 1 else f"{1 / factor:g} times smaller"
