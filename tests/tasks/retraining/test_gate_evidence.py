"""What the gates are shown: rows, asked columns and both models; nothing that nobody asked for."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.base.retrain_record import ModelVersion
from driftloop.config.model_config import ModelConfig
from driftloop.performance.target import Classes
from driftloop.training.estimators import LogisticRegression
from driftloop.training.training import Examples, fit, predict
from tasks.monitoring.predict import LabelledPredictions
from tasks.retraining.compare import gate_inputs

CLASSES = Classes(("0", "1"))
TABLE = pd.DataFrame({"amount": np.linspace(0, 1, 60), "region": "north", "secret": 1})
FEATURES = TABLE[["amount"]]
Y = np.r_[np.zeros(30, dtype=int), np.ones(30, dtype=int)]


class Shelf:
    """Stands for the registry: stored importances by run, and what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def file(self, run_id: str, name: str) -> bytes:
        self.asked.append(run_id)
        return b'{"amount": 1.0}'


class Stub:
    """Stands for the job: only its configuration is read, and what a person accepted."""

    accepted = False

    def __init__(self, gates: list[dict[str, Any]]) -> None:
        self.config = ModelConfig.model_validate(
            {
                "model": "payments",
                "data": {"path": "data", "time": "t", "label": "y"},
                "features": {"numeric": ["amount"]},
                "comparison": {"gates": gates},
            }
        )


@pytest.fixture(scope="module")
def model() -> Any:
    return fit(LogisticRegression(), Examples(FEATURES, Y, CLASSES), ("amount",), (), 0)


def version(number: str) -> ModelVersion:
    return ModelVersion("payments", number, f"run-{number}", None, None, None, None)


def shown(model: Any, gates: list[dict[str, Any]], champion: bool = True) -> Any:
    p, shelf = predict(model, FEATURES, CLASSES), Shelf()
    scored = [
        LabelledPredictions(Y, p, threshold, model, CLASSES, FEATURES) for threshold in (0.4, None)
    ][: 2 if champion else 1]
    versions = [version("2"), version("1")][: len(scored)]
    job: Any = Stub(gates)
    made = gate_inputs(job, shelf, TABLE, versions, scored)  # type: ignore[arg-type]
    return made, shelf


def test_models_rows_and_asked_columns_are_shown(model: Any) -> None:
    found, shelf = shown(model, [{"kind": "segments", "columns": ["region", "absent"]}])
    assert list(found.groups.columns) == ["region"]
    assert found.table is FEATURES
    assert found.thresholds == (0.4, None)
    again = found.challenger_model.predict(FEATURES)
    assert np.array_equal(again, found.challenger)
    assert found.champion_model is not None
    assert (found.challenger_model.size, shelf.asked) == (None, [])
    alone, _ = shown(model, [], champion=False)
    assert alone.champion_model is None


def test_size_and_importances_are_looked_up_where_a_gate_asks(model: Any) -> None:
    import skops.io

    found, shelf = shown(model, [{"kind": "model_size", "maximum": 1}])
    assert found.challenger_model.size == len(skops.io.dumps(model))
    assert shelf.asked == []
    found, shelf = shown(model, [{"kind": "stable_importances"}])
    assert shelf.asked == ["run-2", "run-1"]
    assert found.champion_model.importances == {"amount": 1.0}
