"""Inputs of promotion gates: the holdout, both models' predictions on it, and the models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from driftloop.performance.bootstrap import Model
from driftloop.performance.metrics import MetricName, Truth, is_regression
from driftloop.performance.target import Probabilities


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model for gates that score other tables than the holdout.

    `predict` takes a feature table (n rows) and returns predictions (n, k); `size` is its bytes as
    stored; `importances` are each feature's share, empty where none were stored.
    """

    predict: Callable[[pd.DataFrame], Probabilities]
    size: int | None = None
    importances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateInputs:
    """The holdout in time order with both models' predictions; no champion: None.

    `thresholds` are the challenger's and the champion's decision thresholds. `table` has the
    features of the rows, `groups` the columns that gates list in `reads`, both in the same order.
    `unknown` counts rows that are left out, by class: the challenger cannot predict these classes.
    `accepted` says that a person takes a challenger that is not proven better than guessing.
    `classes` names the codes of `y`; a quantity has none. `before` (m,) are labels that were known
    before those of the holdout, None where none are: guessing is the constant that suits them best.
    """

    metric: MetricName
    y: Truth
    challenger: Probabilities
    champion: Probabilities | None
    thresholds: tuple[float | None, float | None] = (None, None)
    table: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    challenger_model: Scorer | None = None
    champion_model: Scorer | None = None
    seed: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    accepted: bool = False
    classes: tuple[str, ...] = ()
    before: Truth | None = None

    @property
    def models(self) -> tuple[Model, ...]:
        """Predictions and threshold of the challenger, and of the champion if there is one."""
        first = (self.challenger, self.thresholds[0])
        return (first,) if self.champion is None else (first, (self.champion, self.thresholds[1]))

    @property
    def regression(self) -> bool:
        """Whether the models predict values and not classes."""
        return is_regression(self.y)
