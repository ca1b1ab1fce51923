"""Measuring one feature: its tests and effect sizes, not yet judged.

Judging needs all tests of a run; see `driftloop.drift.judge`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from driftloop.base.errors import DataError
from driftloop.base.findings import Finding
from driftloop.drift.detectors import (
    missing_rate_test,
    new_categories_test,
    run_test,
    vanished_category_test,
)
from driftloop.drift.result import TestResult, package_label
from driftloop.drift.settings import DriftSettings
from driftloop.drift.tails import count_tails, tails_test
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.column_source import Batch
from driftloop.profiling.columns import CategoricalColumn, NumericColumn
from driftloop.profiling.effect_sizes.base import EffectSize
from driftloop.profiling.effect_sizes.binned import Binned
from driftloop.profiling.finding_text import (
    describe_categories,
    describe_missing,
    describe_new_categories,
    describe_numbers,
    describe_tails,
    describe_vanished_categories,
)
from driftloop.profiling.reference_column import (
    CategoricalReference,
    ColumnReference,
    NumericReference,
    UnreadableColumn,
    Variation,
)
from driftloop.profiling.stationarity import settled_floor
from driftloop.profiling.tall import TallCategories, TallNumbers
from driftloop.profiling.variation import learned_floor, season_floor
from driftloop.quality.column_summary import ColumnSummary, summarise_categorical, summarise_numeric

Numeric = NumericColumn | TallNumbers
Categorical = CategoricalColumn | TallCategories
Column = Numeric | Categorical
Reference = NumericReference | CategoricalReference

NO_VARIATION = Variation()


@dataclass(frozen=True, slots=True)
class FeatureMeasurement:
    """The summary of a feature, and the findings of its tests, not judged yet."""

    summary: ColumnSummary
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasuringOptions:
    """How features are measured: the settings, and the chance that a floor may be exceeded.

    With `summaries_only` nothing is tested, which is enough for data-quality checks. `seasonal`
    says that the windows of the reference are the same part of several cycles.
    """

    settings: DriftSettings
    chance: float
    summaries_only: bool = False
    seasonal: bool = False

    def skips_test(self, name: str) -> bool:
        """Return whether a feature is not to be tested."""
        return self.summaries_only or name in self.settings.ignore

    def floor(
        self,
        fixed: float,
        windows: tuple[float, ...],
        by_chance: tuple[float, ...],
        reach: Callable[[], float],
        squared: bool = False,
        settled: bool = False,
    ) -> tuple[float, int]:
        """Return the floor of an effect, and from how many windows it was learned; 0 if it was not.

        A learned floor is at most half of what a window of these sizes can `reach`; `settled` ones
        follow a break of the reference.
        """
        if not self.settings.learn_floors:
            return fixed, 0
        limit, own = self.settings.floor_limit, (windows, fixed, self.chance)
        if settled:
            learned = settled_floor(*own, squared=squared, limit=limit)
        elif self.seasonal:
            learned = season_floor(*own, squared=squared, limit=limit)
        else:
            learned = learned_floor(*own, by_chance, squared=squared, limit=limit)
        if learned > fixed:
            learned = max(fixed, min(learned, reach() / 2))
        return learned, len(windows) if learned > fixed else 0

    def floor_of(
        self, effect: EffectSize, variation: Variation, binned: Binned, new_bin: bool
    ) -> tuple[float, int]:
        """Return the floor of a column's effect, and from how many windows it was learned.

        `new_bin` says whether the window can hold what the reference has no bin for.
        """

        def reach() -> float:
            bins = np.append(binned.reference, 0.0) if new_bin else binned.reference
            return effect.reach(bins, int(binned.rows[1]))

        own = variation.effects, variation.effects_by_chance
        return self.floor(effect.floor, *own, reach, effect.squared, variation.settled > 0)


def measure_feature(
    name: str,
    numeric: bool,
    reference: ColumnReference,
    current: Batch,
    options: MeasuringOptions,
) -> FeatureMeasurement:
    """Return the measurement of a feature; an unreadable one has a fault and is inconclusive."""
    try:
        if isinstance(reference, UnreadableColumn):
            raise DataError(reference.reason)
        column = current.numeric(name) if numeric else current.categorical(name)
        if isinstance(column, TallNumbers) and isinstance(reference, NumericReference):
            column.count(reference.edges)
    except DataError as error:
        rows = reference.rows, current.rows
        return FeatureMeasurement(
            ColumnSummary(name, f"{error}"), (inconclusive_finding(name, *rows, f"{error}."),)
        )
    if isinstance(reference, NumericReference) and isinstance(column, Numeric):
        return _measure_numbers(name, reference, column, options)
    if isinstance(reference, CategoricalReference) and isinstance(column, Categorical):
        return _measure_categories(name, reference, column, options)
    raise DataError(f"column {name!r} is of another type in the reference; rebuild its profile")


def _measure_numbers(
    name: str, reference: NumericReference, column: Numeric, options: MeasuringOptions
) -> FeatureMeasurement:
    present = column.present
    pair = NumericPair(reference, present) if len(present) and len(reference.values) else None
    summary = summarise_numeric(name, reference, column, pair)
    if options.skips_test(name):
        return FeatureMeasurement(summary)
    sizes = len(reference.values), len(present)
    reason = _too_few(sizes, options.settings.minimum_rows)
    if reason is None and pair is not None and pair.constant:
        reason = _constant_at(reference.values[0])
    if reason or pair is None:
        findings = [inconclusive_finding(name, *sizes, f"`{name}` {reason}.")]
    else:
        findings = [numeric_finding(name, pair, options), *_tails(name, pair, options)]
    return FeatureMeasurement(summary, (*findings, *_missing(name, reference, column, options)))


def numeric_finding(name: str, pair: NumericPair, options: MeasuringOptions) -> Finding:
    """Return the finding of a numeric column; one of few values is tested as categories."""
    settings = options.settings
    few = pair.reference.distinct <= settings.few_values
    result = run_test(settings.numeric_test(name, few), pair, settings.engine)
    effect = settings.effect_sizes.of_numbers(name)
    binned = pair.binned
    floor, windows = options.floor_of(effect, pair.reference.variation, binned, new_bin=False)
    sized = effect.kind, effect.size(binned), floor
    course = pair.reference.variation.course
    more = {"floor_windows": windows, "reference_course": course, "shape": pair.shape(name)}
    return finding(name, result, sized, pair.rows, describe_numbers(name, pair), **more)


def _tails(name: str, pair: NumericPair, options: MeasuringOptions) -> list[Finding]:
    """Return the finding of the tails where they grew, by half the level of the run by itself.

    It has no floor that a share could exceed: tails are listed, and drift by what else is tested.
    """
    if pair.reference.distinct <= options.settings.few_values:
        return []
    counts = count_tails(pair)
    result = tails_test(counts, pair.rows)
    if result is None or result.p_value > options.chance / 2:
        return []
    shares = counts.before / pair.rows[0], counts.now / pair.rows[1]
    sentence = describe_tails(name, shares, (counts.low, counts.high))
    return [finding(name, result, ("share_of_rows", result.statistic, 1.0), pair.rows, sentence)]


def _measure_categories(
    name: str,
    reference: CategoricalReference,
    column: Categorical,
    options: MeasuringOptions,
) -> FeatureMeasurement:
    sizes = int(reference.counts.sum()), int(column.counts.sum())
    pair = CategoricalPair.from_reference(reference, column) if all(sizes) else None
    summary = summarise_categorical(name, reference, column, pair)
    if name in options.settings.ignore:
        summary = replace(summary, unseen_share=0.0)
    if options.skips_test(name):
        return FeatureMeasurement(summary)
    reason = _too_few(sizes, options.settings.minimum_rows)
    if reason is None and pair is not None:
        reason = _cannot_compare(pair)
    if reason or pair is None:
        findings = [inconclusive_finding(name, *sizes, f"`{name}` {reason}.")]
    else:
        findings = categorical_findings(name, pair, options, reference.variation)
    return FeatureMeasurement(summary, (*findings, *_missing(name, reference, column, options)))


def categorical_findings(
    name: str,
    pair: CategoricalPair,
    options: MeasuringOptions,
    variation: Variation = NO_VARIATION,
) -> list[Finding]:
    """Return the findings of a categorical column: its shares, and new and vanished categories."""
    settings = options.settings
    effect = settings.effect_sizes.of_categories(name)
    binned = pair.binned
    floor, windows = options.floor_of(effect, variation, binned, new_bin=True)
    new, gone = pair.new_categories, pair.vanished_categories
    sized = effect.kind, effect.size(binned), floor
    result = run_test(settings.categorical_test(name), pair, settings.engine)
    named = tuple(str(level) for level in new)
    more = {"new_categories": named, "floor_windows": windows, "shape": pair.shape(name)}
    more["reference_course"] = variation.course
    sentence = describe_categories(name, pair)
    findings = [finding(name, result, sized, pair.rows, sentence, **more)]
    if len(new):
        result = new_categories_test(pair)
        findings.append(
            _share(name, result, settings.new_floor, pair, describe_new_categories(name, pair))
        )
    if len(gone):
        result = vanished_category_test(pair)
        sentence = describe_vanished_categories(name, pair)
        findings.append(_share(name, result, settings.vanished_floor, pair, sentence))
    return findings


def _share(
    name: str, result: TestResult, floor: float, pair: CategoricalPair, sentence: str
) -> Finding:
    return finding(name, result, ("share_of_rows", result.statistic, floor), pair.rows, sentence)


def _missing(
    name: str, reference: Reference, column: Column, options: MeasuringOptions
) -> list[Finding]:
    """Return the finding of the missing rate where any value is missing on either side."""
    counts, rows = (reference.missing, column.missing), (reference.rows, column.rows)
    if not any(counts):
        return []
    least = options.settings.minimum_rows
    if min(rows) < least:
        few = f"`{name}` has {rows[1]} rows, {least} are needed."
        return [inconclusive_finding(name, *rows, few, "missing_rate")]
    result = missing_rate_test(counts, rows)
    rates = reference.missing_rate, column.missing_rate
    fixed = options.settings.missing_floor
    own = reference.variation.missing, reference.variation.missing_by_chance
    floor, windows = options.floor(fixed, *own, lambda: max(rates[0], 1 - rates[0]))
    sized = "rate_difference", abs(rates[1] - rates[0]), floor
    sentence = describe_missing(name, *rates)
    return [finding(name, result, sized, rows, sentence, floor_windows=windows)]


def _too_few(sizes: tuple[int, int], least: int) -> str | None:
    for size, where in zip(sizes, ("reference", "current window"), strict=True):
        if size == 0:
            return f"has no values in the {where}"
        if size < least:
            return f"has {size} values in the {where}, {least} are needed"
    return None


def _constant_at(value: object) -> str:
    return f"is {value} in every row of both windows, which leaves nothing to test"


def _cannot_compare(pair: CategoricalPair) -> str | None:
    if pair.identifies_rows:
        return "has a different value in nearly every row, like an identifier, and cannot be tested"
    if pair.constant:
        return _constant_at(pair.levels[0])
    return None


def finding(
    name: str,
    result: TestResult,
    effect: tuple[str, float, float],
    rows: tuple[int, int],
    sentence: str,
    **more: Any,
) -> Finding:
    """Return a finding that is not judged yet; `effect` is its kind, size and floor.

    `more` are further fields: replacing them later costs as much as making the finding.
    """
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
        engine=result.engine or package_label("driftloop"),
        **more,
    )


def inconclusive_finding(
    name: str, reference: int, current: int, sentence: str, test: str = "none"
) -> Finding:
    """Return the finding of a column that could not be tested, with the reason."""
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
