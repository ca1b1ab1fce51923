"""A registered version on labelled rows: the truth, its predictions and its decision threshold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftloop.performance.bootstrap import Model
from driftloop.performance.metrics import Truth
from driftloop.performance.target import Classes, Probabilities, Target
from driftloop.performance.value import ValueSettings
from driftloop.training.served import logged
from driftloop.training.training import predict, threshold_of
from tasks.monitoring.tables import examples
from tasks.registry.lineage import target_for
from tasks.registry.models import model_of, reader_of
from tasks.runtime.job import Job


@dataclass(frozen=True, slots=True)
class LabelledPredictions:
    """True labels (n,), predictions (n, k), decision threshold, and the model that predicted.

    Rows of classes that the target does not hold are left out, which `unknown` counts, and those
    whose served predictions were not logged. The index of
    `features` says which rows are left.
    """

    y: Truth
    p: Probabilities
    threshold: float | None
    model: Any
    target: Target
    features: pd.DataFrame
    unknown: Mapping[str, int] = field(default_factory=dict)

    @property
    def scored(self) -> Model:
        """Predictions and threshold, from which scores are computed."""
        return self.p, self.threshold

    def worth(self, value: ValueSettings) -> float:
        """Return what a row was worth on average."""
        names = self.target.names if isinstance(self.target, Classes) else ()
        return float(value.of_rows(self.y, self.p, self.threshold, names).mean())


def predict_version(
    job: Job, version: str, labelled: pd.DataFrame, target: Target | None = None
) -> LabelledPredictions:
    """Return the predictions of a version on labelled rows; `target` defaults to its own."""
    own = target or target_for(job, version)
    return predict_model(job, model_of(job, version), labelled, own)


def predict_served(
    job: Job, version: str, labelled: pd.DataFrame, target: Target
) -> LabelledPredictions:
    """Return what was served of labelled rows where that was logged, else what a version predicts.

    The threshold of decisions stays that of the version.
    """
    own = predict_version(job, version, labelled, target)
    if job.config.data.predictions is None:
        return own
    served = predict_model(job, reader_of(job, target), labelled, target)
    if len(served.y) < job.config.performance.minimum_rows:
        return own
    return replace(served, threshold=own.threshold)


def predict_model(
    job: Job, model: Any, labelled: pd.DataFrame, target: Target
) -> LabelledPredictions:
    """Return the predictions on labelled rows of a model that may not be registered yet."""
    rows, unknown = examples(job, labelled, target, model), dict[str, int]()
    if isinstance(target, Classes):
        unknown = target.unknown(labelled[job.config.data.label])
        rows = rows.rows(np.flatnonzero(rows.y >= 0)) if unknown else rows
    p = predict(model, rows.table, target)
    if not (known := logged(model, p)).all():
        rows, p = rows.rows(np.flatnonzero(known)), p[known]
    return LabelledPredictions(rows.y, p, threshold_of(model), model, target, rows.table, unknown)
