"""`driftloop.estimate_performance`: what it estimates comes true, and errors name the choices."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import mean_squared_error, roc_auc_score

import driftloop
from driftloop.base.errors import ConfigError, DataError


def binary(rows: int, seed: int, spread: float = 1.0, first: str = "2026-01-01") -> pd.DataFrame:
    """Return rows whose score is the true probability: rows near 0 are harder to tell apart."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(0.0, spread, rows), rng.normal(size=rows)
    p = 1 / (1 + np.exp(-(2 * x + z)))
    moments = pd.date_range(first, periods=rows, freq="5min")
    y = (rng.random(rows) < p).astype(int)
    return pd.DataFrame({"at": moments, "x": x, "z": z, "score": p, "y": y})


REFERENCE = binary(6000, 1)
HARDER = pd.concat([binary(4032, 2), binary(2016, 3, 0.3, "2026-01-15")], ignore_index=True)


def test_harder_inputs_are_estimated_before_their_labels() -> None:
    current = HARDER.assign(y=HARDER.y.where(HARDER.index < 4032))
    result = driftloop.estimate_performance(REFERENCE, current, score="score", label="y", time="at")
    frame = result.to_frame()
    assert [*frame.status] == ["ok", "ok", "lost"]
    assert result.status == "lost"
    truth = [
        roc_auc_score(part.y, part.score)
        for part in (HARDER[:2016], HARDER[2016:4032], HARDER[4032:])
    ]
    assert ((frame.low < truth) & (truth < frame.high)).all()
    assert [*frame.realised[:2]] == pytest.approx(truth[:2])
    assert np.isnan(frame.realised[2])
    assert [*frame.rows] == [2016] * 3
    assert (frame.end[1:] - frame.start[1:]).eq(pd.Timedelta(weeks=1)).all()
    assert repr(result).startswith("lost: ROC AUC of 3 windows\n  2026-01-01")
    assert "<table>" in result._repr_html_()
    assert result.baseline is not None
    assert result.baseline.value == pytest.approx(roc_auc_score(REFERENCE.y, REFERENCE.score))


def test_the_plot_has_a_mark_for_each_window_and_realised_score() -> None:
    current = HARDER.assign(y=HARDER.y.where(HARDER.index < 4032))
    result = driftloop.estimate_performance(REFERENCE, current, score="score", label="y", time="at")
    marks = [
        line.get_marker() for line in result.plot().axes[0].lines if len(line.get_xdata()) == 1
    ]
    assert (marks.count("o"), marks.count("x")) == (3, 2)


def test_arrow_and_named_classes() -> None:
    names = {0: "stay", 1: "churn"}
    tables = [
        pa.Table.from_pandas(table.assign(y=table.y.map(names), score=1 - table.score))
        for table in (REFERENCE, HARDER)
    ]
    # "stay" comes after "churn": its probability is the score where nothing else is said.
    by_order = driftloop.estimate_performance(*tables, score="score", label="y", ignore=["at"])
    by_name = driftloop.estimate_performance(
        *tables, score="score", label="y", ignore=["at"], positive="stay"
    )
    assert by_order.to_frame().equals(by_name.to_frame())
    assert by_order.to_frame().realised[0] == pytest.approx(
        roc_auc_score(HARDER.y == 0, 1 - HARDER.score)
    )


def test_regression() -> None:
    rng = np.random.default_rng(5)

    def quantity(rows: int, low: float) -> pd.DataFrame:
        x = rng.uniform(low, 3.0, rows)
        return pd.DataFrame({"x": x, "p": x, "y": x + rng.normal(0.0, 0.2 + abs(x) / 2)})

    reference, current = quantity(8000, 0.0), quantity(4000, 1.5)
    result = driftloop.estimate_performance(reference, current, score="p", label="y")
    row = result.to_frame().iloc[0]
    truth = -np.sqrt(mean_squared_error(current.y, current.p))
    assert row.metric == "neg_rmse"
    assert row.low < truth < row.high
    assert row.realised == pytest.approx(truth)


def test_three_classes_need_a_column_each() -> None:
    rng = np.random.default_rng(6)
    p = rng.dirichlet((1.0, 1.0, 1.0), 6000)
    table = pd.DataFrame({"x": rng.normal(size=6000), "a": p[:, 0], "b": p[:, 1], "c": p[:, 2]})
    table["y"] = [rng.choice(["A", "B", "C"], p=row) for row in p]
    columns = {"A": "a", "B": "b", "C": "c"}
    result = driftloop.estimate_performance(table[:4000], table[4000:], score=columns, label="y")
    row = result.to_frame().iloc[0]
    assert row.metric == "balanced_accuracy"
    assert row.low < row.realised < row.high
    with pytest.raises(DataError, match="name the column of each class's probability"):
        driftloop.estimate_performance(table, table, score="a", label="y")
    with pytest.raises(DataError, match="no column for class C"):
        driftloop.estimate_performance(table, table, score={"A": "a", "B": "b"}, label="y")


def test_too_few_rows_are_inconclusive() -> None:
    few = driftloop.estimate_performance(REFERENCE, HARDER[:40], score="score", label="y")
    assert few.status == "inconclusive"
    assert "40 rows" in few.to_frame().sentence[0]
    assert few.to_frame()[["estimated", "realised"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"score": "scor"}, DataError, "did you mean score"),
        ({"label": "label"}, DataError, "label: no such column in the reference"),
        ({"metric": "aucc"}, ConfigError, "roc_auc"),
        ({"performance": {"margn": 1}}, ConfigError, "margin"),
        ({"score": "x"}, DataError, "is not in 0 to 1"),
        ({"time": "x"}, DataError, "does not hold times"),
        ({"window": "1 fortnight"}, ConfigError, "week"),
    ],
)
def test_errors(options: dict[str, Any], error: type[Exception], named: str) -> None:
    whole = {"score": "score", "label": "y", "time": "at", **options}
    with pytest.raises(error, match=named):
        driftloop.estimate_performance(REFERENCE, HARDER, **whole)
