"""Data-quality checks: is the window fit to be judged and trained on?

A failed check means broken data, not a changed world: it alerts, and it forbids to retrain.
Each check is its settings and one method, ``check(sample)``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from driftloop.base.errors import DataError, listed
from driftloop.base.records import QualityFinding
from driftloop.base.settings import Settings
from driftloop.profiling.column_source import Columns
from driftloop.profiling.columns import Numbers
from driftloop.profiling.ks_distance import sorted_distance
from driftloop.quality.column_summary import Glance

Factor = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Sample:
    """What quality checks look at: every feature at a glance, and the window's own columns."""

    current: Columns
    glances: Mapping[str, Glance]
    key: str | None = None


class Schema(Settings):
    """Every declared feature is there and of its declared type. Fails by the column."""

    kind: Literal["schema"] = "schema"

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding a faulty column, or one that all are there."""
        faults = tuple(
            QualityFinding(self.kind, glance.name, "failed", f"{glance.fault}.")
            for glance in sample.glances.values()
            if glance.fault is not None
        )
        count = len(sample.glances)
        told = f"All {count} features are there with their declared types."
        return faults or (_passed(self.kind, told),)


class MissingRate(Settings):
    """Missing values of a feature do not rise far above their rate in the reference."""

    kind: Literal["missing_rate"] = "missing_rate"
    increase: float = Field(
        default=0.2, gt=0, le=1, description="Rise of the missing share that fails (0.2 = 20 %)."
    )

    def check(self, sample: Sample) -> tuple[QualityFinding, ...]:
        """Return one finding a column that fails, or one that all pass."""
        faults = []
        for glance in _readable(sample):
            before, now = glance.missing_rates
            if now - before > self.increase:
                sentence = (
                    f"`{glance.name}` is missing in {now:.0%} of the rows; "
                    f"it was {before:.1%} in the reference."
                )
                finding = QualityFinding(
                    self.kind, glance.name, "failed", sentence, now - before, self.increase
                )
                faults.append(finding)
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
        for glance in _readable(sample):
            sketch = glance.sketch
            if sketch is None:
                continue
            factor = self._factor(sketch.reference, sketch.current)
            if factor is None:
                continue
            before, now = sketch.medians
            sentence = (
                f"`{glance.name}` looks {_times(factor)} than in the reference (median "
                f"{now:.4g} against {before:.4g}): a changed unit?"
            )
            faults.append(QualityFinding(self.kind, glance.name, "failed", sentence, factor))
        return tuple(faults) or (
            _passed(self.kind, "No numeric feature changed its unit.", sample),
        )

    def _factor(self, reference: Numbers, current: Numbers) -> float | None:
        if min(len(reference), len(current)) < 30 or np.ptp(reference) == 0:
            return None
        candidates = [*self.factors, *(1 / factor for factor in self.factors)]
        distances = [sorted_distance(reference, current / factor) for factor in candidates]
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
        for glance in _readable(sample):
            if glance.unseen_share > self.limit:
                sentence = (
                    f"{glance.unseen_share:.0%} of `{glance.name}` are categories the reference "
                    f"never held ({listed(sorted(glance.unseen), 3)}): renamed codes?"
                )
                finding = QualityFinding(
                    self.kind, glance.name, "failed", sentence, glance.unseen_share, self.limit
                )
                faults.append(finding)
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
            values = sample.current.numeric(self.column).present
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
        try:
            keys = sample.current.series(sample.key)
        except DataError:
            sentence = f"The key column `{sample.key}` is missing."
            return (QualityFinding(self.kind, sample.key, "inconclusive", sentence),)
        share = float(keys.duplicated().mean())
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
    if sample.current.rows == 0:
        return (QualityFinding("rows", None, "inconclusive", "The window holds no rows."),)
    return tuple(finding for check in checks for finding in check.check(sample))


def _readable(sample: Sample) -> Iterator[Glance]:
    """Features that can be read; the others are the schema check's finding."""
    return (glance for glance in sample.glances.values() if glance.fault is None)


def _passed(check: str, sentence: str, sample: Sample | None = None) -> QualityFinding:
    """Say that a check passed; one that compared features must have had some to read."""
    if sample and not any(glance.comparable for glance in _readable(sample)):
        return QualityFinding(check, None, "inconclusive", "No feature could be compared.")
    return QualityFinding(check, None, "ok", sentence)


def _times(factor: float) -> str:
    return f"{factor:g} times larger" if factor > 1 else f"{1 / factor:g} times smaller"
