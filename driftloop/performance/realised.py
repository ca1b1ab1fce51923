"""Realised performance: does the champion still score on fresh labels as on its holdout?"""

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from driftloop.base.findings import Performance, PerformanceStatus
from driftloop.base.periods import Span, SpanField, Window
from driftloop.base.scores import Level, Score, metric_name
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
    memory: SpanField = Field(
        default=Span(6, "month"),
        description="How long a level that the model held is expected of later champions, too.",
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
    level: Level | None = None,
) -> Performance:
    """Return the champion's score on labelled rows, judged against what is expected of it.

    ``fell`` where the whole interval lies below the limit, ``ok`` where it lies above,
    ``unclear`` in between. The limit is the highest of the floor, what guessing scores, and the
    baseline and the level, each less the margin. Rows of a regression without a finite label are
    left out. `labels` are the truth (n,) and the champion's predictions (n, k), `baseline` is its
    score on its own holdout, `level` what the model held before, whichever version served.
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
    expected = _Expected(baseline, level, no_skill_score(metric, y), settings)
    status, sentence = _status(score, expected)
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
        level,
        None if math.isnan(expected.no_skill) else expected.no_skill,
        expected.limit if math.isfinite(expected.limit) else None,
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


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is expected of a score, and why."""

    baseline: Score | None
    level: Level | None
    no_skill: float
    settings: PerformanceSettings

    @property
    def limit(self) -> float:
        """The score below which performance fell."""
        known = [one.value for one in (self.baseline, self.level) if one is not None]
        limits = [value - self.settings.margin for value in known]
        limits += [] if self.settings.floor is None else [self.settings.floor]
        limits += [] if math.isnan(self.no_skill) else [self.no_skill]
        return max(limits, default=-math.inf)

    def beside(self, score: Score) -> str:
        """Return what a reader compares a score with."""
        parts = [f"{self.baseline.value:.3f} on its holdout"] if self.baseline else []
        own = -math.inf if self.baseline is None else self.baseline.value
        if self.level is not None and self.level.value - self.settings.margin > own:
            parts.append(f"{self.level.value:.3f} was held before")
        if score.low <= self.no_skill:
            parts.append(f"{self.no_skill:.3g} is guessing")
        return "".join(f", {part}" for part in parts)


def _status(score: Score, expected: _Expected) -> tuple[PerformanceStatus, str]:
    if math.isnan(score.value):
        return (
            "inconclusive",
            f"{metric_name(score.metric, begins=True)} is undefined on these rows.",
        )
    limit = expected.limit
    interval = f"[{score.low:.3f}, {score.high:.3f}]"
    text = f"{metric_name(score.metric)} {score.value:.3f} {interval}{expected.beside(score)}"
    if score.high < expected.no_skill:
        return "fell", f"Performance is worse than guessing: {text}."
    if score.high < limit:
        return "fell", f"Performance fell: {text}; the limit is {limit:.3f}."
    if score.low >= limit:
        return "ok", f"Performance holds: {text}."
    return "unclear", f"Performance is unclear: {text}; the limit is {limit:.3f}."
