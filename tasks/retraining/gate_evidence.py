"""Inputs of the promotion gates: holdout rows, groups and both models."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from driftloop.base.records import ModelVersion
from driftloop.comparison.compare import Predictions
from driftloop.comparison.gates import columns_needed
from driftloop.comparison.gates.base import Gate
from driftloop.comparison.gates.inputs import GateInputs, Scorer
from driftloop.performance.target import Target
from driftloop.training.training import predict
from tasks.registry.models import skops_bytes
from tasks.registry.protocol import Registry, importances_of
from tasks.runtime.job import Job


def gate_evidence(
    job: Job,
    registry: Registry,
    predictions: Predictions,
    tables: tuple[pd.DataFrame, pd.DataFrame],
    versions: Sequence[ModelVersion],
    models: Sequence[Any],
    target: Target,
) -> GateInputs:
    """Return the inputs of the gates, without what no configured gate needs.

    Args:
        job: the job, whose configuration lists the gates.
        registry: holds the stored importances.
        predictions: both models on the holdout.
        tables: the features of the holdout rows, and all columns read of them.
        versions: the challenger's, and the champion's if there is one.
        models: their pipelines.
        target: the challenger's target.
    """
    gates, (features, table) = job.config.comparison.gates, tables
    scorers = [
        _scorer(gates, registry, version, target, model)
        for version, model in zip(versions, models, strict=True)
    ]
    names = [name for name in columns_needed(gates) if name in table.columns]
    return GateInputs(
        job.config.comparison.metric,
        predictions.y,
        predictions.challenger,
        predictions.champion,
        predictions.thresholds,
        features,
        table[names],
        scorers[0],
        scorers[1] if len(scorers) > 1 else None,
    )


def _scorer(
    gates: tuple[Gate, ...], registry: Registry, version: ModelVersion, target: Target, model: Any
) -> Scorer:
    def scores(table: pd.DataFrame) -> Any:
        return predict(model, table, target)

    by_size = any(gate.needs_size for gate in gates)
    importances: Mapping[str, float] = {}
    if any(gate.needs_importances for gate in gates):
        importances = importances_of(registry, version.run_id)
    return Scorer(scores, len(skops_bytes(model)) if by_size else None, importances)
