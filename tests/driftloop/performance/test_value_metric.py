"""Value as a metric, against what rows are worth one by one."""

import numpy as np
import pytest

from driftloop.base.scores import metric_name
from driftloop.comparison.compare import ComparisonSettings, compare
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.custom_metric import is_custom
from driftloop.performance.estimates.confidence_based import expected_score
from driftloop.performance.metrics import metric_of, score
from driftloop.performance.no_skill import allowed_loss, constant_score
from driftloop.performance.value import ValueSettings
from driftloop.training.tuning import best_threshold
from tests.driftloop.cases import probabilities

VALUE = ValueSettings(true_positive=120.5, false_positive=-8, false_negative=-200, true_negative=1)
METRIC = VALUE.metric


def test_its_name_says_what_outcomes_are_worth() -> None:
    assert METRIC == "value:1:-8:-200:120.5"
    assert not is_custom(METRIC)
    assert metric_name(METRIC, begins=True) == "Value per row"
    assert ValueSettings(per_unit_of_error=-0.5).metric == "value:-0.5"


def test_the_score_is_the_mean_of_what_rows_are_worth() -> None:
    rng = np.random.default_rng(0)
    y, p = (rng.random(500) < 0.3).astype(np.int64), probabilities(rng.random(500))
    weights = rng.integers(0, 3, (4, 500)).astype(float)
    for threshold in (None, 0.2):
        rows = VALUE.of_rows(y, p, threshold)
        assert score(METRIC, y, p, threshold) == pytest.approx(rows.mean())
        expected = [np.average(rows, weights=w) for w in weights]
        assert metric_of(METRIC)(y, p, weights, threshold) == pytest.approx(expected)
    truth, said = rng.normal(size=50), rng.normal(size=(50, 1))
    found = score("value:-0.5", truth, said)
    assert found == pytest.approx(-0.5 * np.abs(truth - said[:, 0]).mean())
    assert np.isnan(metric_of(METRIC)(y, p, np.zeros((1, 500)), None)).all()


def test_what_a_constant_is_worth_and_what_may_be_lost() -> None:
    y = np.array([1] * 10 + [0] * 90)
    every, none = (10 * 120.5 - 90 * 8) / 100, (10 * -200 + 90 * 1) / 100
    assert constant_score(METRIC, y) == pytest.approx(max(every, none))
    assert allowed_loss(METRIC, y, 10.0) == pytest.approx(0.1 * (10 - every))
    truth = np.array([1.0, 2.0, 9.0])
    assert constant_score("value:-3", truth) == pytest.approx(-3 * 8 / 3), "the median"


def test_the_best_threshold_is_that_of_the_worths() -> None:
    """Calling a row positive pays from q on where 120.5 q - 8 (1 - q) > -200 q + (1 - q)."""
    rng = np.random.default_rng(1)
    q = rng.random(20_000)
    y = (rng.random(20_000) < q).astype(np.int64)
    assert best_threshold(METRIC, y, probabilities(q)) == pytest.approx(9 / 329.5, abs=0.02)


def test_models_are_compared_by_it() -> None:
    rng = np.random.default_rng(2)
    y = (rng.random(2000) < 0.2).astype(np.int64)
    better, worse = (probabilities(np.clip(0.3 * y + s * rng.random(2000), 0, 1)) for s in (0.8, 1))
    inputs = GateInputs(METRIC, y, better, worse)
    found = compare(inputs, ComparisonSettings(metric=METRIC, gates=()))
    assert found.champion is not None
    means = [VALUE.of_rows(y, p, None).mean() for p in (better, worse)]
    assert (found.challenger.value, found.champion.value) == pytest.approx(tuple(means))
    assert found.difference == pytest.approx(means[0] - means[1])
    assert found.won == ((found.low or 0) > 0)
    assert "alue per row" in found.sentence


def test_it_is_estimated_without_labels() -> None:
    p = probabilities([0.9, 0.2, 0.6])
    by_hand = [
        0.9 * 120.5 + 0.1 * -8,
        0.2 * -200 + 0.8 * 1,
        0.6 * 120.5 + 0.4 * -8,
    ]
    assert expected_score(METRIC, p, p) == pytest.approx(np.mean(by_hand))


CLASSES = ValueSettings.model_validate(
    {"classes": {"ok": {"fraud": -8}, "fraud": {"fraud": 120, "ok": -200}, "void": {"ok": -1}}}
)


def test_more_classes_have_the_order_of_their_names() -> None:
    names = CLASSES.ordered_classes
    assert names == ("fraud", "ok", "void")
    assert CLASSES.metric == "value:120:-200:0:-8:0:0:0:-1:0"
    rng = np.random.default_rng(4)
    y, p = rng.integers(0, 3, 300), rng.dirichlet(np.ones(3), 300)
    by_hand = [
        CLASSES.classes[names[truth]].get(names[said], 0.0)
        for truth, said in zip(y, p.argmax(axis=1), strict=True)
    ]
    assert score(CLASSES.metric, y, p) == pytest.approx(np.mean(by_hand))
    shares = np.bincount(y) / 300
    constants = [
        sum(shares[t] * CLASSES.classes[names[t]].get(said, 0.0) for t in range(3))
        for said in names
    ]
    assert constant_score(CLASSES.metric, y) == pytest.approx(max(constants))
