"""Champion against challenger on one frozen holdout, by a paired bootstrap.

Both models are scored on the same resamples of the same rows, so that what makes a resample easy
or hard cancels out of the difference. Source: Efron & Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 13 and 16 (percentile interval of a paired difference).
"""

import math
from dataclasses import replace
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from driftloop.base.scores import (
    Claim,
    Comparison,
    CrossCheck,
    GateResult,
    NextWindows,
    Score,
    SliceScores,
    interval_text,
    metric_name,
    number,
    score_text,
    scores_apart,
)
from driftloop.base.settings import Settings
from driftloop.comparison.gates import DEFAULT_GATES, AnyGate, run_gates
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.next_windows import WindowsOfHoldout, next_windows
from driftloop.performance.bootstrap import Model, interval, resampled_scores
from driftloop.performance.delong import delong_test
from driftloop.performance.metrics import MetricField, Truth, score
from driftloop.performance.no_skill import no_skill_score

_LEAST_TO_SPLIT = 6
"""A holdout of fewer rows than this has no slices."""


class ComparisonSettings(Settings):
    """What a challenger has to prove before it replaces the champion."""

    metric: MetricField = Field(
        default="roc_auc",
        description="The primary metric, or the import path of a function of one's own that "
        "training.allow.metrics lists.",
    )
    claim: Claim | Literal["by_precision"] = Field(
        default="superior",
        description="Better by more than the margin, or not worse by more than the margin; "
        "`by_precision` is not worse by more than the holdout can tell apart, at most the margin.",
    )
    margin: float = Field(
        default=0.0,
        ge=0,
        description="Gain that is required, or loss that is allowed, depending on `claim`.",
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence of the interval."
    )
    resamples: int = Field(default=1000, ge=1000, le=100_000, description="Bootstrap resamples.")
    gates: tuple[AnyGate, ...] = Field(
        default=DEFAULT_GATES, description="Further conditions; a gate that cannot run refuses."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the resampling.")

    @model_validator(mode="after")
    def _margin_for_non_inferiority(self) -> Self:
        if self.claim != "superior" and self.margin == 0:
            raise ValueError(
                f"claim {self.claim} needs a margin above 0, the loss of the metric that is "
                "allowed; received margin 0"
            )
        return self

    def claimed(self, low: float | None, high: float | None) -> tuple[Claim, float]:
        """Return the claim and its margin on a holdout with this interval of the difference.

        By precision it may be worse by one standard error, which is what a margin of three quarters
        of the interval's width allows; where that is wider than the margin that is configured, it
        has to be better.
        """
        if self.claim != "by_precision":
            return self.claim, self.margin
        allowed = self.margin if low is None or high is None else 0.75 * (high - low)
        return "non_inferior", min(self.margin, allowed)


def compare(
    inputs: GateInputs, settings: ComparisonSettings, windows: WindowsOfHoldout | None = None
) -> Comparison:
    """Return the comparison of both models on the holdout; `settings` have the metric and the seed.

    The challenger wins where the lower bound of the interval of (challenger - champion) exceeds
    the margin, or less the margin with the other claims, and every gate passed; with
    ``roc_auc`` DeLong's interval must say the same. Without a champion only the gates decide. A
    score that is undefined never wins. From `windows` people learn what to expect of later ones,
    which decides nothing.
    """
    inputs = replace(inputs, metric=settings.metric, seed=settings.seed)
    y, gates = inputs.y, run_gates(settings.gates, inputs)
    fault = _fault(inputs, gates)
    slices: tuple[SliceScores, ...] = ()
    if fault:
        scores = SliceScores("all", len(y), None, _undefined(settings, y), None, None, None)
    else:
        scores = _scores("all", y, inputs.models, settings, inputs.before)
        slices = slice_scores(y, inputs.models, settings)
    claim, margin = settings.claimed(scores.low, scores.high)
    comparison = Comparison(
        metric=settings.metric,
        champion=scores.champion,
        challenger=scores.challenger,
        difference=scores.difference,
        low=scores.low,
        high=scores.high,
        margin=margin,
        confidence=settings.confidence,
        rows=len(y),
        gates=gates,
        won=False,
        sentence="",
        claim=claim,
        slices=slices,
    )
    delong, expected = _delong(inputs, comparison), _expected(inputs, comparison, windows)
    comparison = replace(comparison, delong=delong, next_windows=expected)
    proven = not math.isnan(scores.challenger.value)
    if scores.champion is not None:
        proven = comparison.proven
    won = proven and all(gate.passed for gate in gates)
    return replace(comparison, won=won, sentence=_sentence(comparison, fault))


def score_alone(y: Truth, model: Model, settings: ComparisonSettings) -> Score:
    """Return the score of one model on the holdout with its interval; NaN where undefined."""
    if not np.isfinite(model[0]).all():
        return _undefined(settings, y)
    return _scores("all", y, (model,), settings).challenger


def slice_scores(
    y: Truth, models: tuple[Model, ...], settings: ComparisonSettings
) -> tuple[SliceScores, ...]:
    """Return the scores on the newest third of the rows (n,) and on the older ones, each apart."""
    if len(y) < _LEAST_TO_SPLIT:
        return ()
    edge = len(y) - len(y) // 3
    return tuple(
        _scores(name, y[rows], tuple((p[rows], threshold) for p, threshold in models), settings)
        for name, rows in (("newest", slice(edge, None)), ("older", slice(0, edge)))
    )


def _fault(inputs: GateInputs, gates: tuple[GateResult, ...]) -> str | None:
    """Return why the models cannot be scored, or None where they can."""
    if any(gate.gate == "valid_predictions" and not gate.passed for gate in gates):
        return "The challenger cannot be scored."
    if inputs.champion is not None and not np.isfinite(inputs.champion).all():
        return "The champion's predictions are not valid numbers: look into it before retraining."
    return None


def _undefined(settings: ComparisonSettings, y: Truth) -> Score:
    return Score(settings.metric, math.nan, math.nan, math.nan, len(y))


def _scores(
    name: str,
    y: Truth,
    models: tuple[Model, ...],
    settings: ComparisonSettings,
    before: Truth | None = None,
) -> SliceScores:
    metric, confidence = settings.metric, settings.confidence
    drawn = resampled_scores(metric, y, models, settings.resamples, settings.seed)
    guessing = no_skill_score(metric, y, before)
    known = None if math.isnan(guessing) else guessing
    scores = [
        Score(metric, score(metric, y, *model), *interval(values, y, confidence), len(y), known)
        for model, values in zip(models, drawn, strict=True)
    ]
    if len(scores) == 1:
        return SliceScores(name, len(y), None, scores[0], None, None, None)
    new, old = scores
    low, high = interval(drawn[0] - drawn[1], y, confidence)
    return SliceScores(name, len(y), old, new, new.value - old.value, low, high)


def _delong(inputs: GateInputs, comparison: Comparison) -> CrossCheck | None:
    """Return DeLong's interval of the difference of two ROC areas; None where it does not apply.

    Both intervals estimate the same difference in different ways: by resampling, and from a normal
    distribution with the variance of the placements. Where the placements do not vary (both models
    separate the classes without error) DeLong's interval is the difference alone, as is
    the bootstrap's. With a single row in a class it is undefined and supports nothing.
    """
    positive, champion = inputs.y == 1, inputs.champion
    if comparison.metric != "roc_auc" or comparison.low is None:
        return None
    if champion is None or champion.shape[1] != 2 or len(np.unique(positive)) < 2:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = inputs.challenger[:, -1], champion[:, -1]
        *_, low, high = delong_test(positive, *scores, comparison.confidence)
    bound = comparison.bound
    return CrossCheck(low, high, (low > bound) == (comparison.low > bound))


def _expected(
    inputs: GateInputs, comparison: Comparison, windows: WindowsOfHoldout | None
) -> NextWindows | None:
    """Return what difference to expect in the next windows; None where that is not known."""
    error, difference = comparison.error, comparison.difference
    if windows is None or error is None or difference is None:
        return None
    new, old = inputs.models
    asked = (difference, error), comparison.confidence, inputs.seed
    return next_windows(comparison.metric, inputs.y, (new, old), windows, *asked)


def _sentence(comparison: Comparison, fault: str | None) -> str:
    """Return which model is better by how much, what speaks against it, and which gates refuse."""
    new, old, metric = comparison.challenger, comparison.champion, metric_name(comparison.metric)
    refused = [gate.sentence for gate in comparison.gates if not gate.passed]
    if old is None:
        ends = interval_text(new.metric, new.low, new.high)
        interval = f"{score_text(new.metric, new.value)} {ends}"
        return " ".join([fault or f"There is no champion; {metric} is {interval}.", *refused])
    claim = "not worse" if comparison.claim == "non_inferior" else "better"
    claim += f" by more than {number(comparison.margin)}" if comparison.margin else ""
    now, before = scores_apart(new.metric, new.value, old.value)
    ends = interval_text(new.metric, comparison.low, comparison.high, "+")
    text = (
        f"The challenger is {'proven' if comparison.proven else 'not proven'} {claim}: {metric} "
        f"{now} against {before}, difference "
        f"{score_text(new.metric, comparison.difference, '+')} {ends} on "
        f"{comparison.rows:,} rows."
    )
    against, delong = [comparison.outlook], comparison.delong
    if delong and not delong.agrees and (comparison.low or 0.0) > comparison.bound:
        ends = interval_text(new.metric, delong.low, delong.high, "+")
        against.append(f"DeLong's interval {ends} does not confirm that.")
    return " ".join(filter(None, [text, *against, *refused]))
