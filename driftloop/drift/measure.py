"""Measuring one feature: its tests and effect sizes, not yet judged.

Judging needs all tests of a run; see `driftloop.drift.judge`.
"""

from dataclasses import dataclass, replace

from driftloop.base.errors import DataError
from driftloop.base.records import Finding, TestResult
from driftloop.drift.detectors import missing_rate_test, new_categories_test, vanished_category_test
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.column_source import Columns
from driftloop.profiling.columns import CategoricalColumn, NumericColumn
from driftloop.profiling.finding_text import (
    describe_categories,
    describe_missing,
    describe_new,
    describe_numbers,
    describe_vanished,
)
from driftloop.profiling.reference_column import (
    CategoricalReference,
    ColumnReference,
    NumericReference,
    Unreadable,
)
from driftloop.profiling.variation import learned_floor
from driftloop.quality.column_summary import Glance, glance_at_categories, glance_at_numbers

Column = NumericColumn | CategoricalColumn
Reference = NumericReference | CategoricalReference


@dataclass(frozen=True, slots=True)
class Measured:
    """A feature at a glance, and the findings of its tests, whose status is still open."""

    glance: Glance
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How features are measured: the settings, and the chance that a floor may be exceeded.

    With `glances_only` nothing is tested, which is enough for data-quality checks.
    """

    settings: DriftSettings
    chance: float
    glances_only: bool = False

    def passes_over(self, name: str) -> bool:
        """Return whether a feature is not to be tested."""
        return self.glances_only or name in self.settings.ignore

    def floor(self, fixed: float, windows: tuple[float, ...]) -> tuple[float, bool]:
        """Return the floor of an effect, and whether the reference's own variation set it."""
        if not self.settings.learn_floors or len(windows) < self.settings.minimum_windows:
            return fixed, False
        learned = learned_floor(windows, fixed, self.chance)
        return learned, learned > fixed


def measure_feature(
    name: str, numeric: bool, reference: ColumnReference, current: Columns, yardstick: Yardstick
) -> Measured:
    """Return what one feature shows; an unreadable one has a fault and an inconclusive finding."""
    try:
        if isinstance(reference, Unreadable):
            raise DataError(reference.reason)
        column = current.numeric(name) if numeric else current.categorical(name)
    except DataError as error:
        rows = reference.rows, current.rows
        return Measured(Glance(name, f"{error}"), (inconclusive(name, *rows, f"{error}."),))
    if isinstance(reference, NumericReference) and isinstance(column, NumericColumn):
        return _measure_numbers(name, reference, column, yardstick)
    if isinstance(reference, CategoricalReference) and isinstance(column, CategoricalColumn):
        return _measure_categories(name, reference, column, yardstick)
    raise DataError(f"column {name!r} is of another type in the reference; build its profile anew")


def _measure_numbers(
    name: str, reference: NumericReference, column: NumericColumn, yardstick: Yardstick
) -> Measured:
    present = column.present
    pair = NumericPair(reference, present) if len(present) and len(reference.values) else None
    glance = glance_at_numbers(name, reference, column, pair)
    if yardstick.passes_over(name):
        return Measured(glance)
    sizes = len(reference.values), len(present)
    reason = _too_few(sizes, yardstick.settings.minimum_rows)
    if reason is None and pair is not None and pair.constant:
        reason = _throughout(reference.values[0])
    if reason or pair is None:
        findings = [inconclusive(name, *sizes, f"`{name}` {reason}.")]
    else:
        findings = [measure_numbers(name, pair, yardstick)]
    return Measured(glance, (*findings, *_missing(name, reference, column, yardstick)))


def measure_numbers(name: str, pair: NumericPair, yardstick: Yardstick) -> Finding:
    """Return the finding of a numeric column; one of few values is tested as categories."""
    settings = yardstick.settings
    few = pair.reference.distinct <= settings.few_values
    result = settings.categorical.test(pair) if few else settings.numeric.test(pair)
    effect = settings.effect
    floor, learned = yardstick.floor(effect.floor, pair.reference.variation.effects)
    binned = pair.binned if effect.kind == "wasserstein" else pair.counted
    sized = effect.kind, effect.size(binned), floor
    found = finding(name, result, sized, pair.rows, describe_numbers(name, pair))
    return replace(found, learned_floor=learned, shape=pair.shape(name))


def _measure_categories(
    name: str, reference: CategoricalReference, column: CategoricalColumn, yardstick: Yardstick
) -> Measured:
    held = int(column.counts.sum())
    sizes = int(reference.counts.sum()), held
    pair = CategoricalPair.against(reference, column) if all(sizes) else None
    glance = glance_at_categories(name, reference, column, pair)
    if yardstick.passes_over(name):
        return Measured(glance)
    reason = _too_few(sizes, yardstick.settings.minimum_rows)
    if reason is None and pair is not None:
        reason = _cannot_compare(pair)
    if reason or pair is None:
        findings = [inconclusive(name, *sizes, f"`{name}` {reason}.")]
    else:
        findings = measure_categories(name, pair, yardstick, reference.variation.effects)
    return Measured(glance, (*findings, *_missing(name, reference, column, yardstick)))


def measure_categories(
    name: str, pair: CategoricalPair, yardstick: Yardstick, windows: tuple[float, ...] = ()
) -> list[Finding]:
    """Return the findings of a categorical column: its shares, and new and vanished categories."""
    settings, effect = yardstick.settings, yardstick.settings.categorical_effect
    floor, learned = yardstick.floor(effect.floor, windows)
    new, gone = pair.new, pair.vanished
    sized = effect.kind, effect.size(pair.binned), floor
    shares = finding(
        name, settings.categorical.test(pair), sized, pair.rows, describe_categories(name, pair)
    )
    named = tuple(str(one) for one in new)
    drawn = pair.shape(name)
    findings = [replace(shares, new_categories=named, learned_floor=learned, shape=drawn)]
    if len(new):
        result = new_categories_test(pair)
        findings.append(_share(name, result, settings.new_floor, pair, describe_new(name, pair)))
    if len(gone):
        result = vanished_category_test(pair)
        told = describe_vanished(name, pair)
        findings.append(_share(name, result, settings.vanished_floor, pair, told))
    return findings


def _share(
    name: str, result: TestResult, floor: float, pair: CategoricalPair, sentence: str
) -> Finding:
    return finding(name, result, ("share_of_rows", result.statistic, floor), pair.rows, sentence)


def _missing(
    name: str, reference: Reference, column: Column, yardstick: Yardstick
) -> list[Finding]:
    """Return the finding of the missing rate where any value is missing on either side."""
    counts, rows = (reference.missing, column.missing), (reference.rows, column.rows)
    if not any(counts):
        return []
    least = yardstick.settings.minimum_rows
    if min(rows) < least:
        few = f"`{name}` has {rows[1]} rows, {least} are needed."
        return [inconclusive(name, *rows, few, "missing_rate")]
    result = missing_rate_test(counts, rows)
    rates = reference.missing_rate, column.missing_rate
    fixed = yardstick.settings.missing_floor
    floor, learned = yardstick.floor(fixed, reference.variation.missing)
    sized = "rate_difference", abs(rates[1] - rates[0]), floor
    found = finding(name, result, sized, rows, describe_missing(name, *rates))
    return [replace(found, learned_floor=learned)]


def _too_few(sizes: tuple[int, int], least: int) -> str | None:
    for size, where in zip(sizes, ("reference", "current window"), strict=True):
        if size == 0:
            return f"holds no values in the {where}"
        if size < least:
            return f"has {size} values in the {where}, {least} are needed"
    return None


def _throughout(value: object) -> str:
    return f"is {value} throughout in both windows, which leaves nothing to test"


def _cannot_compare(pair: CategoricalPair) -> str | None:
    if pair.identifies_rows:
        return "is nearly another value in every row, as an identifier, which cannot be tested"
    if pair.constant:
        return _throughout(pair.levels[0])
    return None


def finding(
    name: str,
    result: TestResult,
    effect: tuple[str, float, float],
    rows: tuple[int, int],
    sentence: str,
) -> Finding:
    """Return a finding that is not judged yet; `effect` is its kind, size and floor."""
    return Finding(
        name=name,
        test=result.test,
        statistic=result.statistic,
        p_value=result.p_value,
        p_adjusted=None,
        effect=effect[0],
        effect_size=effect[1],
        effect_floor=effect[2],
        status="inconclusive",
        sentence=sentence,
        rows_reference=rows[0],
        rows_current=rows[1],
        p_error=result.relative_error,
    )


def inconclusive(
    name: str, reference: int, current: int, sentence: str, test: str = "none"
) -> Finding:
    """Return the finding of a column that could not be tested, and why."""
    return Finding(
        name=name,
        test=test,
        statistic=None,
        p_value=None,
        p_adjusted=None,
        effect="none",
        effect_size=None,
        effect_floor=None,
        status="inconclusive",
        sentence=sentence,
        rows_reference=reference,
        rows_current=current,
    )
