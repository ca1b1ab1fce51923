from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from driftloop.base.findings import Performance
from driftloop.base.scores import Score
from driftloop.performance.level import TrackRecord
from driftloop.performance.metrics import score
from driftloop.performance.no_skill import allowed_loss, no_skill_score
from driftloop.performance.realised import PerformanceSettings, judge_performance
from tests.driftloop.cases import WINDOW, probabilities

BASE = Score("roc_auc", 0.9, 0.88, 0.92, 2000)


def scored(separation: float, rows: int = 600, seed: int = 0) -> tuple[Any, Any]:
    """Scores N(0, 1) and N(separation, 1): AUC = Phi(separation / sqrt 2)."""
    y = np.tile([0, 1], rows // 2)
    values = np.random.default_rng(seed).normal(y * separation, 1)
    return y, probabilities(1 / (1 + np.exp(-values)))


def judged(labels: Any, baseline: Score | None = BASE, **settings: Any) -> Performance:
    return judge_performance("roc_auc", WINDOW, labels, baseline, PerformanceSettings(**settings))


@pytest.mark.parametrize(
    ("separation", "status"), [(0.3, "fell"), (3.0, "ok"), (1.6, "unclear"), (0.0, "fell")]
)
def test_against_its_own_holdout(separation: float, status: str) -> None:
    found = judged(scored(separation), margin=0.03)
    assert found.status == status
    assert found.baseline == 0.9
    assert (found.window, found.rows) == (WINDOW, 600)
    assert None not in (found.score, found.low, found.high)
    assert f"{found.score:.3f}" in found.sentence


def test_margin_is_allowed() -> None:
    labels = scored(0.9)
    assert judged(labels, margin=0.03).status == "fell"
    assert judged(labels, margin=0.4).status == "falling", "a proven loss within the margin"


def test_floor_counts_whatever_the_past() -> None:
    labels, poor = scored(1.2), Score("roc_auc", 0.6, 0.5, 0.7, 500)
    assert judged(labels, poor).status == "ok"
    assert judged(labels, poor, floor=0.95).status == "fell"
    assert judged(labels, None, floor=0.95).status == "fell"
    assert judged(labels, None, floor=0.5).status == "ok"
    assert judged(labels, None).status == "ok"


def test_worse_than_guessing_is_never_ok() -> None:
    """A champion that was promoted at 0.17 by mistake is not measured by its own holdout."""
    poor = Score("roc_auc", 0.17, 0.12, 0.22, 500)
    found = judged(scored(-1.3), poor)
    assert found.score is not None
    assert 0.1 < found.score < 0.25
    assert found.status == "fell"
    assert found.sentence.startswith("Performance is worse than guessing: ROC AUC 0.1")
    assert judged(scored(0.0), Score("roc_auc", 0.52, 0.47, 0.57, 500)).status != "fell"


@pytest.mark.parametrize("metric", ["accuracy", "f1", "neg_log_loss", "value:0:-1:-1:0"])
def test_no_limit_of_classes_lies_below_the_best_constant(metric: Any) -> None:
    """A champion that errs in seven rows of ten, measured by its own bad holdout."""
    rng = np.random.default_rng(4)
    y = (rng.random(900) < 0.3).astype(int)
    p = probabilities(np.where(rng.random(900) < 0.3, y, 1 - y) * 0.8 + 0.1)
    poor = Score(metric, score(metric, y, p), -9.0, 9.0, 900)
    found = judge_performance(metric, WINDOW, (y, p), poor, PerformanceSettings())
    assert found.limit == found.guessing == pytest.approx(no_skill_score(metric, y))
    assert found.status == "fell"
    assert found.sentence.startswith("Performance is worse than guessing: ")
    assert found.sentence.endswith(" is guessing.")


def test_guessing_is_the_constant_of_earlier_labels_where_they_are_known() -> None:
    rng = np.random.default_rng(5)
    before, y = rng.normal(40, 10, 3000), rng.normal(60, 10, 500)
    p = (y + rng.normal(0, 12, 500))[:, None]
    known = judge_performance(
        "neg_rmse", WINDOW, (y, p), None, PerformanceSettings(), before=before
    )
    assert known.guessing == pytest.approx(-np.sqrt(np.mean((y - before.mean()) ** 2)))
    assert known.status == "ok"
    hindsight = judge_performance("neg_rmse", WINDOW, (y, p), None, PerformanceSettings())
    assert hindsight.guessing == pytest.approx(-y.std())
    assert hindsight.status == "fell"


def test_worse_than_guessing_is_proven_as_any_other_loss() -> None:
    """A model of AUC 0.5 exactly: of 400 windows 2.5 % lie below by their interval, by chance.

    At 52 windows a year of which 0.2 may alarm 1 in 260 may.
    """
    poor, below, fell = Score("roc_auc", 0.4, 0.3, 0.5, 100), 0, 0
    for seed in range(400):
        found = judged(scored(0.0, 200, seed), poor)
        below += found.high is not None and found.high < 0.5
        fell += found.status == "fell"
    assert below >= 5
    assert fell <= 6, "P(X > 6) is 0.1 % for 400 windows at 1 in 260"


def test_guessing_that_becomes_easier_is_no_loss_of_earlier_windows() -> None:
    """Accuracy 0.85 where 0.8 was guessing, then 0.95 where 0.93 is: 0.85 says nothing of that."""

    def window(rows: int, share: float, right: float) -> tuple[Any, Any]:
        y = np.zeros(rows, dtype=int)
        y[: round(rows * share)] = 1
        wrong = np.zeros(rows, dtype=bool)
        wrong[: round(rows * (1 - right))] = True
        return y, probabilities(np.where(wrong, 1 - y, y) * 0.8 + 0.1)

    settings, base = PerformanceSettings(), Score("accuracy", 0.85, 0.82, 0.88, 500)
    record = TrackRecord()
    for _ in range(2):
        found = judge_performance(
            "accuracy", WINDOW, window(1000, 0.2, 0.85), base, settings, None, record
        )
        assert found.status == "ok"
        record = record.after(found)
    now = window(1000, 0.07, 0.95)
    found = judge_performance("accuracy", WINDOW, now, base, settings, None, record)
    assert found.limit == found.guessing == 0.93
    assert found.status == "ok"
    worse = window(1000, 0.07, 0.91)
    found = judge_performance("accuracy", WINDOW, worse, base, settings, None, TrackRecord())
    record = TrackRecord().after(found)
    found = judge_performance("accuracy", WINDOW, worse, base, settings, None, record)
    assert found.pooled is not None
    assert found.pooled.score == pytest.approx(0.91)


def test_falls_rarely_where_nothing_fell() -> None:
    """The truth lies at the limit: 'fell' comes with at most half of 1 - confidence."""
    truth = 0.7602499
    base = Score("roc_auc", truth, 0.7, 0.8, 900)
    fell = sum(
        judged(scored(1.0, 300, seed), base, margin=0.0).status == "fell" for seed in range(80)
    )
    assert fell <= 6


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (scored(1.0, 98), "98 labelled rows, 100 are needed"),
        ((np.array([], dtype=int), np.zeros((0, 2))), "0 labelled rows"),
        ((np.zeros(200, dtype=int), probabilities(np.zeros(200))), "rarest class has 0"),
        ((np.r_[np.zeros(200, dtype=int), [1] * 9], probabilities(np.zeros(209))), "has 9 labell"),
        ((np.full(200, -1), probabilities(np.zeros(200))), "rarest class has 0"),
    ],
    ids=["few", "none", "one class", "rare class", "unknown classes"],
)
def test_too_little_to_judge(labels: Any, why: str) -> None:
    found = judged(labels)
    assert found.status == "inconclusive"
    assert why in found.sentence
    assert (found.score, found.low, found.high) == (None, None, None)
    assert found.rows == len(labels[0])


def test_unknown_predictions_are_inconclusive() -> None:
    y, p = scored(3.0)
    p[:300] = np.nan
    assert judged((y, p)).status == "inconclusive"


def test_regression_is_judged_without_classes() -> None:
    """Errors N(0, 2): a root mean square of 2, and a tenth of the labels unknown."""
    rng = np.random.default_rng(0)
    y = rng.normal(50, 10, 500)
    p = (y + rng.normal(0, 2, 500))[:, None]
    y[::10] = np.nan
    base = Score("neg_rmse", -1.0, -1.1, -0.9, 500)
    found = judge_performance("neg_rmse", WINDOW, (y, p), base, PerformanceSettings())
    assert found.status == "fell"
    assert found.rows == 450
    assert found.score == pytest.approx(-2.0, abs=0.15)
    assert found.estimated is None
    few = judge_performance("neg_rmse", WINDOW, (y[:80], p[:80]), base, PerformanceSettings())
    assert few.status == "inconclusive"
    assert few.sentence == "72 labelled rows, 100 are needed."


def test_cut_counts() -> None:
    y, p = scored(2.0)
    loose = judge_performance("f1", WINDOW, (y, p), None, PerformanceSettings(), threshold=0.05)
    plain = judge_performance("f1", WINDOW, (y, p), None, PerformanceSettings())
    assert loose.score == pytest.approx(sk.f1_score(y, p[:, 1] >= 0.05))
    assert plain.score == pytest.approx(sk.f1_score(y, p[:, 1] > 0.5))


def test_the_margin_follows_the_advantage_over_a_constant_prediction() -> None:
    labels = scored(1.5)
    found = judged(labels)
    assert found.margin == pytest.approx(0.1 * (0.9 - 0.5))
    assert found.limit == pytest.approx(0.86)
    unsure = judged(labels, Score("roc_auc", 0.9, 0.75, 1.0, 60))
    assert unsure.margin == pytest.approx(0.25 / 2 / 1.96, abs=1e-4), "one standard error"
    assert judged(labels, None).margin == 0.0


@pytest.mark.parametrize(
    ("metric", "baseline", "loss"),
    [
        ("accuracy", 0.9, 0.1 * (0.9 - 0.75)),
        ("average_precision", 0.85, 0.1 * (0.85 - 0.25)),
        ("f1", 0.8, 0.1 * (0.8 - 0.4)),
        ("balanced_accuracy", 0.8, 0.1 * 0.3),
        ("neg_log_loss", -0.3, 0.1 * (0.5623351 - 0.3)),
        ("accuracy", 0.7, 0.0),
    ],
)
def test_allowed_loss_of_classes(metric: Any, baseline: float, loss: float) -> None:
    """One row of four is positive."""
    y = np.tile([0, 0, 0, 1], 50)
    assert allowed_loss(metric, y, baseline) == pytest.approx(loss)


def test_allowed_loss_of_a_quantity() -> None:
    """Labels of a deviation of 10: an error of 2 may become 2.2, and one of 9.5 hardly more."""
    y = np.tile([-10.0, 10.0], 50)
    assert allowed_loss("neg_rmse", y, -2.0) == pytest.approx(0.2)
    assert allowed_loss("neg_mae", y, -9.5) == pytest.approx(0.05)
    assert allowed_loss("r2", y, 0.6) == pytest.approx(0.06)


def test_windows_add_up_until_a_recovery_is_proven() -> None:
    """Scores of about 0.878, 3 points below the holdout, with an error of about 0.015 each."""
    low = judged(scored(1.5, seed=3), margin=0.06)
    assert low.status == "ok", "a single window proves nothing"
    before = (Score("roc_auc", low.score or 0, low.low or 0, low.high or 0, 600),) * 2
    labels = scored(1.5, seed=3)
    base = Score("roc_auc", 0.91, 0.905, 0.915, 20_000)
    settings = PerformanceSettings(margin=0.06)

    def after(record: TrackRecord, labels: Any = labels) -> Performance:
        return judge_performance("roc_auc", WINDOW, labels, base, settings, None, record)

    found = after(TrackRecord(None, before))
    assert found.status == "falling"
    assert found.pooled is not None
    assert found.pooled.windows == 3
    assert " over 3 windows, 0.910 on its holdout; the limit is 0.850." in found.sentence
    assert after(TrackRecord(None, before, lost=2), scored(1.83)).status == "ok"
    assert after(TrackRecord(None, before, lost=2), scored(1.45)).status == "falling"
