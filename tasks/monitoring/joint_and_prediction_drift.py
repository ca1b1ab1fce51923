"""Drift beyond single features: of predictions, of all features together, and of the label."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError, join_names
from driftloop.base.findings import Finding
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.scores import number
from driftloop.base.windows import SeasonReference
from driftloop.drift.detectors import new_categories_test, run_test
from driftloop.drift.judge import judge_findings
from driftloop.drift.measure import (
    MeasuringOptions,
    categorical_findings,
    finding,
    inconclusive_finding,
    numeric_finding,
)
from driftloop.drift.result import TestResult
from driftloop.performance.target import Probabilities, Quantity, Target
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.columns import categorical_column, feature_table, numeric_column
from driftloop.profiling.finding_text import describe_categories, describe_new_classes
from driftloop.profiling.reference_column import categorical_reference
from driftloop.profiling.reference_profile import Features
from driftloop.training.served import ServedPredictions, logged
from driftloop.training.training import predict
from tasks.monitoring.sampling import sampled_features
from tasks.monitoring.scope import criteria
from tasks.monitoring.tables import features_for
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns, slice_columns
from tasks.snapshots.tall_columns import each_batch

PREDICTION, TOGETHER = "prediction", "all features together"


def prediction_findings(
    job: Job, current: ParquetColumns, champion: ModelVersion, holdout: DataSlice | None
) -> tuple[Finding, ...]:
    """Return the measured finding of the champion's predictions; none where it is not configured.

    They are compared with those on its own holdout, both by the model that was compared there: on
    its training rows a model is more confident than on any others.
    """
    drift = job.config.drift
    if isinstance(job.config.windows.reference, SeasonReference):
        return ()  # the holdout is of another season, and training rows are not a fair comparison
    if not drift.predictions or holdout is None or current.rows < drift.minimum_rows:
        return ()
    target = target_for(job, champion.version)
    model = compared_model_of(job, champion.version)

    def sides() -> list[Probabilities]:
        return [probabilities(job, model, target, side) for side in (before, current)]

    before = slice_columns(holdout, job.config.data.time, job.workspace)
    return (compare_predictions(job, PREDICTION, target, (before.rows, current.rows), sides),)


def compare_predictions(
    job: Job,
    name: str,
    target: Target,
    rows: tuple[int, int],
    predicted: Callable[[], list[Probabilities]],
) -> Finding:
    """Return the measured finding of predictions on the holdout and on the window.

    `predicted` returns both; without them `rows` says how many there are.
    """
    try:
        sides = predicted()
    except (DataError, TrainingError) as error:
        finding = inconclusive_finding(name, *rows, f"`{name}` cannot be compared: {error}.")
    else:
        finding = _measured(job, name, target, sides)
    return replace(finding, role="prediction")


def _measured(job: Job, name: str, target: Target, sides: list[Probabilities]) -> Finding:
    least = job.config.drift.minimum_rows
    if min(len(side) for side in sides) < least:
        sentence = f"`{name}` has {len(sides[0])} rows in the holdout, {least} are needed."
        return inconclusive_finding(name, len(sides[0]), len(sides[1]), sentence)
    pair: NumericPair | CategoricalPair
    if isinstance(target, Quantity) or target.binary:
        old, new = (side[:, -1] for side in sides)
        pair, value = NumericPair.of(old, new, job.config.drift.effect.bins), f"{number(old[0])}"
    else:
        pair = CategoricalPair.of(*(np.array(target.names)[side.argmax(1)] for side in sides))
        value = pair.levels[0]
    if pair.constant:
        sentence = f"`{name}` is constant at {value} in both windows."
        return inconclusive_finding(name, len(sides[0]), len(sides[1]), sentence)
    options = MeasuringOptions(job.config.drift, criteria(job).level)
    if isinstance(pair, NumericPair):
        return numeric_finding(name, pair, options)
    return categorical_findings(name, pair, options)[0]


def joint_findings(
    job: Job, reference: ParquetColumns, current: ParquetColumns
) -> tuple[Finding, ...]:
    """Return the measured finding of all features together; none where it is not configured."""
    classifier = job.config.drift.multivariate
    if classifier is None or current.rows < job.config.drift.minimum_rows:
        return ()
    try:
        most, seed = classifier.rows, classifier.seed
        tables = [sampled_features(job, side, most, seed) for side in (reference, current)]
        tested = classifier.test(*tables)
    except DataError as error:
        sentence = f"The features together cannot be compared: {error}."
        rows = reference.rows, current.rows
        failed = inconclusive_finding(TOGETHER, *rows, sentence, classifier.kind)
        return (replace(failed, role="joint"),)
    names = join_names((f"`{name}`" for name, _ in tested.features), 3)
    by = f", mostly by {names}" if tested.features else ""
    sentence = (
        f"A classifier separates new rows from the reference with AUC {number(tested.auc)} "
        f"({number(tested.low)} to {number(tested.high)}){by}."
    )
    result = TestResult(classifier.kind, tested.auc, tested.p_value)
    shape = "auc", tested.low, classifier.floor
    return (replace(finding(TOGETHER, result, shape, tested.rows, sentence), role="joint"),)


def label_findings(
    job: Job, labelled: pd.DataFrame, training: DataSlice
) -> tuple[Finding | None, Finding | None]:
    """Return the judged change of the label since training, and that of classes new since then.

    Classes are compared by their shares, a quantity by its distribution. None with too few rows,
    and without new classes.
    """
    name, settings = job.config.data.label, job.config.drift
    columns = slice_columns(training, job.config.data.time, job.workspace)
    if len(labelled) < settings.minimum_rows:
        return None, None
    by = criteria(job)
    try:
        pair = _label_pair(job, columns, labelled)
    except DataError as error:
        failed = inconclusive_finding(name, columns.rows, len(labelled), f"{error}.")
        return replace(failed, role="label"), None
    if min(pair.rows) < settings.minimum_rows or pair.constant:
        return None, None
    if isinstance(pair, NumericPair):
        measured = [numeric_finding(name, pair, MeasuringOptions(settings, by.level))]
    else:
        effect = settings.categorical_effect
        shape = effect.kind, effect.size(pair.binned), effect.floor
        sentence = describe_categories(name, pair)
        result = run_test(settings.categorical_test(name), pair, settings.engine)
        measured = [finding(name, result, shape, pair.rows, sentence)]
        measured += _new_classes(name, pair, settings.new_floor)
    roles = tuple(replace(each, role="label") for each in measured)
    judged = judge_findings(roles, replace(by, importances={}))
    return judged[0], judged[1] if len(judged) > 1 else None


def _new_classes(name: str, pair: CategoricalPair, floor: float) -> list[Finding]:
    if not len(pair.new_categories):
        return []
    result = new_categories_test(pair)
    shape = "share_of_rows", result.statistic, floor
    return [finding(name, result, shape, pair.rows, describe_new_classes(name, pair))]


def _label_pair(
    job: Job, columns: ParquetColumns, labelled: pd.DataFrame
) -> NumericPair | CategoricalPair:
    name = job.config.data.label
    if job.config.task == "regression":
        before, now = columns.numeric(name).present, numeric_column(labelled, name).present
        return NumericPair.of(before, now, job.config.drift.effect.bins)
    categories = categorical_reference(columns.categorical(name))
    return CategoricalPair.from_reference(categories, categorical_column(labelled, name))


def probabilities(job: Job, model: Any, target: Target, columns: ParquetColumns) -> Probabilities:
    """Return the predictions (rows, classes) of all rows, those that served ones were logged of."""
    p = all_predictions(job, model, target, columns)
    return p[logged(model, p)]


def all_predictions(job: Job, model: Any, target: Target, columns: ParquetColumns) -> Probabilities:
    """Return the predictions on all rows (rows, classes), made or read batch by batch."""
    features = model.served if isinstance(model, ServedPredictions) else features_for(job, model)
    function = partial(_predictions, model=model, features=features, target=target)
    parts = [*each_batch(columns, features.names, function)]
    return np.concatenate(parts) if parts else np.zeros((0, target.width))


def _predictions(
    batch: pd.DataFrame, model: Any, features: Features, target: Target
) -> Probabilities:
    return predict(model, feature_table(batch, *features), target)
