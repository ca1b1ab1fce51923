"""Realised performance: does the champion still score on fresh labels as on its holdout?"""

import math

import numpy as np
from pydantic import Field

from driftloop.base.findings import Performance, PerformanceStatus
from driftloop.base.periods import Window
from driftloop.base.scores import Score, metric_name
from driftloop.base.settings import Settings
from driftloop.performance.estimation import estimated_score
from driftloop.performance.metrics import (
    MetricName,
    Truth,
    is_regression,
    no_skill_score,
    score_with_interval,
)
from driftloop.performance.target import Probabilities


class PerformanceSettings(Settings):
    """When the champion counts as having lost performance."""

    margin: float = Field(
        default=0.03,
        ge=0,
        description="Loss against the champion's own holdout score that is allowed.",
    )
    floor: float | None = Field(
        default=None,
        description="Score that the champion must not fall below, whatever its holdout score.",
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence of the score's interval."
    )
    minimum_rows: int = Field(
        default=100, ge=10, description="Fewer labelled rows than this are inconclusive."
    )
    minimum_per_class: int = Field(
        default=10, ge=2, description="Fewer rows of any class than this are inconclusive."
    )


def no_performance(metric: str, window: Window, rows: int, why: str) -> Performance:
    """Return the inconclusive performance of a window, with the reason."""
    return Performance(metric, window, rows, None, None, None, None, "inconclusive", why)


def judge_performance(
    metric: MetricName,
    window: Window,
    labels: tuple[Truth, Probabilities],
    baseline: Score | None,
    settings: PerformanceSettings,
    threshold: float | None = None,
) -> Performance:
    """Return the champion's score on labelled rows, judged against what is expected of it.

    ``fell`` where the whole interval lies below the limit, ``ok`` where it lies above,
    ``unclear`` in between. The limit is the higher of the floor and the baseline less the margin.
    A score that is proven worse than guessing fell, however bad the baseline was already.
    Rows of a regression without a finite label are left out. `labels` are the truth (n,) and the
    champion's predictions (n, k), `baseline` is its score on its own holdout.
    """
    y, p = labels
    if is_regression(y):
        labelled = np.isfinite(y)
        y, p = y[labelled], p[labelled]
    why = _cannot_judge(y, p, settings)
    if why is not None:
        return no_performance(metric, window, len(y), why)
    score = score_with_interval(
        metric, y, p, count=400, confidence=settings.confidence, seed=len(y), threshold=threshold
    )
    status, sentence = _status(score, settings, baseline, no_skill_score(metric, y))
    estimated = estimated_score(metric, p, threshold)
    return Performance(
        metric,
        window,
        len(y),
        score.value,
        score.low,
        score.high,
        baseline.value if baseline else None,
        status,
        sentence,
        None if math.isnan(estimated) else estimated,
    )


def _cannot_judge(y: Truth, p: Probabilities, settings: PerformanceSettings) -> str | None:
    if np.isnan(p).any():
        return f"{int(np.isnan(p).any(axis=1).sum())} predictions are not valid numbers."
    if len(y) < settings.minimum_rows:
        return f"{len(y)} labelled rows, {settings.minimum_rows} are needed."
    if is_regression(y):
        return None
    counts = np.bincount(y[y >= 0], minlength=2)
    present = counts[counts > 0]
    if len(present) < 2 or present.min() < settings.minimum_per_class:
        return (
            f"The rarest class has {present.min() if len(present) > 1 else 0} labelled rows, "
            f"{settings.minimum_per_class} are needed."
        )
    return None


def _status(
    score: Score, settings: PerformanceSettings, baseline: Score | None, no_skill: float
) -> tuple[PerformanceStatus, str]:
    if math.isnan(score.value):
        return (
            "inconclusive",
            f"{metric_name(score.metric, begins=True)} is undefined on these rows.",
        )
    own = -math.inf if baseline is None else baseline.value - settings.margin
    limit = max(own, -math.inf if settings.floor is None else settings.floor)
    expected = f", {baseline.value:.3f} on its holdout" if baseline else ""
    interval = f"[{score.low:.3f}, {score.high:.3f}]"
    text = f"{metric_name(score.metric)} {score.value:.3f} {interval}{expected}"
    if score.high < no_skill:
        return "fell", f"Performance is worse than guessing, {no_skill:.3f}: {text}."
    if score.high < limit:
        return "fell", f"Performance fell: {text}; the limit is {limit:.3f}."
    if score.low >= limit:
        return "ok", f"Performance holds: {text}."
    return "unclear", f"Performance is unclear: {text}; the limit is {limit:.3f}."
