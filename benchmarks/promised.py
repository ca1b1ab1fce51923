"""How often the intervals of a comparison hold the next period's difference, over matrices.

In each period a challenger that has not seen the newest periods is compared on them with a champion
that is older by as much as the calendar waits, by the interval of the holdout's rows and by the one
that people read. The next period says which of them held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.page import table
from driftloop.backtest.matrix import Estimate, Matrix, Trained
from driftloop.backtest.replay import WIDE
from driftloop.base.periods import Span
from driftloop.base.scores import Score
from driftloop.comparison.next_windows import WindowsOfHoldout, next_windows
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.metrics import score

HOLDOUTS = (1, 4)
"""Periods of a holdout: fewer than teach what periods differ by, and more."""

APART, MEMORY, LEAST, RESAMPLES = 3, 12, 60, 200
"""Periods between both models, past scores, rows of a period that is judged, and resamples."""


@dataclass(frozen=True)
class Promised:
    """How often each interval held the next period's difference, and how much wider one is."""

    stream: str
    holdout: int
    periods: int
    by_rows: float
    by_windows: float
    wider: float


def promised(stream: str, matrix: Matrix, setting: str) -> list[Promised]:
    """Return how often the intervals held, by the length of the holdout."""
    found = []
    for holdout in HOLDOUTS:
        moments = range(holdout + APART, matrix.periods)
        looks = [look for at in moments if (look := _look(matrix, setting, at, holdout))]
        if looks:
            held, means = np.array(looks), np.mean(looks, axis=0)
            wider = float(np.median(held[:, 2]))
            found.append(Promised(stream, holdout, len(looks), means[0], means[1], wider))
    return found


def _look(
    matrix: Matrix, setting: str, moment: int, holdout: int
) -> tuple[float, float, float] | None:
    """Return whether the two intervals held the next period's difference, and their widths' ratio.

    None where a model, a score or either interval is missing.
    """
    new, old = (setting, moment - holdout), (setting, moment - holdout - APART)
    rows = slice(matrix.labelled[moment - holdout], matrix.labelled[moment])
    scores = matrix.scores[setting]
    later = float(scores[new[1], moment] - scores[old[1], moment])
    models = [model for name in (new, old) if (model := matrix.model(name))]
    few = matrix.edges[moment + 1] - matrix.edges[moment] < LEAST
    if few or rows.stop - rows.start < LEAST or len(models) < 2 or np.isnan(later):
        return None
    y, one, other = matrix.y[rows], *(model.on(rows, matrix.classes) for model in models)
    drawn = resampled_scores(matrix.metric, y, (one, other), RESAMPLES, 0)
    gap = score(matrix.metric, y, *one) - score(matrix.metric, y, *other)
    error = float((drawn[0] - drawn[1]).std())
    if np.isnan(gap) or not error > 0:
        return None
    number = np.arange(rows.start, rows.stop)
    window = np.searchsorted(matrix.labelled[new[1] : moment + 1], number, "right")
    windows = WindowsOfHoldout(Span(1, "week"), window, _past(matrix, setting, moment))
    found = next_windows(matrix.metric, y, (one, other), windows, (gap, error), 0.95)
    if found is None:
        return None
    by_rows = abs(later - gap) <= WIDE * error
    wider = (found.high - found.low) / (2 * WIDE * error)
    return float(by_rows), float(found.low <= later <= found.high), wider


def _past(matrix: Matrix, setting: str, moment: int) -> tuple[Score, ...]:
    """Return what served scored in earlier periods, newest first, a new model every few periods."""
    scores = []
    for period in range(moment - 1, max(APART, moment - MEMORY) - 1, -1):
        champion: Trained = (setting, period - period % APART)
        rows = slice(matrix.labelled[period], matrix.labelled[period + 1])
        found = matrix.estimate(champion, rows) if rows.stop - rows.start >= LEAST else None
        if found is not None and found.error > 0:
            scores.append(_score(matrix.metric, found, rows.stop - rows.start))
    return tuple(scores)


def _score(metric: str, found: Estimate, rows: int) -> Score:
    reach = WIDE * found.error
    return Score(metric, found.value, found.value - reach, found.value + reach, rows)


def summary(found: Sequence[Promised]) -> str:
    """Return the table: the share held by each interval, by stream and length of the holdout."""
    header, lines = ["stream"], []
    for holdout in HOLDOUTS:
        header += [f"holdout of {holdout}: by its rows", "next windows", "wider"]
    for stream in dict.fromkeys(one.stream for one in found):
        line = [stream]
        for holdout in HOLDOUTS:
            own = [one for one in found if (one.stream, one.holdout) == (stream, holdout)]
            line += _cells(own)
        lines.append(line)
    means = [_cells([one for one in found if one.holdout == holdout]) for holdout in HOLDOUTS]
    return table(header, [*lines, ["all", *(cell for cells in means for cell in cells)]])


def _cells(own: Sequence[Promised]) -> list[str]:
    """Return the shares over the periods of some streams together, and the median widening."""
    if not own:
        return ["none", "none", "none"]
    periods = [one.periods for one in own]
    rows = np.average([one.by_rows for one in own], weights=periods)
    windows = np.average([one.by_windows for one in own], weights=periods)
    return [f"{rows:.0%}", f"{windows:.0%}", f"{np.median([one.wider for one in own]):.1f}"]
