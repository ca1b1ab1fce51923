"""Served predictions of a window: were they logged, and are they what the champion says?"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError, join_names
from driftloop.base.findings import CheckStatus, QualityFinding
from driftloop.base.retrain_record import ModelVersion
from driftloop.drift.domain_classifier import MIN_ROWS, DomainClassifier
from driftloop.performance.estimates.base import MOST_ROWS
from driftloop.performance.metrics import predicted_classes
from driftloop.performance.target import Probabilities
from driftloop.profiling.columns import category_text, feature_table
from driftloop.profiling.finding_text import format_share
from driftloop.training.served import ServedPredictions, logged
from driftloop.training.training import predict, threshold_of
from tasks.monitoring.joint_and_prediction_drift import all_predictions
from tasks.monitoring.sampling import sampled_rows
from tasks.monitoring.tables import features_for
from tasks.registry.lineage import target_of
from tasks.registry.models import model_of, reader_of
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns, slice_columns

Rows = npt.NDArray[np.bool_]
CHECK, RISE = "served", 0.1
"""Name of the check, and the rise of the share of rows without a prediction that fails."""

SKEW, TOLERANCE, MOST_SKEWED = "serving_skew", 1e-3, 0.01
"""Name of the check; by how much a served prediction may differ from the champion's, as a part of
1 or of the standard deviation of a quantity; the share of rows that may differ by more."""


def check_logging(
    job: Job, current: ParquetColumns, champion: ModelVersion, holdout: DataSlice | None
) -> tuple[QualityFinding, ...]:
    """Return how many rows of the window have no usable served prediction; none if none serve.

    Failed where their share rises by more than `RISE` over that of the champion's holdout.
    """
    served = job.config.data.predictions
    if served is None or not current.rows:
        return ()
    column = served.score or served.decision
    try:
        rows = _unlogged(job, champion, current)
    except (DataError, TrainingError) as error:
        return (QualityFinding(CHECK, column, "failed", f"{error}.", 1.0, RISE),)
    before, now = _usually(job, champion, holdout), rows / current.rows
    sentence = (
        f"`{column}` holds no prediction that can be used in {rows:,} of {current.rows:,} rows "
        f"({format_share(now)}; {format_share(before)} in the reference)."
    )
    status: CheckStatus = "failed" if now - before > RISE else "ok"
    return (QualityFinding(CHECK, column, status, sentence, now, before + RISE),)


def _usually(job: Job, champion: ModelVersion, holdout: DataSlice | None) -> float:
    """Return the share of the holdout's rows that were not logged; 0 where none was logged yet."""
    if holdout is None:
        return 0.0
    part = slice_columns(holdout, job.config.data.time, job.workspace)
    try:
        rows = _unlogged(job, champion, part)
    except (DataError, TrainingError):
        return 0.0
    return rows / part.rows if rows < part.rows else 0.0


def _unlogged(job: Job, champion: ModelVersion, columns: ParquetColumns) -> int:
    target = target_of(open_registry(job.workspace), job.model, champion.version)
    reader: ServedPredictions = reader_of(job, target)
    return int((~logged(reader, all_predictions(job, reader, target, columns))).sum())


def check_skew(
    job: Job, current: ParquetColumns, champion: ModelVersion
) -> tuple[QualityFinding, ...]:
    """Return whether the champion, asked again, predicts what was served; none without a model.

    Rows that another version served, by the column of the version, are passed over where some are
    the champion's. Of very many rows a sample is compared.
    """
    served, registry = job.config.data.predictions, open_registry(job.workspace)
    own = registry.tags(job.model, champion.version).served
    if served is None or own or not current.rows:
        return ()
    column, time = served.score or served.decision, job.config.data.time
    target = target_of(registry, job.model, champion.version)
    model = model_of(job, champion.version)
    reader, reads = reader_of(job, target), features_for(job, model)
    try:
        names = tuple(dict.fromkeys((time, *reads.names, *served.names)))
        rows = pd.concat(sampled_rows(current, names, MOST_ROWS), ignore_index=True)
        features = feature_table(rows, *reads)
        said = predict(reader, feature_table(rows, *reader.served), target)
        again = predict(model, features, target)
    except (DataError, TrainingError) as error:
        return (QualityFinding(SKEW, column, "inconclusive", f"{error}."),)
    compared = logged(reader, said) & _of_version(rows, served.version, champion.version)
    if not compared.any():
        sentence = f"`{column}` holds no prediction of version {champion.version} to compare."
        return (QualityFinding(SKEW, column, "inconclusive", sentence),)
    differs = compared & _differs(reader, said, again, threshold_of(model))
    share = float(differs[compared].mean())
    sentence = (
        f"`{column}` differs from what version {champion.version} predicts in "
        f"{int(differs.sum()):,} of {int(compared.sum()):,} rows ({format_share(share)})"
    )
    if share <= MOST_SKEWED:
        return (QualityFinding(SKEW, column, "ok", f"{sentence}.", share, MOST_SKEWED),)
    times = rows.loc[differs, time]
    sentence += f", from {times.min():%Y-%m-%d %H:%M} to {times.max():%Y-%m-%d %H:%M}"
    sentence += _marked_by(features[differs], features[compared & ~differs])
    return (QualityFinding(SKEW, column, "failed", f"{sentence}.", share, MOST_SKEWED),)


def _of_version(rows: pd.DataFrame, column: str | None, version: str) -> Rows:
    """Say which rows a version served; all of them where the column does not name it."""
    if column is None or column not in rows:
        return np.ones(len(rows), dtype=bool)
    named = np.zeros(len(rows), dtype=bool)
    present = rows[column].notna().to_numpy()
    named[present] = category_text(rows.loc[present, column]) == version
    return named if named.any() else np.ones(len(rows), dtype=bool)


def _differs(
    reader: ServedPredictions, said: Probabilities, again: Probabilities, threshold: float | None
) -> Rows:
    size = float(again.std()) if again.shape[1] == 1 else 1.0
    differs: Rows = np.abs(said - again).max(axis=1) > TOLERANCE * size
    if reader.decided:
        differs = said.argmax(axis=1) != predicted_classes(again, threshold)
    return differs


def _marked_by(differing: pd.DataFrame, alike: pd.DataFrame) -> str:
    """Return by which features rows that differ can be told from the others, in words."""
    if min(len(differing), len(alike)) < MIN_ROWS:
        return ""
    found = DomainClassifier().test(alike, differing)
    names = join_names((f"`{name}`" for name, _ in found.features), 3)
    return f"; these rows are told apart by {names}" if names else ""
