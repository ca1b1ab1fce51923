"""An estimated score, judged: is performance expected to be lost before labels show it?"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.findings import EstimatedPerformance, EstimateStatus
from driftloop.base.periods import Window
from driftloop.base.scores import (
    Level,
    Score,
    interval_text,
    is_error,
    metric_name,
    named_score,
    score_text,
    trimmed,
)
from driftloop.performance.custom_metric import is_custom
from driftloop.performance.estimates.base import Estimate, EstimateInputs, NoEstimateError
from driftloop.performance.estimates.past_gaps import with_past_gaps
from driftloop.performance.evidence import NORMAL_95, chance_below, level_of_look
from driftloop.performance.realised import PerformanceSettings, expected_score
from driftloop.performance.value_metric import is_value

_LEADS: dict[EstimateStatus, str] = {
    "lost": "A loss is estimated",
    "falling": "A loss is estimated, but not proven",
}


@dataclass(frozen=True, slots=True)
class EstimateCriteria:
    """What an estimate is judged by: the champion's holdout score, the level that was held, how
    often a year a window follows, and how far earlier estimates were off, newest first.
    """

    baseline: Score | None
    level: Level | None
    settings: PerformanceSettings
    windows_a_year: float
    gaps: tuple[Score, ...] = ()


def estimate_window(
    method: Estimate, inputs: EstimateInputs, window: Window, rows: int, by: EstimateCriteria
) -> EstimatedPerformance:
    """Return the estimated score of a window of so many rows, judged.

    ``lost`` where it lies below the limit of realised performance by more than its error allows,
    at the level of a warning; ``falling`` where it lies below, but within its error; ``ok`` where
    its interval lies above; ``unclear`` between; and ``inconclusive`` where nothing can be
    estimated: too few rows, or too many outside the holdout.
    """
    outside, metric = outside_share(inputs.holdout.features, inputs.features), inputs.metric
    nothing = EstimatedPerformance(metric, method.kind, window, rows, None, None, None, outside)
    most, least = by.settings.most_outside, by.settings.minimum_rows
    if is_custom(metric):
        return nothing.inconclusive(f"{metric_name(metric)} is a metric of your own")
    if rows < least:
        return nothing.inconclusive(f"{rows} rows, {least} are needed")
    if outside > most:
        why = f"{outside:.0%} of the rows lie outside its holdout, {most:.0%} are allowed"
        return nothing.inconclusive(why)
    try:
        estimated = with_past_gaps(method.estimate(inputs), by.gaps)
    except NoEstimateError as error:
        return nothing.inconclusive(str(error))
    reach = NORMAL_95 * estimated.error
    best = 0.0 if is_error(metric) else 1.0
    best = math.inf if is_value(metric) else best
    value = min(estimated.value, best)
    low, high = value - reach, min(value + reach, best)
    expected = expected_score(metric, inputs.holdout.y, by.baseline, by.level, by.settings)
    limit = expected.limit if math.isfinite(expected.limit) else None
    level = level_of_look(by.settings.warning_budget, by.windows_a_year)
    status = _status(Score(metric, value, low, high, rows), estimated.error, limit, level)
    shown = partial(score_text, metric)
    text = f"{named_score(metric, value)} {interval_text(metric, low, high)}"
    text += "" if by.baseline is None else f", {shown(by.baseline.value)} on its holdout"
    guessing = expected.no_skill
    text += f", {trimmed(shown(guessing))} is guessing" if low <= guessing else ""
    text += "" if limit is None or status == "ok" else f"; the limit is {shown(limit)}"
    lead = _LEADS.get(status, "Estimated without labels")
    found = (value, low, high, outside, status, f"{lead}: {text}.", limit)
    return EstimatedPerformance(metric, method.kind, window, rows, *found)


def _status(score: Score, error: float, limit: float | None, level: float) -> EstimateStatus:
    if limit is None or score.low >= limit:
        return "ok"
    if chance_below(score.value - limit, error) <= level:
        return "lost"
    return "falling" if score.value < limit else "unclear"


def outside_share(holdout: pd.DataFrame, current: pd.DataFrame) -> float:
    """Return the share of rows with a value that no row of the holdout comes near.

    A number below its smallest or above its largest, a category that it does not hold. Missing
    values are left to the model.
    """
    outside: npt.NDArray[np.bool_] = np.zeros(len(current), dtype=bool)
    for name in holdout.columns:
        if name not in current.columns:
            return 1.0
        before, now = holdout[name], current[name]
        if pd.api.types.is_numeric_dtype(before) and pd.api.types.is_numeric_dtype(now):
            finite = before[np.isfinite(before)]
            if len(finite):
                outside |= ((now < finite.min()) | (now > finite.max())).to_numpy()
        else:
            outside |= (now.notna() & ~now.isin(before.dropna().unique())).to_numpy()
    return float(outside.mean()) if len(outside) else 0.0
