"""Expected performance of a champion: its holdout, and its estimated score on the window."""

from functools import partial
from typing import Any

import numpy as np

from driftloop.base.errors import DataError, TrainingError
from driftloop.base.findings import EstimatedPerformance, Performance
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.scores import Score
from driftloop.drift.domain_classifier import density_ratios
from driftloop.performance.estimated import EstimateCriteria, estimate_window
from driftloop.performance.estimates import default_estimate
from driftloop.performance.estimates.base import (
    MOST_HELD_OUT,
    MOST_ROWS,
    Estimate,
    EstimateInputs,
    HeldOut,
)
from driftloop.performance.evidence import at_confidence
from driftloop.performance.level import TrackRecord
from driftloop.performance.promise import with_promise as judged_promise
from driftloop.training.served import logged
from driftloop.training.training import predict, threshold_of
from tasks.monitoring.predict import LabelledPredictions, predict_model
from tasks.monitoring.sampling import sampled_features
from tasks.monitoring.tables import read_labelled
from tasks.monitoring.windows import Slices
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of, reader_of, served_beside_model
from tasks.runtime.job import Job
from tasks.snapshots.parquet import slice_columns


def held_out(job: Job, slices: Slices, champion: ModelVersion) -> HeldOut | None:
    """Return the champion's holdout with its predictions; None where there is none to read."""
    if slices.holdout is None:
        return None
    target = target_for(job, champion.version)
    try:
        model = compared_model_of(job, champion.version)  # it never saw the holdout
        table = read_labelled(job, slices.holdout, model)
        if len(table) > MOST_HELD_OUT:
            table = table.sample(MOST_HELD_OUT, random_state=0).reset_index(drop=True)
        rows = predict_model(job, model, table, target)
    except (DataError, TrainingError):
        return None
    if len(rows.y) < job.config.performance.minimum_rows or not np.isfinite(rows.p).all():
        return None
    named = [name for name in job.config.segments if name in table.columns]
    return HeldOut(rows.y, rows.p, rows.features, table.loc[rows.features.index, named])


def method_of(job: Job) -> Estimate:
    """Return the method that estimates scores without labels."""
    return job.config.performance.estimate or default_estimate(job.config.task)


def baseline_of(job: Job, champion: ModelVersion) -> Score | None:
    """Return the champion's score on its holdout, at the confidence of realised performance."""
    before, now = job.config.comparison.confidence, job.config.performance.confidence
    return champion.baseline and at_confidence(champion.baseline, before, now)


def with_promise(
    job: Job,
    performance: Performance,
    scored: LabelledPredictions,
    holdout: HeldOut | None,
    record: TrackRecord,
) -> Performance:
    """Return the performance with what was promised of its rows, and whether that was kept.

    `scored` are the predictions of the model that was compared: what another one, refitted, says
    of these rows does not follow from how the first one did on the holdout.
    """
    if holdout is None or performance.score is None:
        return performance
    metric, budget = job.config.comparison.metric, job.config.performance.alarm_budget
    inputs = EstimateInputs(metric, holdout, scored.p, scored.features, scored.threshold)
    return judged_promise(performance, inputs, scored.y, method_of(job), record, budget)


def estimate_current(
    job: Job,
    slices: Slices,
    champion: ModelVersion,
    holdout: HeldOut | None,
    record: TrackRecord,
) -> EstimatedPerformance | None:
    """Return the champion's score on the current window, estimated without its labels.

    None without a holdout to learn from, with too few rows, and where the features cannot be read,
    which the quality checks tell.
    """
    model = compared_model_of(job, champion.version)
    return _estimate(job, slices, champion, holdout, record, model)


def estimate_served(
    job: Job,
    slices: Slices,
    champion: ModelVersion,
    holdout: HeldOut | None,
    record: TrackRecord,
) -> EstimatedPerformance | None:
    """Return the same of what was served of the current window, beside the champion's own.

    None where nothing is logged, and where the log is all there is.
    """
    if not served_beside_model(job, champion.version):
        return None
    target = target_for(job, champion.version)
    reader = reader_of(job, target)
    return _estimate(job, slices, champion, holdout, record, reader)


def _estimate(
    job: Job,
    slices: Slices,
    champion: ModelVersion,
    holdout: HeldOut | None,
    record: TrackRecord,
    model: Any,
) -> EstimatedPerformance | None:
    columns = slice_columns(slices.current, job.config.data.time, job.workspace)
    if holdout is None or columns.rows < job.config.performance.minimum_rows:
        return None
    target = target_for(job, champion.version)
    try:
        features = sampled_features(job, columns, MOST_ROWS, model=model)
        p = predict(model, features, target)
    except (DataError, TrainingError):
        return None
    known, names = logged(model, p), [*holdout.features.columns]
    features, p = features.loc[known, names], p[known]
    if len(p) < job.config.performance.minimum_rows:
        return None
    threshold = threshold_of(compared_model_of(job, champion.version))
    density = partial(density_ratios, holdout.features, features)
    inputs = EstimateInputs(job.config.comparison.metric, holdout, p, features, threshold, density)
    by = EstimateCriteria(
        baseline_of(job, champion),
        record.level,
        job.config.performance,
        record.windows_a_year,
        record.gaps,
    )
    return estimate_window(method_of(job), inputs, slices.current.window, columns.rows, by)
