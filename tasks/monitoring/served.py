"""Served predictions of a window: were they logged, have they moved, are they the champion's?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError, join_names
from driftloop.base.findings import SKEW, CheckStatus, Finding, QualityFinding
from driftloop.base.retrain_record import ModelVersion
from driftloop.drift.domain_classifier import MIN_ROWS, DomainClassifier
from driftloop.performance.estimates.base import MOST_ROWS
from driftloop.performance.target import Probabilities, predicted_classes
from driftloop.profiling.columns import category_text, feature_table
from driftloop.profiling.finding_text import format_share
from driftloop.profiling.whole_numbers import to_frame
from driftloop.training.served import ServedPredictions, logged
from driftloop.training.served_columns import ServedColumns
from driftloop.training.training import predict, threshold_of
from tasks.monitoring.joint_and_prediction_drift import (
    all_predictions,
    compare_predictions,
    prediction_findings,
    probabilities,
)
from tasks.monitoring.sampling import sampled_rows
from tasks.monitoring.tables import features_for
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of, model_of, reader_of, served_beside_model
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns, slice_columns

Rows = npt.NDArray[np.bool_]
SERVED = "served prediction"
CHECK, RISE = "served", 0.1
"""Name of the check, and the rise of the share of rows without a prediction that fails."""

TOLERANCE, MOST_SKEWED = 1e-3, 0.01
"""By how much a served prediction may differ from the champion's, as a part of
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
    target = target_for(job, champion.version)
    reader: ServedPredictions = reader_of(job, target)
    return int((~logged(reader, all_predictions(job, reader, target, columns))).sum())


def served_findings(
    job: Job, current: ParquetColumns, champion: ModelVersion, holdout: DataSlice | None
) -> tuple[Finding, ...]:
    """Return the measured findings of predictions: the champion's own, and of what was served.

    Both are compared with what the champion predicts on its holdout. What was served is left out
    where nothing is logged, and where the log is all there is, which is then the champion's own.
    """
    own = prediction_findings(job, current, champion, holdout)
    if not own or holdout is None or not served_beside_model(job, champion.version):
        return own
    target = target_for(job, champion.version)
    reader: ServedPredictions = reader_of(job, target)
    before = slice_columns(holdout, job.config.data.time, job.workspace)
    try:
        said = all_predictions(job, reader, target, current)
    except (DataError, TrainingError):
        return own  # the check of the log tells why
    known = logged(reader, said) & _version_rows(job, current, champion.version)
    if int(known.sum()) < job.config.drift.minimum_rows:
        return own

    def sides() -> list[Probabilities]:
        model = compared_model_of(job, champion.version)
        old = probabilities(job, model, target, before)
        return [_decisions(old) if reader.decided else old, said[known]]

    rows = before.rows, int(known.sum())
    return (*own, compare_predictions(job, SERVED, target, rows, sides))


def _version_rows(job: Job, current: ParquetColumns, version: str) -> Rows:
    """Say which rows of the window (n,) a version served, by the column that names it."""
    column = job.config.version_column
    held = current.in_memory((column,)) if column else None
    if held is None or not held.rows:  # no batch has the column
        return np.ones(current.rows, dtype=bool)
    return _of_version(to_frame(held.table), column, version)


def _decisions(p: Probabilities) -> Probabilities:
    """Return 1 for the likelier class of each row and 0 for the others, as decisions are read."""
    chosen: Probabilities = np.eye(p.shape[1])[p.argmax(axis=1)]
    return chosen


@dataclass(frozen=True, slots=True)
class _Asked:
    """Rows of a window, what was served of them (n, k), and what the champion says (n, k)."""

    rows: pd.DataFrame
    features: pd.DataFrame
    said: Probabilities
    again: Probabilities
    reader: ServedPredictions
    threshold: float | None


def check_skew(
    job: Job, current: ParquetColumns, champion: ModelVersion
) -> tuple[QualityFinding, ...]:
    """Return whether the champion, asked again, predicts what was served; none without a model.

    Rows that another version served, by the column of the version, are passed over where some are
    the champion's. Of very many rows a sample is compared.
    """
    served = job.config.data.predictions
    if served is None or not current.rows or not served_beside_model(job, champion.version):
        return ()
    column, version = served.score or served.decision, champion.version
    try:
        asked = _ask_again(job, current, champion, served)
    except (DataError, TrainingError) as error:
        return (QualityFinding(SKEW, column, "inconclusive", f"{error}."),)
    compared = logged(asked.reader, asked.said) & _of_version(asked.rows, served.version, version)
    if not compared.any():
        sentence = f"`{column}` holds no prediction of version {version} to compare."
        return (QualityFinding(SKEW, column, "inconclusive", sentence),)
    differs = compared & _differs(asked)
    share = float(differs[compared].mean())
    status: CheckStatus = "ok" if share <= MOST_SKEWED else "failed"
    where = "" if status == "ok" else _where(asked, job.config.data.time, differs, compared)
    sentence = (
        f"`{column}` differs from what version {version} predicts in {int(differs.sum()):,} of "
        f"{int(compared.sum()):,} rows ({format_share(share)}){where}."
    )
    return (QualityFinding(SKEW, column, status, sentence, share, MOST_SKEWED),)


def _ask_again(
    job: Job, current: ParquetColumns, champion: ModelVersion, served: ServedColumns
) -> _Asked:
    target = target_for(job, champion.version)
    model = model_of(job, champion.version)
    reader, reads = reader_of(job, target), features_for(job, model)
    names = tuple(dict.fromkeys((job.config.data.time, *reads.names, *served.names)))
    rows = pd.concat(sampled_rows(current, names, MOST_ROWS), ignore_index=True)
    features = feature_table(rows, *reads)
    said = predict(reader, feature_table(rows, *reader.served), target)
    again = predict(model, features, target)
    return _Asked(rows, features, said, again, reader, threshold_of(model))


def _where(asked: _Asked, time: str, differs: Rows, compared: Rows) -> str:
    """Return from when to when served predictions differ, and by which features, in words."""
    times = asked.rows.loc[differs, time]
    span = f", from {times.min():%Y-%m-%d %H:%M} to {times.max():%Y-%m-%d %H:%M}"
    return span + _marked_by(asked.features[differs], asked.features[compared & ~differs])


def _of_version(rows: pd.DataFrame, column: str | None, version: str) -> Rows:
    """Say which rows a version served; all of them where the column does not name it."""
    if column is None or column not in rows:
        return np.ones(len(rows), dtype=bool)
    named = np.zeros(len(rows), dtype=bool)
    present = rows[column].notna().to_numpy()
    named[present] = category_text(rows.loc[present, column]) == version
    return named if named.any() else np.ones(len(rows), dtype=bool)


def _differs(asked: _Asked) -> Rows:
    said, again = asked.said, asked.again
    if asked.reader.decided:
        return np.asarray(said.argmax(axis=1) != predicted_classes(again, asked.threshold))
    size = float(again.std()) if again.shape[1] == 1 else 1.0
    return np.asarray(np.abs(said - again).max(axis=1) > TOLERANCE * size)


def _marked_by(differing: pd.DataFrame, alike: pd.DataFrame) -> str:
    """Return by which features rows that differ can be told from the others, in words."""
    if min(len(differing), len(alike)) < MIN_ROWS:
        return ""
    separation = DomainClassifier().test(alike, differing)
    names = join_names((f"`{name}`" for name, _ in separation.features), 3)
    return f"; these rows are told apart by {names}" if names else ""
