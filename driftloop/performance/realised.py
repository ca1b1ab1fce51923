"""Realised performance: does the champion still score on fresh labels as on its holdout?"""

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from pydantic import Field

from driftloop.base.findings import Performance, PerformanceStatus
from driftloop.base.periods import Span, SpanField, Window
from driftloop.base.scores import (
    Level,
    PooledScore,
    Score,
    interval_text,
    metric_name,
    score_text,
    scores_apart,
    trimmed,
)
from driftloop.base.settings import Settings
from driftloop.performance.estimates import AnyEstimate
from driftloop.performance.evidence import (
    Bound,
    level_of_look,
    recovered,
    standard_error,
    strongest_loss,
)
from driftloop.performance.level import NO_RECORD, TrackRecord
from driftloop.performance.metrics import MetricName, Truth, is_regression
from driftloop.performance.no_skill import allowed_loss, no_skill_score, scored_with_skill
from driftloop.performance.target import Probabilities

RESAMPLES = 400


MATTERS = 0.15
"""The share of the margin up to which a loss warns nobody, however certain it is."""


class PerformanceSettings(Settings):
    """When the champion counts as having lost performance."""

    margin: float | None = Field(
        default=None,
        ge=0,
        description="Loss against the champion's own holdout score that is allowed; left out, a "
        "tenth of its advantage over the best constant prediction, and at least the standard error "
        "of its holdout score.",
    )
    alarm_budget: float = Field(
        default=0.2,
        gt=0,
        le=50,
        description="False alarms a year of lost performance that a model may raise which has just "
        "lost its margin; one that lost nothing raises far fewer.",
    )
    warning_budget: float = Field(
        default=2.0,
        gt=0,
        le=50,
        description="False warnings a year of falling performance where nothing was lost.",
    )
    estimate: AnyEstimate | None = Field(
        default=None,
        description="How the score is estimated without labels; left out, `confidence_based` for "
        "classes and `error_model` for a quantity.",
    )
    most_outside: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Share of rows outside what the holdout holds from which on nothing is "
        "estimated.",
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
    record: TrackRecord = NO_RECORD,
    before: Truth | None = None,
) -> Performance:
    """Return the champion's score on labelled rows, judged against what is expected of it.

    ``fell`` where its newest windows prove a score below the limit, ``falling`` where they prove a
    loss that may be inside the margin, and after either until a recovery is proven; ``ok`` where
    the whole interval of this window lies above the limit; ``unclear`` otherwise. The limit is the
    highest of the floor, what guessing scores, and the baseline and the level, each less the
    margin. Rows of a regression without a finite label are left out. `labels` are the truth (n,)
    and the champion's predictions (n, k), `baseline` is its score on its own holdout, with an
    interval at the same confidence, `record` what earlier runs know. `before` are labels (m,) known
    earlier, such as those of the holdout: guessing is the constant that is best on them.
    """
    y, p = labels
    if is_regression(y):
        labelled = np.isfinite(y)
        y, p = y[labelled], p[labelled]
    why = _cannot_judge(y, p, settings)
    if why is not None:
        return no_performance(metric, window, len(y), why)
    resampling = RESAMPLES, len(y), settings.confidence
    realised, skill = scored_with_skill(metric, y, (p, threshold), resampling, before)
    expected = expected_score(metric, y, baseline, record.level, settings, before)
    judged = _judge(_Realised(realised, skill), expected, record, settings)
    return Performance(
        metric,
        window,
        len(y),
        realised.value,
        realised.low,
        realised.high,
        baseline.value if baseline else None,
        judged.status,
        judged.sentence,
        None,
        record.level,
        realised.guessing,
        expected.limit if math.isfinite(expected.limit) else None,
        expected.margin,
        judged.pooled,
        skill=skill,
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
class Expected:
    """What is expected of a score, and why; `error` is the standard error of the baseline."""

    baseline: Score | None
    level: Level | None
    no_skill: float
    floor: float | None
    margin: float
    error: float

    @property
    def _known(self) -> list[float]:
        return [one.value for one in (self.baseline, self.level) if one is not None]

    @property
    def _fixed(self) -> float:
        """The highest limit that was not measured."""
        limits = [] if self.floor is None else [self.floor]
        limits += [] if math.isnan(self.no_skill) else [self.no_skill]
        return max(limits, default=-math.inf)

    @property
    def limit(self) -> float:
        """The score below which performance fell."""
        return max([value - self.margin for value in self._known] + [self._fixed])

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The limit and what nothing is lost above, each with its standard error.

        That is the baseline's; a level, which was held over windows, counts as exact.
        """
        own = -math.inf if self.baseline is None else self.baseline.value
        whole = max(self.limit, own)
        measured = self.limit <= own - self.margin, whole <= own
        limit_error, whole_error = (self.error if by_holdout else 0.0 for by_holdout in measured)
        return (self.limit, limit_error), (whole, whole_error)

    def beside(self, realised: "_Realised") -> str:
        """Return what a reader compares a score with."""
        shown = partial(score_text, realised.score.metric)
        parts = [f"{shown(self.baseline.value)} on its holdout"] if self.baseline else []
        own = -math.inf if self.baseline is None else self.baseline.value
        if self.level is not None and self.level.value - self.margin > own:
            parts.append(f"{shown(self.level.value)} was held before")
        if realised.skill is not None and realised.skill.low <= 0:
            parts.append(f"{trimmed(shown(self.no_skill))} is guessing")
        return "".join(f", {part}" for part in parts)


@dataclass(frozen=True, slots=True)
class _Realised:
    """A window's score, and how far it lies above that of guessing, where that is known."""

    score: Score
    skill: Score | None

    def held_to(self, expected: Expected, record: TrackRecord) -> tuple[Bound, Bound]:
        """Return the limit and what nothing is lost above, each with the scores held to it.

        What guessing scores differs from window to window. Where it is the bound, the scores are
        what each window would have shown so far above the guessing of this one.
        """
        scores, above = (self.score, *record.scores), self.skill
        ahead = [] if above is None else [above, *record.skills]
        over = tuple(_moved(one, expected.no_skill) for one in ahead)
        limit, whole = (
            Bound(over if value == expected.no_skill else scores, value, error)
            for value, error in expected.bounds
        )
        return limit, whole


def _moved(score: Score, by: float) -> Score:
    return replace(score, value=score.value + by, low=score.low + by, high=score.high + by)


def expected_score(
    metric: MetricName,
    y: Truth,
    baseline: Score | None,
    level: Level | None,
    settings: PerformanceSettings,
    before: Truth | None = None,
) -> Expected:
    """Return what is expected of a score on labels (n,); arguments as of `judge_performance`.

    Where the labels are yet to come those of the holdout stand for them.
    """
    error = 0.0 if baseline is None else standard_error(baseline, settings.confidence)
    error = error if math.isfinite(error) else 0.0
    margin = settings.margin
    if margin is None:
        margin = max(allowed_loss(metric, y, baseline.value), error) if baseline else 0.0
    no_skill = no_skill_score(metric, y, before)
    return Expected(baseline, level, no_skill, settings.floor, margin, error)


@dataclass(frozen=True, slots=True)
class _Judged:
    status: PerformanceStatus
    sentence: str
    pooled: PooledScore | None = None


def _judge(
    realised: _Realised, expected: Expected, record: TrackRecord, settings: PerformanceSettings
) -> _Judged:
    if math.isnan(realised.score.value):
        name = metric_name(realised.score.metric, begins=True)
        return _Judged("inconclusive", f"{name} is undefined on these rows.")
    status, pooled = _status(realised, expected, record, settings)
    return _Judged(status, _sentence(realised, expected, status, pooled), pooled)


def _status(
    realised: _Realised, expected: Expected, record: TrackRecord, settings: PerformanceSettings
) -> tuple[PerformanceStatus, PooledScore | None]:
    limit, whole = realised.held_to(expected, record)
    holds, score = limit.scores[0].low >= limit.value, realised.score
    if not math.isfinite(limit.value) or not math.isfinite(score.low + score.high):
        return ("ok" if holds else "unclear"), None
    confidence, since = settings.confidence, 1 + record.lost
    level = level_of_look(settings.warning_budget, record.windows_a_year)
    exact = limit.newest(since)._replace(error=0.0)
    if record.lost and recovered(exact, whole.newest(since), (confidence, level)):
        return "ok", None
    fell = strongest_loss(limit.scores, (limit.value, limit.error), confidence)
    if fell.p_value <= level_of_look(settings.alarm_budget, record.windows_a_year):
        return "fell", fell
    relevant = whole.value - MATTERS * expected.margin
    falling = strongest_loss(whole.scores, (relevant, whole.error), confidence)
    if falling.p_value <= level or record.lost:
        return "falling", falling
    return ("ok" if holds else "unclear"), falling


def _sentence(
    realised: _Realised, expected: Expected, status: PerformanceStatus, pooled: PooledScore | None
) -> str:
    now, skill = realised.score, realised.skill
    interval = interval_text(now.metric, now.low, now.high)
    score, least = scores_apart(now.metric, now.value, expected.limit)
    text = f"{metric_name(now.metric)} {score} {interval}"
    if status in ("falling", "fell") and pooled is not None and pooled.windows > 1:
        text += f", {score_text(now.metric, pooled.score)} over {pooled.windows} windows"
    text += expected.beside(realised)
    limit = f"; the limit is {least}."
    if status == "fell" and skill is not None and skill.high < 0:
        return f"Performance is worse than guessing: {text}."
    if status == "fell":
        return f"Performance fell: {text}{limit}"
    if status == "falling":
        return f"Performance is falling: {text}{limit}"
    return (
        f"Performance holds: {text}."
        if status == "ok"
        else f"Performance is unclear: {text}{limit}"
    )
