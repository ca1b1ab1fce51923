"""Champion against challenger on one frozen holdout, by a paired bootstrap.

Both models are scored on the same resamples of the same rows, so that what makes a resample easy
or hard cancels out of the difference. Source: Efron & Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 13 and 16 (percentile interval of a paired difference).
"""

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from driftloop.gates import DEFAULT_GATES, Evidence, Gate, run_gates
from driftloop.labels import Codes, Probabilities
from driftloop.metrics import METRICS, MetricName, Scores, resamples, score
from driftloop.records import Comparison, GateResult, Score
from driftloop.settings import Settings


class ComparisonSettings(Settings):
    """What a challenger must prove before it replaces the champion."""

    metric: MetricName = Field(default="roc_auc", description="The primary metric.")
    margin: float = Field(
        default=0.0, ge=0, description="The challenger must be better by more than this."
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence of the interval."
    )
    resamples: int = Field(default=1000, ge=1000, le=100_000, description="Bootstrap resamples.")
    gates: tuple[Gate, ...] = Field(
        default=DEFAULT_GATES, description="Further conditions; one that cannot run refuses."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the resampling.")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Class codes (n,) of the holdout in time order, and both models' probabilities (n, k)."""

    y: Codes
    challenger: Probabilities
    champion: Probabilities | None


def compare(predictions: Predictions, settings: ComparisonSettings) -> Comparison:
    """Return the comparison on the holdout.

    The challenger wins where the lower bound of the interval of (challenger - champion) exceeds
    the margin and every gate passed. Without a champion only the gates decide. A score that is
    undefined never wins.
    """
    evidence = Evidence(
        settings.metric, predictions.y, predictions.challenger, predictions.champion
    )
    gates = run_gates(settings.gates, evidence)
    if any(gate.gate == "valid_predictions" and not gate.passed for gate in gates):
        undefined = Score(settings.metric, math.nan, math.nan, math.nan, len(predictions.y))
        return _without_difference(settings, undefined, gates, "The challenger cannot be scored.")
    if predictions.champion is not None and not np.isfinite(predictions.champion).all():
        undefined = Score(settings.metric, math.nan, math.nan, math.nan, len(predictions.y))
        sentence = "The champion's predictions are no numbers: a person has to look."
        return _without_difference(settings, undefined, gates, sentence)
    drawn = _draw(predictions, settings)
    challenger = _score(settings, predictions.y, predictions.challenger, drawn[0])
    if predictions.champion is None or drawn[1] is None:
        sentence = f"There is no champion; {settings.metric} is {challenger.value:.3f}."
        return _without_difference(settings, challenger, gates, sentence)
    champion = _score(settings, predictions.y, predictions.champion, drawn[1])
    low, high = np.quantile(drawn[0] - drawn[1], _tails(settings.confidence))
    proven = bool(low > settings.margin)
    return Comparison(
        metric=settings.metric,
        champion=champion,
        challenger=challenger,
        difference=challenger.value - champion.value,
        low=float(low),
        high=float(high),
        margin=settings.margin,
        confidence=settings.confidence,
        rows=len(predictions.y),
        gates=gates,
        won=proven and all(gate.passed for gate in gates),
        sentence=_sentence(champion, challenger, (float(low), float(high)), settings, gates),
    )


def _draw(predictions: Predictions, settings: ComparisonSettings) -> tuple[Scores, Scores | None]:
    metric, challenger, champion = METRICS[settings.metric], [], []
    for weights in resamples(predictions.y, settings.resamples, settings.seed):
        challenger.append(metric(predictions.y, predictions.challenger, weights))
        if predictions.champion is not None:
            champion.append(metric(predictions.y, predictions.champion, weights))
    return np.concatenate(challenger), np.concatenate(champion) if champion else None


def _tails(confidence: float) -> list[float]:
    return [(1 - confidence) / 2, (1 + confidence) / 2]


def _score(settings: ComparisonSettings, y: Codes, p: Probabilities, drawn: Scores) -> Score:
    low, high = np.quantile(drawn, _tails(settings.confidence))
    value = score(settings.metric, y, p)
    return Score(settings.metric, value, float(low), float(high), len(y))


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
    )


def _sentence(
    champion: Score,
    challenger: Score,
    interval: tuple[float, float],
    settings: ComparisonSettings,
    gates: tuple[GateResult, ...],
) -> str:
    difference = challenger.value - champion.value
    proven = interval[0] > settings.margin
    beyond = f" by more than {settings.margin:g}" if settings.margin else ""
    verdict = f"proven better{beyond}" if proven else f"not proven better{beyond}"
    text = (
        f"The challenger is {verdict}: {settings.metric} {challenger.value:.3f} against "
        f"{champion.value:.3f}, difference {difference:+.3f} "
        f"[{interval[0]:+.3f}, {interval[1]:+.3f}] on {challenger.rows:,} rows."
    )
    return " ".join([text, *(gate.sentence for gate in gates if not gate.passed)])
