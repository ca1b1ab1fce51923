"""Streams that policies are replayed on: real ones from files, and generated families of drift."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.backtest.matrix_models import LabelledTable
from driftloop.base.periods import Span, parse_span
from driftloop.config.model_config import ModelConfig
from driftloop.performance.target import Quantity, find_classes
from driftloop.profiling.columns import feature_table
from driftloop.training.training import Examples

START = pd.Timestamp("2024-01-01")


@dataclass(frozen=True)
class Stream:
    """A table in time order with the configuration that ``init`` writes, and its periods."""

    name: str
    table: pd.DataFrame
    config: ModelConfig
    moments: tuple[datetime, ...]

    def rows(self) -> LabelledTable:
        """Return the table as a matrix takes it."""
        data, table = self.config.data, self.table
        regression = self.config.task == "regression"
        target = Quantity() if regression else find_classes(table[data.label], data.positive)
        features = feature_table(table, *self.config.features.by_type)
        times = table[data.time].to_numpy().astype("datetime64[us]")
        labelled = Examples(features, target.encode(table[data.label]), target)
        return LabelledTable(labelled, times, np.ones(len(table), dtype=bool))


@dataclass(frozen=True)
class Source:
    """A public data set: its columns, the length of a period, and when the first model is trained.

    Without `first` that is after a quarter of the history.
    """

    time: str
    label: str
    every: str
    first: str | None = None
    positive: str | None = None
    task: str = "binary"
    categorical: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


BANK = ("job", "marital", "education", "default", "housing", "loan", "contact", "month")
SOURCES: Mapping[str, Source] = {
    "bank": Source(
        "contacted_at", "y", "1 month", "2008-09-01", "yes",
        categorical=(*BANK, "day_of_week", "poutcome"), left_out=("duration",),
    ),
    "elec2": Source("settled_at", "price_up", "1 week", "1996-09-24", categorical=("day",)),
    "sea": Source("at", "label", "1 day"),
    "weather, quarters": Source("day", "rain", "3 months"),
    "weather, years": Source("day", "rain", "1 year"),
    "air quality": Source("at", "co", "1 week", task="regression"),
}  # fmt: skip


def real_stream(name: str, path: Path) -> Stream:
    """Return a public data set from its file."""
    source = SOURCES[name]
    table = pd.read_csv(path).drop(columns=list(source.left_out))
    table[source.time] = pd.to_datetime(table[source.time])
    table = table.sort_values(source.time, kind="stable").dropna(subset=[source.label])
    table = table.reset_index(drop=True)
    numeric = [c for c in table if c not in (source.time, source.label, *source.categorical)]
    table[list(source.categorical)] = table[list(source.categorical)].astype(str)
    every = parse_span(source.every)
    config = config_of(
        source.task, source.time, source.label, every, tuple(numeric), source.categorical
    )
    if source.positive:
        data = config.data.model_copy(update={"positive": source.positive})
        config = config.model_copy(update={"data": data})
    return Stream(name, table, config, _moments(table[source.time], every, source.first))


def _moments(
    times: "pd.Series[pd.Timestamp]", every: Span, first: str | None
) -> tuple[datetime, ...]:
    begin = times.iloc[0].normalize()
    if every.unit in ("month", "year"):
        begin = begin.replace(day=1)
    least = pd.Timestamp(first) if first else begin + (times.iloc[-1] - begin) / 4
    edge = pd.Timestamp(first) if first else begin
    while edge < least:
        edge = pd.Timestamp(every.after(edge.to_pydatetime()))
    moments = []
    while edge <= times.iloc[-1] + pd.Timedelta(days=1):
        moments.append(edge.to_pydatetime().replace(tzinfo=UTC))
        edge = pd.Timestamp(every.after(edge.to_pydatetime()))
    return tuple(moments)


def config_of(
    task: str,
    time: str,
    label: str,
    every: Span,
    numeric: tuple[str, ...],
    categorical: tuple[str, ...],
) -> ModelConfig:
    """Return the configuration that ``init`` writes for such a table, without a search."""
    sliding = {"kind": "sliding", "length": str(Span(every.count * 8, every.unit))}
    return ModelConfig.model_validate(
        {
            "model": "stream",
            "task": task,
            "data": {"path": "data", "time": time, "label": label},
            "features": {"numeric": numeric, "categorical": categorical},
            "windows": {"current": str(every)},
            "training": {
                "estimator": {
                    "kind": "hist_gradient_boosting",
                    "max_iter": 50,
                    "learning_rate": 0.15,
                    "max_leaf_nodes": 15,
                },
                "windows": [{"kind": "all"}, sliding],
                "minimum_rows": 100,
                "minimum_per_class": 5,
                "search": {"kind": "halving", "trials": 0},
            },
            "comparison": {
                "metric": "r2" if task == "regression" else "roc_auc",
                "claim": "by_precision",
                "margin": 0.05,
            },
        }
    )


def quickly_trained(stream: Stream, linear: bool) -> Stream:
    """Return a stream whose models are small: logistic regressions, or 20 trees of 7 leaves."""
    quick = {"max_iter": 20, "learning_rate": 0.25, "max_leaf_nodes": 7}
    raw = stream.config.model_dump(mode="json")
    raw["training"]["estimator"] = (
        {"kind": "logistic_regression"} if linear else {**raw["training"]["estimator"], **quick}
    )
    return replace(stream, config=ModelConfig.model_validate(raw))


Weights = np.ndarray[Any, np.dtype[np.float64]]
A, B = np.array([1.4, -1.0, 0.6, 0.0, 0.0]), np.array([-0.6, -1.0, 1.4, 0.8, 0.0])


def _mix(share: float) -> Weights:
    return (1 - share) * A + share * B


def _trend(at: float) -> Weights:
    turn = 2.2 * at
    return np.array([1.4 * np.cos(turn), 1.4 * np.sin(turn), 0.6, -0.4, 0.0])


FAMILIES: Mapping[str, Callable[[float], Weights]] = {
    "stationary": lambda at: A,
    "sudden": lambda at: _mix(float(at >= 0.45)),
    "gradual": lambda at: _mix(float(np.clip((at - 0.3) / 0.4, 0, 1))),
    "recurring": lambda at: _mix(float(int(at * 4) % 2)),
    "trending": _trend,
    "label noise": lambda at: A,
}
"""Weights of the inputs by the share of the history that is over."""


def generated_stream(family: str, seed: int, weeks: int = 80, rows: int = 400) -> Stream:
    """Return made-up weeks of a family; the first model is trained after a fifth of them.

    Inputs never move. In "label noise" a changing share of labels is turned at random: the score
    falls and nothing can be learned.
    """
    rng = np.random.default_rng([seed, sorted(FAMILIES).index(family)])
    n = weeks * rows
    x = rng.normal(size=(n, 5))
    week = np.arange(n) // rows
    weights = np.array([FAMILIES[family](at / weeks) for at in range(weeks)])[week]
    logit = (x * weights).sum(axis=1) + 0.5 * x[:, 0] * x[:, 1]
    y = (logit + rng.logistic(size=n) > 0).astype(int)
    if family == "label noise":
        share = 0.05 + 0.25 * np.clip((week / weeks - 0.35) / 0.3, 0, 1)
        turned = rng.random(n) < share
        y[turned] = 1 - y[turned]
    table = pd.DataFrame(x, columns=[f"x{i}" for i in range(5)])
    table["at"] = START + pd.to_timedelta(week * 7 + np.arange(n) % rows * 7 / rows, unit="D")
    table["y"] = y
    every = parse_span("1 week")
    config = config_of("binary", "at", "y", every, tuple(f"x{i}" for i in range(5)), ())
    first = START + pd.Timedelta(weeks=weeks // 5)
    return Stream(family, table, config, _moments(table["at"], every, str(first.date())))
