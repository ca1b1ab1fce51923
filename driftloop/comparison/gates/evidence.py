"""What a promotion gate is shown, and how it answers."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import pandas as pd

from driftloop.base.scores import GateResult, GateStatus
from driftloop.performance.metrics import MetricName, Truth, is_regression
from driftloop.performance.target import Probabilities


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model as the gates see it.

    `predict` takes a feature table (n rows) and returns predictions (n, k); `size` is its bytes as
    stored; `importances` are each feature's share, empty where none were stored.
    """

    predict: Callable[[pd.DataFrame], Probabilities]
    size: int | None = None
    importances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The holdout in time order with both models' predictions; no champion: None.

    `cuts` are the challenger's and the champion's decision thresholds. `table` holds the features
    of the rows, `groups` any columns of the data that gates ask for, both in the same order.
    """

    metric: MetricName
    y: Truth
    challenger: Probabilities
    champion: Probabilities | None
    cuts: tuple[float | None, float | None] = (None, None)
    table: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    challenger_model: Scorer | None = None
    champion_model: Scorer | None = None
    seed: int = 0

    @property
    def regression(self) -> bool:
        """Whether the models predict values and no classes."""
        return is_regression(self.y)


class CannotRun(Exception):  # noqa: N818 - no error of the program: what a gate lacks, as a sentence
    """A gate lacks what it needs; its text says what, as a sentence for people."""


class _Named(Protocol):
    @property
    def kind(self) -> str: ...


G = TypeVar("G", bound=_Named)


def or_not_run(check: Callable[[G, Evidence], GateResult]) -> Callable[[G, Evidence], GateResult]:
    """Make a gate answer with what it lacks where it raises `CannotRun`."""

    @functools.wraps(check)
    def asked(self: G, evidence: Evidence) -> GateResult:
        try:
            return check(self, evidence)
        except CannotRun as reason:
            return not_run(self.kind, str(reason))

    return asked


def told(kind: str, passed: bool, sentence: str) -> GateResult:
    """Return the result of a gate that ran."""
    status: GateStatus = "passed" if passed else "refused"
    return GateResult(kind, status, sentence)


def not_run(kind: str, sentence: str) -> GateResult:
    """Return the result of a gate that could not run, which refuses."""
    return GateResult(kind, "not_run", sentence)
