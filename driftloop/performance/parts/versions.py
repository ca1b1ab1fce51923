"""Performance by served version: which of those in a window did worse than the others there."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from driftloop.base.findings import SegmentPerformance
from driftloop.base.scores import Score, metric_name, score_text
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.evidence import NORMAL_95, chance_below, level_of_look
from driftloop.performance.metrics import MetricName, is_regression, score, strata
from driftloop.performance.parts.segment_rows import MOST_VALUES, Rows, value_names
from driftloop.performance.parts.segments import SHARE, ScoredRows
from driftloop.performance.realised import PerformanceSettings

_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class _Scored:
    value: float
    error: float
    freedom: int


def judge_versions(
    metric: MetricName,
    window: ScoredRows,
    served_by: "pd.Series[str]",
    settings: PerformanceSettings,
    margin: float,
    windows_a_year: float,
) -> tuple[SegmentPerformance, ...]:
    """Return how each version scored that served rows of a window, and whether it did worse.

    ``fell`` where a version proves to score lower, by more than `margin`, than all others did on
    their rows of the same window: in Student's distribution, with the errors of the bootstrap, at
    the share of the alarm budget that parts of a window have, and by Holm's rule over all versions
    (Scand. J. Statistics 6(2), 1979). A version with too few rows, or whose others have too few,
    is left out, and so is one that served all rows: it is judged as a whole.

    Args:
        metric: what is scored.
        window: the scored rows.
        served_by: the version of each of them (n,).
        settings: minima and budgets.
        margin: the loss that is allowed.
        windows_a_year: how often it is judged.
    """
    names = value_names(served_by)
    values, counts = np.unique(names, return_counts=True)
    found = []
    for value in values[np.lexsort((values, -counts))][:MOST_VALUES]:
        own = names == value
        sides = [_scored(metric, window.rows(rows), settings) for rows in (own, ~own)]
        if sides[0] is not None and sides[1] is not None:
            found.append((f"{served_by.name}={value}", own, sides[0], sides[1]))
    chances = {name: _chance(version, others, margin) for name, _, version, others in found}
    level = level_of_look(SHARE * settings.alarm_budget, windows_a_year)
    worse = _by_holm(chances, level)
    return tuple(
        _told(metric, name, own, version, others, chances[name], name in worse)
        for name, own, version, others in found
    )


def _scored(metric: MetricName, rows: ScoredRows, settings: PerformanceSettings) -> _Scored | None:
    groups = strata(rows.y)
    least = min(map(len, groups), default=0)
    classes = 1 if is_regression(rows.y) else 2
    few = len(rows.y) < settings.minimum_rows or least < settings.minimum_per_class
    if few or len(groups) < classes:
        return None
    value = score(metric, rows.y, rows.p, rows.threshold)
    (drawn,) = resampled_scores(metric, rows.y, ((rows.p, rows.threshold),), _RESAMPLES, 0)
    error = float(np.std(drawn)) * math.sqrt(least / (least - 1))
    return _Scored(value, error, least - 1) if math.isfinite(value + error) else None


def _chance(version: _Scored, others: _Scored, margin: float) -> float:
    """Return the chance of so low a score where it is lower by no more than the margin."""
    error = math.hypot(version.error, others.error)
    freedom = min(version.freedom, others.freedom)
    return chance_below(version.value - others.value + margin, error, freedom)


def _by_holm(chances: dict[str, float], level: float) -> set[str]:
    worse = set[str]()
    for rank, name in enumerate(sorted(chances, key=lambda name: (chances[name], name))):
        if chances[name] * (len(chances) - rank) > level:
            break
        worse.add(name)
    return worse


def _told(
    metric: MetricName,
    name: str,
    own: Rows,
    version: _Scored,
    others: _Scored,
    chance: float,
    worse: bool,
) -> SegmentPerformance:
    shown, reach = partial(score_text, metric), NORMAL_95 * version.error
    rows = int(own.sum())
    sentence = (
        f"{metric_name(metric, begins=True)} {shown(version.value)} in the {rows:,} rows of "
        f"{name}, {shown(others.value)} in those that other versions served."
    )
    return SegmentPerformance(
        segment=name,
        rows=rows,
        score=version.value,
        elsewhere=others.value,
        baseline=None,
        p_value=chance,
        status="fell" if worse else "ok",
        sentence=sentence,
        realised=Score(metric, version.value, version.value - reach, version.value + reach, rows),
    )
