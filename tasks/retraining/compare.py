"""The comparison of a challenger with the champion on the frozen holdout."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import RegistryError, TrainingError
from driftloop.base.periods import Window, format_time, naive
from driftloop.base.retrain_record import ModelVersion, TrainingPlan
from driftloop.base.scores import CONSTANTS_ALIKE, Comparison, Worth
from driftloop.comparison.compare import compare
from driftloop.comparison.gates import columns_needed
from driftloop.comparison.gates.base import Gate
from driftloop.comparison.gates.inputs import GateInputs, Scorer
from driftloop.comparison.next_windows import WindowsOfHoldout
from driftloop.performance.level import earlier_scores
from driftloop.performance.metrics import Truth
from driftloop.performance.target import Classes, Target
from driftloop.training.training import predict
from tasks.monitoring.predict import LabelledPredictions, predict_model
from tasks.monitoring.tables import features_for, read_labelled
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of, model_of, model_size
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry, importances_of
from tasks.retraining.plan import OpenTraining
from tasks.retraining.row_hashes import COMPARED_FILE, HASHES_FILE, check_holdout_unseen
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import read_slice


@step("compare on holdout", retries=2)
def compare_models(
    job: Job, opened: OpenTraining, plan: TrainingPlan, challenger: str
) -> Comparison:
    """Return champion against challenger on the frozen holdout.

    A challenger that was refitted is compared by the model that has not seen the holdout. Raises
    `TrainingError` if the holdout overlaps either model's training data, in time or by row, and
    `RegistryError` if a version does not say what it was trained on.
    """
    registry = open_registry(job.workspace)
    versions = [registry.version(job.model, challenger)]
    versions += [opened.champion] if opened.champion else []
    tags = registry.tags(job.model, challenger)
    _check_before(versions[0], plan.holdout.window, tags.compared_end)
    for version in versions[1:]:
        _check_before(version, plan.holdout.window)
    models = [compared_model_of(job, challenger)]
    models += [model_of(job, version.version) for version in versions[1:]]
    table = read_labelled(job, plan.holdout, *models)
    files = COMPARED_FILE if tags.compared_model else HASHES_FILE, HASHES_FILE
    for version, model, file in zip(versions, models, files, strict=False):
        check_holdout_unseen(job, version, features_for(job, model), table, file)
    target = target_for(job, challenger)
    scored = [predict_model(job, model, table, target) for model in models]
    windows = _windows(job, registry, plan.holdout.window, table.loc[scored[0].features.index])
    inputs = gate_inputs(job, registry, table, versions, scored)
    inputs = replace(inputs, before=_labels(job, plan.training, target))
    compared = compare(inputs, job.config.comparison, windows if opened.champion else None)
    value = job.config.value
    if value is None:
        return compared
    new, *old = (scores.worth(value) for scores in scored)
    return replace(compared, worth=Worth(old[0] if old else None, new))


def _labels(job: Job, part: DataSlice, target: Target) -> Truth | None:
    """Return the labels of some rows (n,); None where the metric needs none of a constant."""
    if job.config.comparison.metric in CONSTANTS_ALIKE:
        return None
    time, label = job.config.data.time, job.config.data.label
    labels = read_slice(part, (time, label), time, job.workspace)[label]
    return target.encode(labels[labels.notna()])


def _windows(job: Job, registry: Registry, holdout: Window, rows: pd.DataFrame) -> WindowsOfHoldout:
    """Return the window of each row of a holdout, 0 for the newest, and scores of earlier ones."""
    length, edges = job.config.windows.current, [holdout.end]
    while edges[-1] > holdout.start:
        edges.append(length.before(edges[-1]))
    ends = np.array([naive(edge) for edge in edges[::-1]], dtype="datetime64[us]")
    times = rows[job.config.data.time].to_numpy().astype("datetime64[us]")
    of_row = len(edges) - 1 - np.searchsorted(ends, times, side="right")
    past = registry.past_runs(job.model, job.as_of)
    scores = earlier_scores(past, job.config.comparison.metric, (job.as_of, length))
    return WindowsOfHoldout(length, of_row, scores, job.config.performance.confidence)


def _check_before(
    version: ModelVersion, holdout: Window, compared_end: datetime | None = None
) -> None:
    if version.training is None:
        raise RegistryError(
            f"version {version.version} does not say what it was trained on, so no holdout can be "
            "shown to be fair"
        )
    end = compared_end or version.training.window.end
    if end > holdout.start:
        raise TrainingError(
            f"the holdout from {holdout} overlaps the training data of version {version.version}, "
            f"which end {format_time(end)}: no fair comparison"
        )


def gate_inputs(
    job: Job,
    registry: Registry,
    table: pd.DataFrame,
    versions: Sequence[ModelVersion],
    scored: Sequence[LabelledPredictions],
) -> GateInputs:
    """Return what the gates are shown, without what no configured gate needs.

    `table` has all columns read of the holdout rows. The challenger comes first among `versions`
    and `scored`, then the champion if there is one; both with the encoding of its target.
    """
    gates, new = job.config.comparison.gates, scored[0]
    old = scored[1] if len(scored) > 1 else None
    models = [
        _scorer(gates, registry, version, predictions)
        for version, predictions in zip(versions, scored, strict=True)
    ]
    names = [name for name in columns_needed(gates) if name in table.columns]
    features = new.features
    if old and (also := [name for name in old.features if name not in features]):
        features = features.join(old.features[also])  # what the champion alone reads
    return GateInputs(
        job.config.comparison.metric,
        new.y,
        new.p,
        old.p if old else None,
        (new.threshold, old.threshold if old else None),
        features,
        table.loc[new.features.index, names],
        models[0],
        models[1] if old else None,
        unknown=new.unknown,
        accepted=job.accepted,
        classes=new.target.names if isinstance(new.target, Classes) else (),
    )


def _scorer(
    gates: tuple[Gate, ...],
    registry: Registry,
    version: ModelVersion,
    predictions: LabelledPredictions,
) -> Scorer:
    model, target = predictions.model, predictions.target

    def scores(table: pd.DataFrame) -> Any:
        return predict(model, table, target)

    importances: Mapping[str, float] = {}
    if any(gate.needs_importances for gate in gates):
        importances = importances_of(registry, version.run_id)
    by_size = any(gate.needs_size for gate in gates)
    return Scorer(scores, model_size(model) if by_size else None, importances)
