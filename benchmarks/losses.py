"""Losses of known size: how soon fresh labels prove them, beside the best test there is.

``python -m benchmarks losses``: made-up scores of a champion that loses five points at a known
moment. The best test knows that moment and how much windows and the holdout err, and asks once,
after three windows, at the level of one look: nobody can find more at that level.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
from rich.progress import track
from scipy.stats import norm

from benchmarks.page import replace_part, spaced, table
from benchmarks.paths import DOCS, PAGE
from driftloop.base.findings import LOST
from driftloop.base.periods import Window
from driftloop.base.scores import Score, metric_name
from driftloop.performance.evidence import level_of_look
from driftloop.performance.level import NO_RECORD
from driftloop.performance.metrics import MetricName, Truth, score_with_interval
from driftloop.performance.realised import RESAMPLES, PerformanceSettings, judge_performance
from driftloop.performance.target import Probabilities

LOSS, HOLDOUT, WINDOWS, HISTORIES = 0.05, 5_000, 3, 200
SETTINGS = PerformanceSettings()
WEEK = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Case:
    """A metric, what the champion has of it, the share of positives and the rows of a window."""

    metric: MetricName
    score: float
    positives: float
    rows: int


@dataclass(frozen=True, slots=True)
class Found:
    """How many of the histories were warned or paged of by each window, and by the best test."""

    case: Case
    by_window: tuple[int, ...]
    paged: int
    best_test: float


CASES = (
    *(Case("accuracy", score, 0.5, rows) for score in (0.85, 0.7) for rows in (1_000, 300)),
    *(Case("roc_auc", score, 0.4, rows) for score in (0.85, 0.7) for rows in (1_000, 300)),
    *(Case("roc_auc", 0.85, 0.1, rows) for rows in (1_000, 300)),
)


def run() -> None:
    """Judge all histories, and write results and table."""
    found = [_found(case) for case in track(CASES, "losses")]
    (DOCS / "losses.json").write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    replace_part(PAGE, "losses", table(_HEADER, [_line(one) for one in found]))


def drawn(
    case: Case, score: float, rows: int, rng: np.random.Generator
) -> tuple[Truth, Probabilities]:
    """Return labels (n,) and predictions (n, 2) of a model with that score."""
    y = (rng.random(rows) < case.positives).astype(int)
    if case.metric == "accuracy":
        p = np.where(rng.random(rows) < score, y, 1 - y) * 0.8 + 0.1
    else:
        # Two normal distributions this far apart have that area under the ROC curve.
        p = norm.cdf(rng.normal(y * np.sqrt(2) * norm.ppf(score)))
    return y, np.column_stack([1 - p, p])


def _found(case: Case) -> Found:
    statuses, scores = [], []
    for history in range(HISTORIES):
        rng = np.random.default_rng([history, case.rows, round(case.score * 100)])
        holdout = _scored(case, drawn(case, case.score, HOLDOUT, rng))
        record, judged = NO_RECORD, []
        for _ in range(WINDOWS):
            rows = drawn(case, case.score - LOSS, case.rows, rng)
            now = judge_performance(case.metric, WEEK, rows, holdout, SETTINGS, None, record)
            record, judged = record.after(now), [*judged, now.status]
        statuses.append(judged)
        scores.append((holdout.value, *(score.value for score in record.scores)))
    warned = np.logical_or.accumulate(np.isin(statuses, list(LOST)), axis=1)
    paged = sum("fell" in judged for judged in statuses)
    return Found(case, tuple(warned.sum(axis=0).tolist()), paged, best_power(np.array(scores)))


def _scored(case: Case, rows: tuple[Truth, Probabilities]) -> Score:
    confidence = SETTINGS.confidence
    return score_with_interval(case.metric, *rows, count=RESAMPLES, confidence=confidence, seed=0)


def best_power(scores: "np.typing.NDArray[np.float64]") -> float:
    """Return the power of a normal test of the mean of the windows against the holdout.

    `scores` (histories, 1 + windows) tell how much both err.
    """
    error = np.sqrt(scores[:, 0].var() + scores[:, 1:].mean(axis=1).var())
    level = level_of_look(SETTINGS.warning_budget, NO_RECORD.windows_a_year)
    return float(norm.cdf(LOSS / error - norm.ppf(1 - level)))


_HEADER = [
    *("metric", "before", "positives", "rows a window"),
    *(f"by window {window + 1}" for window in range(WINDOWS)),
    *("paged by then", "best test, after three"),
]


def _line(found: Found) -> list[str]:
    case = found.case
    return [
        *(metric_name(case.metric), f"{case.score}", f"{case.positives:.0%}", spaced(case.rows)),
        *(f"{count / HISTORIES:.0%}" for count in (*found.by_window, found.paged)),
        f"{found.best_test:.0%}",
    ]
