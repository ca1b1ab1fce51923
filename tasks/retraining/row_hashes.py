"""Hashes of the rows a version was trained on, which show that a holdout is fair."""

import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from driftloop.base.errors import TrainingError
from driftloop.base.retrain_record import ModelVersion
from driftloop.snapshots.row_hashes import Hashes, row_hashes, shared_rows
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.job import Job

HASHES_FOLDER, HASHES_FILE, COMPARED_FILE = "training_rows", "rows.npy", "compared.npy"


def hashes_of(job: Job, table: pd.DataFrame) -> Hashes:
    """Return the hash of each row of a table."""
    data, features = job.config.data, job.config.features.by_type
    return row_hashes(table, data.key, (data.time, data.label, *features.names))


def store_row_hashes(
    job: Job,
    run_id: str,
    table: pd.DataFrame,
    start: ModelVersion | None = None,
    name: str = HASHES_FILE,
) -> None:
    """Store the hashes of a model's training rows, with those of a version it started from.

    Raises `TrainingError` if the version it started from does not say which rows it was trained on.
    """
    registry = open_registry(job.workspace)
    hashes = hashes_of(job, table)
    if start is not None:
        hashes = np.concatenate([hashes, _training_hashes(registry, start)])
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        np.save(path, np.unique(hashes), allow_pickle=False)
        registry.store_file(run_id, path, HASHES_FOLDER)


def check_holdout_unseen(
    job: Job, versions: Sequence[tuple[ModelVersion, str]], holdout: pd.DataFrame
) -> None:
    """Raise `TrainingError` if a model was, or may have been, trained on a holdout row.

    Each is a version with the name of its file of hashes: of what serves, or of what is compared.
    """
    registry, hashes = open_registry(job.workspace), hashes_of(job, holdout)
    for version, name in versions:
        count = shared_rows(hashes, _training_hashes(registry, version, name))
        if count:
            by = f"by {job.config.data.key}" if job.config.data.key else "in every column"
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
