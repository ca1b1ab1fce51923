"""Drift findings: measure every feature, control false discoveries, then judge each one.

A feature has drifted only when its p-value survives the control over all tests of the run *and*
its effect size exceeds its floor, so that neither a million rows nor fifty make a false alarm.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pydantic import Field

from driftloop.columns import Column, categorical_column, numeric_column
from driftloop.detectors import (
    CategoricalDetector,
    ChiSquare,
    KolmogorovSmirnov,
    NumericDetector,
    missing_rate_test,
)
from driftloop.effects import Effect, PopulationStability
from driftloop.errors import DataError
from driftloop.multiple_testing import Correction, adjust
from driftloop.records import Finding, Status, TestResult
from driftloop.sentences import describe_categories, describe_missing, describe_numbers
from driftloop.settings import Settings


class DriftSettings(Settings):
    """How features are tested and when a change counts as drift."""

    numeric: NumericDetector = KolmogorovSmirnov()
    categorical: CategoricalDetector = ChiSquare()
    effect: Effect = PopulationStability()
    missing_floor: float = Field(
        default=0.05, ge=0, lt=1, description="Changes of a missing rate up to this do not count."
    )
    level: float = Field(
        default=0.01, gt=0, lt=0.5, description="False-discovery level over all tests of a run."
    )
    correction: Correction = Field(
        default="benjamini-hochberg", description="Control over all tests of a run."
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="Features the model reads but drift does not test."
    )
    minimum_rows: int = Field(
        default=100, ge=2, description="Fewer present values than this are inconclusive."
    )


@dataclass(frozen=True, slots=True)
class Tables:
    """The two samples to compare and which of their columns are features."""

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


def find_drift(tables: Tables, settings: DriftSettings) -> tuple[Finding, ...]:
    """Return one finding a feature, and one more a feature whose missing rate was tested."""
    measured = [*_measure_all(tables, settings)]
    p_values = [math.nan if one.p_value is None else one.p_value for one in measured]
    adjusted = adjust(p_values, settings.correction)
    return tuple(
        _judge(finding, float(p), settings) for finding, p in zip(measured, adjusted, strict=True)
    )


def _measure_all(tables: Tables, settings: DriftSettings) -> Iterable[Finding]:
    for name in (*tables.numeric, *tables.categorical):
        if name in settings.ignore:
            continue
        numeric = name in tables.numeric
        read = numeric_column if numeric else categorical_column
        try:
            reference, current = read(tables.reference, name), read(tables.current, name)
        except DataError as error:
            yield _inconclusive(name, len(tables.reference), len(tables.current), f"{error}.")
            continue
        yield _measure(name, reference, current, numeric, settings)
        if reference.missing or current.missing:
            yield _measure_missing(name, reference, current, settings)


def _measure(
    name: str, reference: Column, current: Column, numeric: bool, settings: DriftSettings
) -> Finding:
    rows = len(reference.values), len(current.values)
    reason = _cannot_test(reference, current, settings.minimum_rows)
    if reason:
        return _inconclusive(name, *rows, f"`{name}` {reason}.")
    if numeric:
        result = settings.numeric.test(reference.values, current.values)
        effect = settings.effect.numeric(reference.values, current.values)
        sentence = describe_numbers(name, reference.values, current.values)
        new: tuple[str, ...] = ()
    else:
        result = settings.categorical.test(reference.values, current.values)
        effect = settings.effect.categorical(reference.values, current.values)
        new = tuple(sorted(set(current.values) - set(reference.values)))
        sentence = describe_categories(name, reference.values, current.values)
    shape = settings.effect.kind, effect, settings.effect.floor
    return replace(_finding(name, result, shape, rows, sentence), new_categories=new)


def _measure_missing(
    name: str, reference: Column, current: Column, settings: DriftSettings
) -> Finding:
    rows = reference.rows, current.rows
    if min(rows) < settings.minimum_rows:
        few = f"has {rows[1]} rows, {settings.minimum_rows} are needed"
        return _inconclusive(name, *rows, f"`{name}` {few}.", "missing_rate")
    result = missing_rate_test((reference.missing, current.missing), rows)
    change = abs(current.missing_rate - reference.missing_rate)
    sentence = describe_missing(name, reference.missing_rate, current.missing_rate)
    shape = "rate_difference", change, settings.missing_floor
    return _finding(name, result, shape, rows, sentence)


def _cannot_test(reference: Column, current: Column, minimum: int) -> str | None:
    for column, where in ((reference, "reference"), (current, "current window")):
        if len(column.values) == 0:
            return f"holds no values in the {where}"
        if len(column.values) < minimum:
            return f"has {len(column.values)} values in the {where}, {minimum} are needed"
    first = reference.values[0]
    if reference.values.dtype == object and len(set(reference.values)) > 0.9 * len(
        reference.values
    ):
        return "is nearly another value in every row, as an identifier, which cannot be tested"
    if np.all(reference.values == first) and np.all(current.values == first):
        return f"is {first} throughout in both windows, which leaves nothing to test"
    return None


def _finding(
    name: str,
    result: TestResult,
    shape: tuple[str, float, float],
    rows: tuple[int, int],
    sentence: str,
) -> Finding:
    return Finding(
        name=name,
        test=result.test,
        statistic=result.statistic,
        p_value=result.p_value,
        p_adjusted=None,
        effect=shape[0],
        effect_size=shape[1],
        effect_floor=shape[2],
        status="inconclusive",
        sentence=sentence,
        rows_reference=rows[0],
        rows_current=rows[1],
    )


def _inconclusive(
    name: str, reference: int, current: int, sentence: str, test: str = "none"
) -> Finding:
    return Finding(
        name,
        test,
        None,
        None,
        None,
        "none",
        None,
        None,
        "inconclusive",
        sentence,
        reference,
        current,
    )


def _judge(finding: Finding, p_adjusted: float, settings: DriftSettings) -> Finding:
    if finding.p_value is None or finding.effect_size is None or finding.effect_floor is None:
        return finding
    if math.isnan(p_adjusted) or math.isnan(finding.effect_size):
        sentence = f"{finding.sentence} The test gave no p-value."
        return replace(finding, p_value=None, statistic=None, sentence=sentence)
    significant = p_adjusted <= settings.level
    status: Status = "ok"
    if significant and finding.effect_size > finding.effect_floor:
        status = "drift"
    elif significant and finding.effect_size > finding.effect_floor / 2:
        status = "warning"
    return replace(finding, p_adjusted=p_adjusted, status=status)
