import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from driftloop.compare import ComparisonSettings, Predictions, compare
from driftloop.gates import MinimumScore, NewestSlice
from driftloop.metrics import MetricName, metrics_of
from tests.driftloop.cases import probabilities

GATELESS = ComparisonSettings(gates=())


def holdout(rows: int = 600, seed: int = 0) -> tuple[Any, np.random.Generator]:
    return np.tile([0, 1], rows // 2), np.random.default_rng(seed)


def scores(y: Any, rng: np.random.Generator, separation: float) -> Any:
    return probabilities(1 / (1 + np.exp(-rng.normal(y * separation, 1))))


def test_clearly_better_challenger_wins() -> None:
    y, rng = holdout()
    done = compare(Predictions(y, scores(y, rng, 2.0), scores(y, rng, 0.5)), ComparisonSettings())
    assert done.won
    assert done.champion is not None
    assert done.low is not None
    assert done.difference == pytest.approx(done.challenger.value - done.champion.value)
    assert 0 < done.low < done.difference < (done.high or 0)
    assert "proven better" in done.sentence
    assert "not proven" not in done.sentence
    assert f"{done.difference:+.3f}" in done.sentence


def test_clearly_worse_challenger_loses() -> None:
    y, rng = holdout()
    done = compare(Predictions(y, scores(y, rng, 0.5), scores(y, rng, 2.0)), GATELESS)
    assert not done.won
    assert (done.high or 0) < 0
    assert "not proven better" in done.sentence


@pytest.mark.parametrize("metric", metrics_of("binary"))
def test_metric_can_be_won_with(metric: MetricName) -> None:
    y, rng = holdout()
    settings = ComparisonSettings(metric=metric, gates=())
    shift = rng.normal(y * 4.0 - 2, 1)
    sure = probabilities(1 / (1 + np.exp(-2 * shift)))
    assert compare(Predictions(y, sure, scores(y, rng, 0.2)), settings).won


@pytest.mark.parametrize("metric", metrics_of("binary"))
@pytest.mark.parametrize("seed", range(4))
def test_identical_models_never_win(metric: MetricName, seed: int) -> None:
    y, rng = holdout(200, seed)
    p = scores(y, rng, 1.0)
    done = compare(Predictions(y, p, p.copy()), ComparisonSettings(metric=metric))
    assert not done.won
    assert (done.difference, done.low, done.high) == (0, 0, 0)


def test_advantage_must_exceed_the_margin() -> None:
    y, rng = holdout(2000)
    predictions = Predictions(y, scores(y, rng, 1.6), scores(y, rng, 1.0))
    assert compare(predictions, GATELESS).won
    done = compare(predictions, ComparisonSettings(margin=0.2, gates=()))
    assert not done.won
    assert "not proven better by more than 0.2" in done.sentence


def test_equal_models_rarely_promote() -> None:
    """Two models of the same skill: the lower bound exceeds 0 in about alpha / 2 = 2.5 %."""
    promoted = 0
    for seed in range(300):
        y, rng = holdout(120, seed)
        skill = y * 0.9 + rng.normal(0, 0.7, 120)
        both = [
            probabilities(1 / (1 + np.exp(-(skill + rng.normal(0, 0.7, 120))))) for _ in range(2)
        ]
        promoted += compare(Predictions(y, *both), GATELESS).won
    assert binomtest(promoted, 300, 0.025, alternative="greater").pvalue > 0.01


def test_pairing_finds_what_two_intervals_would_miss() -> None:
    """Models that err on the same rows: their intervals overlap, their difference is sure."""
    y, rng = holdout(1500)
    shared = y * 1.0 + rng.normal(0, 1, 1500)
    better = probabilities(1 / (1 + np.exp(-(shared + 0.15 * y))))
    done = compare(Predictions(y, better, probabilities(1 / (1 + np.exp(-shared)))), GATELESS)
    assert done.champion is not None
    assert done.champion.high > done.challenger.low
    assert done.won


def test_is_deterministic() -> None:
    y, rng = holdout()
    predictions = Predictions(y, scores(y, rng, 1.2), scores(y, rng, 1.0))
    assert compare(predictions, GATELESS) == compare(predictions, GATELESS)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1])
@pytest.mark.parametrize("champion", [True, False])
def test_challenger_that_predicts_no_probability_is_refused(bad: float, champion: bool) -> None:
    y, rng = holdout()
    p = scores(y, rng, 5.0)
    p[17, 1] = bad
    done = compare(Predictions(y, p, scores(y, rng, 0.1) if champion else None), GATELESS)
    assert not done.won
    assert math.isnan(done.challenger.value)
    assert done.difference is None
    assert "1 of 600 predictions are no probability" in done.sentence


def test_champion_that_predicts_nan_is_not_beaten_by_that() -> None:
    """What could not be scored proves nothing: a person has to look."""
    y, rng = holdout()
    done = compare(Predictions(y, scores(y, rng, 1.0), np.full((600, 2), np.nan)), GATELESS)
    assert not done.won
    assert done.champion is None or math.isnan(done.champion.value)


def test_first_champion_needs_the_gates_only() -> None:
    y, rng = holdout()
    p = scores(y, rng, 1.0)
    done = compare(Predictions(y, p, None), ComparisonSettings())
    assert done.won
    assert (done.champion, done.difference, done.low) == (None, None, None)
    assert done.sentence.startswith("There is no champion; roc_auc is 0.")
    strict = ComparisonSettings(gates=(MinimumScore(minimum=0.99),))
    refused = compare(Predictions(y, p, None), strict)
    assert not refused.won
    assert "at least 0.990 is asked" in refused.sentence


def test_failed_gate_refuses_a_proven_challenger() -> None:
    y, rng = holdout()
    new, old = scores(y, rng, 3.0), scores(y, rng, 1.0)
    new[-200:] = new[-200:][:, ::-1]
    done = compare(Predictions(y, new, old), ComparisonSettings(gates=(NewestSlice(),)))
    assert not done.won
    assert "On the newest 198 rows" in done.sentence


@pytest.mark.parametrize("champion", [True, False])
def test_undefined_score_never_wins(champion: bool) -> None:
    y, p = np.zeros(100, dtype=int), probabilities(np.linspace(0, 1, 100))
    done = compare(Predictions(y, p, p if champion else None), GATELESS)
    assert not done.won
