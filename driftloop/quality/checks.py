"""Data-quality checks: is the window fit to be judged and trained on?

A failed check means broken data, not a changed world: it raises an alert and blocks retraining.
A new subclass of `QualityCheck` or `FeatureCheck` above the line ``AnyQualityCheck`` is a new kind.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from driftloop.base.errors import DataError, join_names
from driftloop.base.findings import QualityFinding
from driftloop.base.scores import format_number
from driftloop.base.settings import any_of
from driftloop.profiling.columns import Numbers
from driftloop.profiling.finding_text import format_share
from driftloop.profiling.ks_distance import ks_distance_of_sorted
from driftloop.quality.base import Fault, FeatureCheck, QualityCheck, QualityInputs
from driftloop.quality.column_summary import LEAST_VALUES, ColumnSummary
from driftloop.quality.contract import Contract as Contract

Factor = Annotated[float, Field(gt=0)]


class Schema(QualityCheck):
    """Every declared feature is present and has its declared type."""

    kind: Literal["schema"] = "schema"

    def check(self, inputs: QualityInputs) -> tuple[QualityFinding, ...]:
        """Return one finding per faulty column, or one that says that all are present."""
        faults = tuple(
            QualityFinding(self.kind, summary.name, "failed", f"{summary.fault}.")
            for summary in inputs.summaries.values()
            if summary.fault is not None
        )
        sentence = f"All {len(inputs.summaries)} features are present with their declared types."
        return faults or (QualityFinding(self.kind, None, "ok", sentence),)


class MissingRate(FeatureCheck):
    """The missing rate of a feature does not rise far above that of the reference.

    Far is also beyond chance, and beyond what the reference's own windows show.
    """

    passed = "No feature lost its values."
    kind: Literal["missing_rate"] = "missing_rate"
    increase: float = Field(
        default=0.1, gt=0, le=1, description="Rise of the missing rate that fails (0.1 = 10 %)."
    )

    def fault(self, summary: ColumnSummary) -> Fault | None:
        """Return the rise of the missing rate where it is too large."""
        before, now = summary.missing_rates
        if not now - before > max(self.increase, summary.usual_rise):
            return None
        sentence = (
            f"`{summary.name}` is missing in {now:.0%} of the rows; "
            f"it was {before:.1%} in the reference."
        )
        return Fault(sentence, now - before, self.increase)


class UnitChange(FeatureCheck):
    """A numeric feature does not arrive in another unit, such as cents instead of euros.

    Fails where the values, divided by one of the factors or multiplied by it, look like the
    reference (KS distance below 0.2) although as they are they do not (above 0.5). A real change of
    the world rarely keeps the shape and multiplies every value by a round factor. Fails also where
    a part of the feed did so: values beyond the reference's range look as those that a factor
    carries there.
    """

    passed = "No numeric feature changed its unit."
    kind: Literal["unit_change"] = "unit_change"
    factors: tuple[Factor, ...] = Field(
        default=(10.0, 60.0, 100.0, 1000.0, 3600.0, 1e6),
        description="Conversion factors to look for, in both directions.",
    )
    share: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="Share of the values that fails where a part is in another unit.",
    )

    def fault(self, summary: ColumnSummary) -> Fault | None:
        """Return the factor between the two units, if there is one."""
        sample = summary.sample
        factor = self._factor(sample.reference, sample.current) if sample else None
        if sample is None or factor is None:
            return self._part(summary)
        medians = _medians(sample.medians[1], sample.medians[0])
        sentence = (
            f"`{summary.name}` looks {_times(factor)} than in the reference ({medians}): a changed "
            "unit?"
        )
        return Fault(sentence, factor)

    def _part(self, summary: ColumnSummary) -> Fault | None:
        """Return the factor between the unit of values beyond the range and the others."""
        for beyond in summary.beyond:
            far = {factor: beyond.alike(factor) for factor in self._candidates}
            factor = min(far, key=far.__getitem__)
            if beyond.share > self.share and far[factor] < 1:
                now, before = (float(np.median(some)) for some in (beyond.values, beyond.reference))
                sentence = (
                    f"{format_share(beyond.share)} of the values of `{summary.name}` look "
                    f"{_times(factor)} than in the reference ({_medians(now, before)}): a changed "
                    "unit in a part of the feed?"
                )
                return Fault(sentence, beyond.share, self.share)
        return None

    @property
    def _candidates(self) -> list[float]:
        return [*self.factors, *(1 / factor for factor in self.factors)]

    def _factor(self, reference: Numbers, current: Numbers) -> float | None:
        if min(len(reference), len(current)) < LEAST_VALUES or np.ptp(reference) == 0:
            return None
        candidates = self._candidates
        distances = [ks_distance_of_sorted(reference, current / factor) for factor in candidates]
        best = int(np.argmin(distances))
        return candidates[best] if distances[best] < 0.2 else None


def _times(factor: float) -> str:
    return f"{factor:g} times larger" if factor > 1 else f"{1 / factor:g} times smaller"


def _medians(now: float, before: float) -> str:
    return f"median {format_number(now)} against {format_number(before)}"


class UnseenCategories(FeatureCheck):
    """Most values of a categorical feature occur in the reference.

    Renaming the codes of a column makes every value new. A few new categories are a matter of
    drift, and a column in `drift.ignore`, such as one that follows the calendar, always has some.
    """

    passed = "Categories are those of the reference."
    kind: Literal["unseen_categories"] = "unseen_categories"
    limit: float = Field(
        default=0.5, gt=0, le=1, description="Share of rows with unseen categories that fails."
    )

    def fault(self, summary: ColumnSummary) -> Fault | None:
        """Return the share of rows with unseen categories where it is too large."""
        if summary.unseen_share <= self.limit:
            return None
        sentence = (
            f"{summary.unseen_share:.0%} of the values of `{summary.name}` are categories unseen "
            f"in the reference ({join_names(sorted(summary.unseen), 3)}): renamed codes?"
        )
        return Fault(sentence, summary.unseen_share, self.limit)


class StrayValue(FeatureCheck):
    """No single value far outside the reference's range fills many rows.

    Such a value is a code that a feed writes for something else: -999 or 9999 for missing, or -1
    among counts. A world that changes rather brings many different values.
    """

    passed = "No single value stands apart from the reference's range."
    kind: Literal["stray_value"] = "stray_value"
    limit: float = Field(
        default=0.02, gt=0, le=1, description="Share of values equal to such a one that fails."
    )

    def fault(self, summary: ColumnSummary) -> Fault | None:
        """Return the value where it fills too many rows."""
        stray = summary.stray
        if stray is None or stray.share <= self.limit:
            return None
        low, high = map(format_number, stray.range)
        sentence = (
            f"`{summary.name}` is {stray.value:.12g} in {format_share(stray.share)} of "
            f"its values, far outside the reference's {low} to {high}: a code for missing?"
        )
        return Fault(sentence, stray.share, self.limit)


class Range(QualityCheck):
    """The values of one column stay within known bounds."""

    kind: Literal["range"] = "range"
    column: str = Field(description="The numeric feature.")
    minimum: float | None = Field(default=None, description="Smallest possible value.")
    maximum: float | None = Field(default=None, description="Largest possible value.")
    tolerance: float = Field(
        default=0.0, ge=0, lt=1, description="Share of rows outside the bounds that is allowed."
    )

    @model_validator(mode="after")
    def _can_pass_and_fail(self) -> Self:
        low, high = self.minimum, self.maximum
        if low is None and high is None:
            raise ValueError("a range needs minimum, maximum or both")
        if low is not None and high is not None and low > high:
            raise ValueError(f"minimum {low:g} is above maximum {high:g}")
        return self

    def wrong_for(self, numeric: tuple[str, ...], allowed: tuple[str, ...]) -> str | None:
        """Return why the check could never run."""
        if self.column in numeric:
            return None
        return (
            f"the range check is on {self.column!r}, which is not a numeric feature; valid: "
            f"{', '.join(numeric) or 'none'}"
        )

    def check(self, inputs: QualityInputs) -> tuple[QualityFinding, ...]:
        """Return one finding."""
        try:
            values = inputs.current.numeric(self.column).present
        except DataError as error:
            return (QualityFinding(self.kind, self.column, "inconclusive", f"{error}."),)
        if not len(values):
            sentence = f"`{self.column}` has no values to check."
            return (QualityFinding(self.kind, self.column, "inconclusive", sentence),)
        low = -np.inf if self.minimum is None else self.minimum
        high = np.inf if self.maximum is None else self.maximum
        outside = float(np.mean((values < low) | (values > high)))
        status: Literal["ok", "failed"] = "failed" if outside > self.tolerance else "ok"
        sentence = (
            f"{outside:.1%} of the values of `{self.column}` are outside {low:g} to {high:g}."
        )
        return (QualityFinding(self.kind, self.column, status, sentence, outside, self.tolerance),)


class DuplicateKeys(QualityCheck):
    """No key occurs twice in the window: a feed that repeats rows counts them twice."""

    kind: Literal["duplicate_keys"] = "duplicate_keys"
    limit: float = Field(
        default=0.0, ge=0, lt=1, description="Share of repeated rows that is allowed."
    )

    def check(self, inputs: QualityInputs) -> tuple[QualityFinding, ...]:
        """Return one finding; inconclusive where the key column is missing, none without a key."""
        if inputs.key is None:
            return ()
        try:
            keys = inputs.current.series(inputs.key)
        except DataError:
            sentence = f"The key column `{inputs.key}` is missing."
            return (QualityFinding(self.kind, inputs.key, "inconclusive", sentence),)
        share = float(keys.duplicated().mean())
        status: Literal["ok", "failed"] = "failed" if share > self.limit else "ok"
        sentence = f"{share:.1%} of the rows repeat a `{inputs.key}`."
        return (QualityFinding(self.kind, inputs.key, status, sentence, share, self.limit),)


if TYPE_CHECKING:
    AnyQualityCheck = QualityCheck
else:
    AnyQualityCheck = any_of(QualityCheck)

DEFAULT_CHECKS = (
    Schema(),
    MissingRate(),
    UnitChange(),
    UnseenCategories(),
    StrayValue(),
    DuplicateKeys(),
)


def check_quality(
    inputs: QualityInputs, checks: tuple[QualityCheck, ...]
) -> tuple[QualityFinding, ...]:
    """Return the findings of every check; a window without rows is inconclusive."""
    if inputs.current.rows == 0:
        return (QualityFinding("rows", None, "inconclusive", "The window has no rows."),)
    return tuple(finding for check in checks for finding in check.check(inputs))


def check_label_classes(
    label: str, unknown: Mapping[str, int], rows: int, binary: bool
) -> QualityFinding | None:
    """Return the failed check of labels whose classes are not the champion's, None if they may be.

    Two classes are all there are. Of more a new one may come up, but not only new ones. `unknown`
    has the rows of each new class, of `rows` in all.
    """
    new = sum(unknown.values())
    if not new or not (binary or new == rows):
        return None
    sentence = (
        f"`{label}` holds classes that the champion was never trained on: "
        f"{join_names(unknown, 3)} ({new:,} of {rows:,} labels): recoded labels?"
    )
    return QualityFinding("label_classes", label, "failed", sentence, new / rows)
