"""Hashes of the rows a version was trained on, which show that a holdout is fair."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.errors import TrainingError, join_names
from driftloop.base.retrain_record import ModelVersion
from driftloop.profiling.reference_profile import Features
from driftloop.snapshots.row_hashes import Hashes, row_hashes, shared_rows
from tasks.monitoring.tables import features_for
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.job import Job

HASHES_FOLDER, HASHES_FILE, COMPARED_FILE = "training_rows", "rows.npy", "compared.npy"


def hashes_of(job: Job, table: pd.DataFrame, features: Features | None = None) -> Hashes:
    """Return the hash of each row of a table, by the features that a model was trained on."""
    data, features = job.config.data, features or job.config.features.by_type
    return row_hashes(table, data.key, (data.time, data.label, *features.names))


def store_row_hashes(
    job: Job,
    run_id: str,
    table: pd.DataFrame,
    model: Any,
    start: ModelVersion | None = None,
    name: str = HASHES_FILE,
) -> None:
    """Store the hashes of a model's training rows, with those of a version it started from.

    Raises `TrainingError` if the version it started from does not say which rows it was trained on.
    """
    registry = open_registry(job.workspace)
    hashes = hashes_of(job, table, features_for(job, model))
    if start is not None:
        hashes = np.concatenate([hashes, _training_hashes(registry, start)])
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        np.save(path, np.unique(hashes), allow_pickle=False)
        registry.store_file(run_id, path, HASHES_FOLDER)


def check_holdout_unseen(
    job: Job,
    version: ModelVersion,
    features: Features,
    holdout: pd.DataFrame,
    name: str = HASHES_FILE,
) -> None:
    """Raise `TrainingError` if a version was, or may have been, trained on a holdout row.

    `features` are those that it reads; `name` is its file of hashes: of what serves, or of what is
    compared.
    """
    key = job.config.data.key
    gone = [feature for feature in features.names if feature not in holdout]
    if gone and key is None:
        raise TrainingError(
            f"the data hold no {join_names(map(repr, gone), 3)} any more, by which the rows of "
            f"version {version.version} are known, so no holdout can be shown to be fair; set "
            "data.key"
        )
    hashes = hashes_of(job, holdout, features)
    count = shared_rows(hashes, _training_hashes(open_registry(job.workspace), version, name))
    if count:
        by = f"by {key}" if key else "in every column"
        raise TrainingError(
            f"{count:,} of {len(hashes):,} holdout rows were trained on by version "
            f"{version.version} (the same {by}): no fair comparison, the champion stays; "
            "find out why the data repeat rows"
        )


def _training_hashes(registry: Registry, version: ModelVersion, name: str = HASHES_FILE) -> Hashes:
    run_id = version.run_id
    content = registry.file(run_id, f"{HASHES_FOLDER}/{name}") if run_id else None
    if content is None:
        raise TrainingError(
            f"version {version.version} does not say which rows it was trained on, so no holdout "
            "can be shown to be fair; train a champion with driftloop"
        )
    hashes: Hashes = np.load(io.BytesIO(content), allow_pickle=False)
    return hashes
