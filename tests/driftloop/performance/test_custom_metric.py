"""Somebody's own function as a metric, by import path."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from driftloop.base.errors import TrainingError
from driftloop.base.scores import metric_name
from driftloop.config.model_config import ModelConfig
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.metrics import metric_of, resamples, score
from driftloop.performance.no_skill import allowed_loss

PROFIT, BROKEN = f"{__name__}.profit", f"{__name__}.broken"
NUMBER = 3


def profit(y: Any, p: Any, w: Any) -> float:
    """Ten for a positive that is called, minus one for any other call, per row."""
    return float(np.average(np.where(p >= 0.5, np.where(y == 1, 10.0, -1.0), 0.0), weights=w))


def broken(y: Any, p: Any, w: Any) -> float:
    raise KeyError("amount of customer 4711")


def rows() -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 400)
    p = np.clip(0.5 + (y - 0.5) * 0.3 + rng.normal(0, 0.2, 400), 0, 1)
    return y, np.column_stack([1 - p, p])


def test_it_gives_the_score_and_each_resample() -> None:
    y, p = rows()
    called = p[:, 1] >= 0.5
    by_hand = (10 * (called & (y == 1)).sum() - (called & (y == 0)).sum()) / len(y)
    assert score(PROFIT, y, p) == pytest.approx(by_hand)
    (drawn,) = resampled_scores(PROFIT, y, ((p, None),), 50, 1)
    weights = np.concatenate(list(resamples(y, 50, 1)))
    worth = np.where(called, np.where(y == 1, 10, -1), 0)
    assert drawn == pytest.approx(weights @ worth / len(y))
    assert allowed_loss(PROFIT, y, by_hand) >= 0
    assert metric_name(PROFIT) == "profit"


def test_one_that_raises_is_told_without_its_values() -> None:
    with pytest.raises(TrainingError, match="broken raised KeyError") as raised:
        metric_of(BROKEN)(*rows(), np.ones((1, 400)))
    assert "4711" not in str(raised.value)


def configured(metric: str, *allowed: str) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "payments",
            "data": {"path": "data", "time": "at", "label": "bad"},
            "features": {"numeric": ["amount"]},
            "comparison": {"metric": metric},
            "training": {"allow": {"metrics": [*allowed]}},
        }
    )


def test_it_has_to_be_listed_and_found() -> None:
    assert configured(PROFIT, PROFIT).comparison.metric == PROFIT
    for metric, allowed, said in (
        ("os.system", (), "training.allow.metrics lists none"),
        (f"{__name__}.nothing", (f"{__name__}.nothing",), "has no such name"),
        (f"{__name__}.NUMBER", (f"{__name__}.NUMBER",), "is a int, not a function"),
        ("r2", (), "r2 is for regression"),
        ("roc", (), "roc_auc"),
    ):
        with pytest.raises(ValidationError, match=said):
            configured(metric, *allowed)
