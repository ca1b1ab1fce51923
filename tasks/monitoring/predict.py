"""A registered version on labelled rows: the truth, its predictions and its decision threshold."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from driftloop.performance.bootstrap import Model
from driftloop.performance.metrics import Truth
from driftloop.performance.target import Probabilities, Target
from driftloop.training.training import predict, threshold_of
from tasks.monitoring.tables import examples
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import target_of
from tasks.runtime.job import Job


@dataclass(frozen=True, slots=True)
class Forecast:
    """The truth (n,), the predictions (n, k), the decision threshold and the model they are of."""

    y: Truth
    p: Probabilities
    threshold: float | None
    model: Any
    target: Target
    features: pd.DataFrame

    @property
    def scored(self) -> Model:
        """Predictions and threshold, as scores are computed of them."""
        return self.p, self.threshold


def forecast(
    job: Job, version: str, labelled: pd.DataFrame, target: Target | None = None
) -> Forecast:
    """Return what a version predicts of labelled rows.

    Args:
        job: names the model.
        version: of the model.
        labelled: the rows, with label and features.
        target: what the truth is written in; the version's own if left out.
    """
    own = target or target_of(open_registry(job.workspace), job.model, version)
    return forecast_of(job, model_of(job, version), labelled, own)


def forecast_of(job: Job, model: Any, labelled: pd.DataFrame, target: Target) -> Forecast:
    """Return what a model predicts of labelled rows, registered or not."""
    rows = examples(job, labelled, target)
    p = predict(model, rows.table, target)
    return Forecast(rows.y, p, threshold_of(model), model, target, rows.table)
