"""Champion against challenger on one frozen holdout, by a paired bootstrap.

Both models are scored on the same resamples of the same rows, so that what makes a resample easy
or hard cancels out of the difference. Source: Efron & Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 13 and 16 (percentile interval of a paired difference).
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from driftloop.base.scores import Claim, Comparison, CrossCheck, GateResult, Score
from driftloop.base.settings import Settings
from driftloop.comparison.gates import DEFAULT_GATES, AnyGate, run_gates
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.slices import slice_scores
from driftloop.performance.bootstrap import Model, interval, resampled_scores
from driftloop.performance.delong import delong_test
from driftloop.performance.metrics import MetricName, Scores, Truth, score
from driftloop.performance.target import Probabilities


class ComparisonSettings(Settings):
    """What a challenger has to prove before it replaces the champion."""

    metric: MetricName = Field(default="roc_auc", description="The primary metric.")
    claim: Claim = Field(
        default="superior",
        description="Better by more than the margin, or not worse by more than the margin.",
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
        if self.claim == "non_inferior" and self.margin == 0:
            raise ValueError(
                "claim non_inferior needs a margin above 0, the loss of the metric that is "
                "allowed; received margin 0"
            )
        return self


@dataclass(frozen=True, slots=True)
class Predictions:
    """The truth (n,) of the holdout in time order, and both models' predictions (n, k).

    `cuts` are the challenger's and the champion's decision thresholds, None for the likeliest
    class.
    """

    y: Truth
    challenger: Probabilities
    champion: Probabilities | None
    thresholds: tuple[float | None, float | None] = (None, None)

    @property
    def models(self) -> tuple[Model, ...]:
        """Predictions and cut of the challenger, and of the champion if there is one."""
        first = (self.challenger, self.thresholds[0])
        return (first,) if self.champion is None else (first, (self.champion, self.thresholds[1]))


def compare(
    predictions: Predictions, settings: ComparisonSettings, *, evidence: GateInputs | None = None
) -> Comparison:
    """Return the comparison on the holdout.

    The challenger wins where the lower bound of the interval of (challenger - champion) exceeds
    the margin, or less the margin with claim ``non_inferior``, and every gate passed; with
    ``roc_auc`` DeLong's interval must say the same. Without a champion only the gates decide. A
    score that is undefined never wins.

    Args:
        predictions: both models on the holdout.
        settings: metric, claim and gates.
        evidence: tables and models for gates that need them; its predictions are those above.
    """
    gates = run_gates(settings.gates, _evidence(predictions, settings, evidence))
    if any(gate.gate == "valid_predictions" and not gate.passed for gate in gates):
        undefined = Score(settings.metric, math.nan, math.nan, math.nan, len(predictions.y))
        return _without_difference(settings, undefined, gates, "The challenger cannot be scored.")
    if predictions.champion is not None and not np.isfinite(predictions.champion).all():
        undefined = Score(settings.metric, math.nan, math.nan, math.nan, len(predictions.y))
        sentence = (
            "The champion's predictions are not valid numbers: look into it before retraining."
        )
        return _without_difference(settings, undefined, gates, sentence)
    return _scored(predictions, settings, gates)


def score_alone(y: Truth, model: Model, settings: ComparisonSettings) -> Score:
    """Return the score of one model on the holdout with its interval; NaN where undefined."""
    if not np.isfinite(model[0]).all():
        return Score(settings.metric, math.nan, math.nan, math.nan, len(y))
    (drawn,) = resampled_scores(settings.metric, y, (model,), settings.resamples, settings.seed)
    return _score(settings, y, model, drawn)


def _scored(
    predictions: Predictions, settings: ComparisonSettings, gates: tuple[GateResult, ...]
) -> Comparison:
    metric, y, models = settings.metric, predictions.y, predictions.models
    drawn = resampled_scores(metric, y, models, settings.resamples, settings.seed)
    scores = [_score(settings, y, *pair) for pair in zip(models, drawn, strict=True)]
    parts = slice_scores(
        metric,
        y,
        models,
        count=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
    )
    if len(scores) == 1:
        sentence = f"There is no champion; {metric} is {scores[0].value:.3f}."
        return replace(_without_difference(settings, scores[0], gates, sentence), slices=parts)
    challenger, champion = scores
    low, high = interval(drawn[0] - drawn[1], y, settings.confidence)
    comparison = Comparison(
        metric=metric,
        champion=champion,
        challenger=challenger,
        difference=challenger.value - champion.value,
        low=low,
        high=high,
        margin=settings.margin,
        confidence=settings.confidence,
        rows=len(y),
        gates=gates,
        won=False,
        sentence="",
        claim=settings.claim,
        slices=parts,
    )
    comparison = replace(comparison, delong=_delong(predictions, comparison))
    won = comparison.proven and all(gate.passed for gate in gates)
    return replace(comparison, won=won, sentence=_sentence(comparison))


def _evidence(
    predictions: Predictions, settings: ComparisonSettings, evidence: GateInputs | None
) -> GateInputs:
    y, challenger, champion = predictions.y, predictions.challenger, predictions.champion
    made = evidence or GateInputs(settings.metric, y, challenger, champion)
    return replace(
        made,
        metric=settings.metric,
        y=y,
        challenger=challenger,
        champion=champion,
        thresholds=predictions.thresholds,
        seed=settings.seed,
    )


def _delong(predictions: Predictions, found: Comparison) -> CrossCheck | None:
    """Return DeLong's interval of the difference of two ROC areas; None where it does not apply.

    Both intervals estimate the same difference in different ways: by resampling, and from a normal
    distribution with the variance of the placements. Where the placements do not vary (both models
    separate the classes without error) DeLong's interval is the difference alone, as is
    the bootstrap's. With a single row in a class it is undefined and supports nothing.
    """
    y, champion = predictions.y, predictions.champion
    if found.metric != "roc_auc" or champion is None or champion.shape[1] != 2:
        return None
    if len(np.unique(y == 1)) < 2:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = predictions.challenger[:, -1], champion[:, -1]
        *_, low, high = delong_test(y == 1, *scores, found.confidence)
    claimed = found.low is not None and found.low > found.bound
    return CrossCheck(low, high, (low > found.bound) == claimed)


def _score(settings: ComparisonSettings, y: Truth, model: Model, drawn: Scores) -> Score:
    value = score(settings.metric, y, *model)
    return Score(settings.metric, value, *interval(drawn, y, settings.confidence), len(y))


def _without_difference(
    settings: ComparisonSettings, challenger: Score, gates: tuple[GateResult, ...], sentence: str
) -> Comparison:
    refused = [gate.sentence for gate in gates if not gate.passed]
    return Comparison(
        metric=settings.metric,
        champion=None,
        challenger=challenger,
        difference=None,
        low=None,
        high=None,
        margin=settings.margin,
        confidence=settings.confidence,
        rows=challenger.rows,
        gates=gates,
        won=not refused and not math.isnan(challenger.value),
        sentence=" ".join([sentence, *refused]),
        claim=settings.claim,
    )


def _sentence(found: Comparison) -> str:
    """Return which model is better by how much, what speaks against it, and which gates refuse."""
    assert found.champion is not None
    claim = "not worse" if found.claim == "non_inferior" else "better"
    claim += f" by more than {found.margin:g}" if found.margin else ""
    text = (
        f"The challenger is {'proven' if found.proven else 'not proven'} {claim}: {found.metric} "
        f"{found.challenger.value:.3f} against {found.champion.value:.3f}, difference "
        f"{found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}] on {found.rows:,} rows."
    )
    against = []
    if found.delong and not found.delong.agrees and (found.low or 0.0) > found.bound:
        ends = f"[{found.delong.low:+.3f}, {found.delong.high:+.3f}]"
        against.append(f"DeLong's interval {ends} does not confirm that.")
    refused = (gate.sentence for gate in found.gates if not gate.passed)
    return " ".join([text, *against, *refused])
