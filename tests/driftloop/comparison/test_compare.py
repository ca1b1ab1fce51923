import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from driftloop.comparison.compare import ComparisonSettings, compare
from driftloop.comparison.gates.minimum_score import MinimumScore
from driftloop.comparison.gates.newest_slice import NewestSlice
from driftloop.performance.metrics import MetricName, valid_metrics
from tests.driftloop.cases import predicted, probabilities

CLASSIFIERS = valid_metrics("binary")
GATELESS = ComparisonSettings(gates=())


def holdout(rows: int = 600, seed: int = 0) -> tuple[Any, np.random.Generator]:
    return np.tile([0, 1], rows // 2), np.random.default_rng(seed)


def scores(y: Any, rng: np.random.Generator, separation: float) -> Any:
    return probabilities(1 / (1 + np.exp(-rng.normal(y * separation, 1))))


def test_clearly_better_challenger_wins() -> None:
    y, rng = holdout()
    done = compare(predicted(y, scores(y, rng, 2.0), scores(y, rng, 0.5)), ComparisonSettings())
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
    done = compare(predicted(y, scores(y, rng, 0.5), scores(y, rng, 2.0)), GATELESS)
    assert not done.won
    assert (done.high or 0) < 0
    assert "not proven better" in done.sentence


@pytest.mark.parametrize("metric", CLASSIFIERS)
def test_metric_can_be_won_with(metric: MetricName) -> None:
    y, rng = holdout()
    settings = ComparisonSettings(metric=metric, gates=())
    shift = rng.normal(y * 4.0 - 2, 1)
    sure = probabilities(1 / (1 + np.exp(-2 * shift)))
    assert compare(predicted(y, sure, scores(y, rng, 0.2)), settings).won


@pytest.mark.parametrize("metric", CLASSIFIERS)
@pytest.mark.parametrize("seed", range(4))
def test_identical_models_never_win(metric: MetricName, seed: int) -> None:
    y, rng = holdout(200, seed)
    p = scores(y, rng, 1.0)
    done = compare(predicted(y, p, p.copy()), ComparisonSettings(metric=metric))
    assert not done.won
    assert (done.difference, done.low, done.high) == (0, 0, 0)


def test_advantage_must_exceed_the_margin() -> None:
    y, rng = holdout(2000)
    predictions = predicted(y, scores(y, rng, 1.6), scores(y, rng, 1.0))
    assert compare(predictions, GATELESS).won
    done = compare(predictions, ComparisonSettings(margin=0.2, gates=()))
    assert not done.won
    assert "not proven better by more than 0.2" in done.sentence


@pytest.mark.slow
def test_equal_models_rarely_promote() -> None:
    """Two models of the same skill: the lower bound exceeds 0 in about alpha / 2 = 2.5 %."""
    promoted = 0
    for seed in range(300):
        y, rng = holdout(120, seed)
        skill = y * 0.9 + rng.normal(0, 0.7, 120)
        both = [
            probabilities(1 / (1 + np.exp(-(skill + rng.normal(0, 0.7, 120))))) for _ in range(2)
        ]
        promoted += compare(predicted(y, *both), GATELESS).won
    assert binomtest(promoted, 300, 0.025, alternative="greater").pvalue > 0.01


def test_pairing_finds_what_two_intervals_would_miss() -> None:
    """Models that err on the same rows: their intervals overlap, their difference is sure."""
    y, rng = holdout(1500)
    shared = y * 1.0 + rng.normal(0, 1, 1500)
    better = probabilities(1 / (1 + np.exp(-(shared + 0.15 * y))))
    done = compare(predicted(y, better, probabilities(1 / (1 + np.exp(-shared)))), GATELESS)
    assert done.champion is not None
    assert done.champion.high > done.challenger.low
    assert done.won


def test_is_deterministic() -> None:
    y, rng = holdout()
    predictions = predicted(y, scores(y, rng, 1.2), scores(y, rng, 1.0))
    assert compare(predictions, GATELESS) == compare(predictions, GATELESS)


@pytest.mark.parametrize(("rows", "separation"), [(4000, 1.03), (4000, 0.9), (200, 1.1)])
def test_what_may_be_lost_follows_the_precision(rows: int, separation: float) -> None:
    """On many rows it may be worse by a standard error; on few it has to be better."""
    y, rng = holdout(rows)
    old = scores(y, rng, 1.0)
    new = probabilities(old[:, 1] ** separation * (1 + 0.2 * (separation - 1) * y))
    settings = ComparisonSettings(claim="by_precision", margin=0.02, gates=())
    plain = compare(predicted(y, new, old), GATELESS)
    done = compare(predicted(y, new, old), settings)
    assert plain.low is not None
    assert plain.high is not None
    width = plain.high - plain.low
    assert (done.claim, done.margin) == ("non_inferior", pytest.approx(min(0.02, 0.75 * width)))
    assert done.proven == (
        plain.low > -min(0.02, 0.75 * width) and (done.delong is None or done.delong.agrees)
    )
    assert plain.gained == pytest.approx((plain.difference or 0) / (width / 2 / 1.95996), rel=1e-4)


def test_no_precision_without_a_margin() -> None:
    with pytest.raises(ValueError, match="by_precision needs a margin above 0"):
        ComparisonSettings(claim="by_precision")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1])
@pytest.mark.parametrize("champion", [True, False])
def test_challenger_that_predicts_no_probability_is_refused(bad: float, champion: bool) -> None:
    y, rng = holdout()
    p = scores(y, rng, 5.0)
    p[17, 1] = bad
    done = compare(predicted(y, p, scores(y, rng, 0.1) if champion else None), GATELESS)
    assert not done.won
    assert math.isnan(done.challenger.value)
    assert done.difference is None
    assert "1 of 600 predictions are not valid probabilities" in done.sentence


def test_champion_that_predicts_nan_is_not_beaten_by_that() -> None:
    """What could not be scored proves nothing: a person has to look."""
    y, rng = holdout()
    done = compare(predicted(y, scores(y, rng, 1.0), np.full((600, 2), np.nan)), GATELESS)
    assert not done.won
    assert done.champion is None or math.isnan(done.champion.value)


def test_first_champion_needs_the_gates_only() -> None:
    y, rng = holdout()
    p = scores(y, rng, 1.0)
    done = compare(predicted(y, p, None), ComparisonSettings())
    assert done.won
    assert (done.champion, done.difference, done.low) == (None, None, None)
    assert done.sentence.startswith("There is no champion; ROC AUC is 0.")
    strict = ComparisonSettings(gates=(MinimumScore(minimum=0.99),))
    refused = compare(predicted(y, p, None), strict)
    assert not refused.won
    assert "at least 0.990 is required" in refused.sentence


def test_failed_gate_refuses_a_proven_challenger() -> None:
    y, rng = holdout()
    new, old = scores(y, rng, 3.0), scores(y, rng, 1.0)
    new[-200:] = new[-200:][:, ::-1]
    done = compare(predicted(y, new, old), ComparisonSettings(gates=(NewestSlice(),)))
    assert not done.won
    assert "On the newest 198 rows" in done.sentence


@pytest.mark.parametrize("champion", [True, False])
def test_undefined_score_never_wins(champion: bool) -> None:
    y, p = np.zeros(100, dtype=int), probabilities(np.linspace(0, 1, 100))
    done = compare(predicted(y, p, p if champion else None), GATELESS)
    assert not done.won


def test_claim_of_no_loss_needs_the_loss_that_is_allowed() -> None:
    with pytest.raises(ValueError, match="non_inferior needs a margin above 0"):
        ComparisonSettings(claim="non_inferior")


@pytest.mark.parametrize(("change", "proven"), [(1e-6, True), (-1e-6, False)])
def test_no_worse_is_proven_within_the_margin_only(change: float, proven: bool) -> None:
    """The rule at its edge: the margin a hair above and below the loss not ruled out."""
    y, rng = holdout(1000)
    shared = rng.normal(y * 1.2, 1)
    both = [probabilities(1 / (1 + np.exp(-shared - rng.normal(0, 0.2, 1000)))) for _ in range(2)]
    asked: dict[str, Any] = {"metric": "average_precision", "gates": ()}
    plain = compare(predicted(y, *both), ComparisonSettings(**asked))
    assert not plain.won
    assert plain.low is not None
    settings = ComparisonSettings(claim="non_inferior", margin=-plain.low + change, **asked)
    done = compare(predicted(y, *both), settings)
    assert (done.won, done.proven, done.claim) == (proven, proven, "non_inferior")
    words = "proven not worse" if proven else "not proven not worse"
    assert f"The challenger is {words} by more than" in done.sentence


def test_identical_model_is_no_worse() -> None:
    y, rng = holdout(200)
    p = scores(y, rng, 1.0)
    done = compare(predicted(y, p, p), ComparisonSettings(claim="non_inferior", margin=0.01))
    assert done.won
    assert done.delong is not None
    assert (done.delong.low, done.delong.high, done.delong.agrees) == (0, 0, True)


def test_bootstrap_win_that_delong_does_not_bear_out_is_not_proven() -> None:
    """A margin between both lower ends: the bootstrap says won and DeLong does not."""
    y, rng = holdout(120, 0)
    predictions = predicted(y, scores(y, rng, 1.6), scores(y, rng, 0.9))
    free = compare(predictions, GATELESS)
    assert free.delong is not None
    assert free.low is not None
    assert 0 < free.delong.low < free.low
    between = ComparisonSettings(margin=(free.low + free.delong.low) / 2, gates=())
    done = compare(predictions, between)
    assert (done.low, done.won, done.proven) == (free.low, False, False)
    assert done.delong is not None
    assert not done.delong.agrees
    assert "The challenger is not proven better" in done.sentence
    assert f"DeLong's interval [{done.delong.low:+.3f}" in done.sentence
    assert "does not confirm that" in done.sentence


def test_delong_has_no_say_in_other_metrics_and_many_classes() -> None:
    y, rng = holdout()
    pair = scores(y, rng, 2.0), scores(y, rng, 0.5)
    assert compare(predicted(y, *pair), GATELESS).delong is not None
    assert compare(predicted(y, *pair), ComparisonSettings(metric="f1", gates=())).delong is None
    assert compare(predicted(y, pair[0], None), GATELESS).delong is None


def test_perfect_model_beats_one_that_knows_nothing() -> None:
    """Neither model's placements vary: DeLong has no variance and must not stand in the way."""
    y, _ = holdout(100)
    done = compare(predicted(y, probabilities(y), probabilities(np.full(100, 0.5))), GATELESS)
    assert done.won
    assert (done.low, done.high) == (0.5, 0.5)


def test_single_row_of_a_class_proves_nothing() -> None:
    y = np.r_[1, np.zeros(99, dtype=int)]
    pair = probabilities(np.linspace(1, 0, 100)), probabilities(np.linspace(0, 1, 100))
    done = compare(predicted(y, *pair), GATELESS)
    assert not done.won


def test_slices_are_the_newest_third_and_the_rest() -> None:
    y, rng = holdout(601)
    y = np.append(y, 1)
    new, old = scores(y, rng, 1.5), scores(y, rng, 1.0)
    done = compare(predicted(y, new, old), GATELESS)
    assert [(slice_.name, slice_.rows) for slice_ in done.slices] == [
        ("newest", 200),
        ("older", 401),
    ]
    for slice_, rows in zip(done.slices, (slice(401, None), slice(0, 401)), strict=True):
        apart = compare(predicted(y[rows], new[rows], old[rows]), GATELESS)
        assert slice_.challenger.value == pytest.approx(roc_auc_score(y[rows], new[rows, 1]))
        assert slice_.champion == apart.champion
        assert slice_.champion is not None
        assert slice_.difference == pytest.approx(slice_.challenger.value - slice_.champion.value)
        assert (slice_.low, slice_.high) == (apart.low, apart.high)
    first = compare(predicted(y, new, None), GATELESS)
    assert [slice_.champion for slice_ in first.slices] == [None, None]
    assert first.slices[0].challenger == done.slices[0].challenger


def test_slice_of_one_class_is_undefined_and_harmless() -> None:
    y = np.r_[np.tile([0, 1], 100), np.zeros(100, dtype=int)]
    rng = np.random.default_rng(0)
    done = compare(predicted(y, scores(y, rng, 3.0), scores(y, rng, 0.5)), GATELESS)
    assert math.isnan(done.slices[0].challenger.value)
    assert not math.isnan(done.slices[1].challenger.value)
    assert done.won


@pytest.mark.parametrize("metric", valid_metrics("regression"))
def test_better_regression_wins(metric: MetricName) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(10, 2, 400)
    near, far = ((y + rng.normal(0, size, 400))[:, None] for size in (0.5, 1.0))
    settings = ComparisonSettings(metric=metric)
    assert compare(predicted(y, near, far), settings).won
    assert not compare(predicted(y, far, near), settings).won
    broken = near.copy()
    broken[3] = np.inf
    done = compare(predicted(y, broken, far), settings)
    assert not done.won
    assert "1 of 400 predictions are not valid numbers." in done.sentence


def test_each_model_is_judged_by_its_own_cut() -> None:
    """The same probabilities, called from 0.3 on and from 0.5 on."""
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 300)
    p = probabilities(np.clip(np.where(y == 1, 0.42, 0.15) + rng.normal(0, 0.08, 600), 0, 1))
    settings = ComparisonSettings(metric="accuracy")
    assert not compare(predicted(y, p, p), settings).won
    done = compare(predicted(y, p, p, (0.3, None)), settings)
    assert done.won
    assert done.challenger.value == pytest.approx(np.mean((p[:, 1] >= 0.3) == y))
