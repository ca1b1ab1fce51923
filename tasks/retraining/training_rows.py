"""The rows a version has met, kept with its training run, and the proof that a holdout is fair."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from driftloop.base.errors import TrainingError
from driftloop.base.records import ModelVersion
from driftloop.snapshots.row_hashes import Hashes, row_hashes, shared_rows
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.job import Job

NAME, FOLDER = "rows.npy", "training_rows"


def hashes_of(job: Job, table: pd.DataFrame) -> Hashes:
    """Return the hash of each row of a table."""
    data = job.config.data
    columns = (
        data.time,
        data.label,
        *job.config.features.numeric,
        *job.config.features.categorical,
    )
    return row_hashes(table, data.key, columns)


def keep_witness(
    job: Job, run_id: str, table: pd.DataFrame, start: ModelVersion | None = None
) -> None:
    """Keep with a training run which rows it saw, with those of a version it started from.

    Raises:
        TrainingError: if the version it started from does not say which rows it has met.
    """
    registry = open_registry(job.workspace)
    seen = hashes_of(job, table)
    if start is not None:
        seen = np.concatenate([seen, _seen(registry, start)])
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        np.save(path, np.unique(seen), allow_pickle=False)
        registry.keep_file(run_id, path, FOLDER)


def prove_unseen(job: Job, versions: list[ModelVersion], holdout: pd.DataFrame) -> None:
    """Prove that no version was trained on a holdout row.

    Raises:
        TrainingError: if a row was trained on, or if a version does not say what it has met.
    """
    registry, held = open_registry(job.workspace), hashes_of(job, holdout)
    for version in versions:
        count = shared_rows(held, _seen(registry, version))
        if count:
            by = f"by {job.config.data.key}" if job.config.data.key else "in every column"
            raise TrainingError(
                f"{count:,} of {len(held):,} holdout rows were trained on by version "
                f"{version.version} (the same {by}): no fair comparison, the champion stays; "
                "find out why the data repeat rows"
            )


def _seen(registry: Registry, version: ModelVersion) -> Hashes:
    content = registry.file(version.run_id, f"{FOLDER}/{NAME}") if version.run_id else None
    if content is None:
        raise TrainingError(
            f"version {version.version} does not say which rows it was trained on, so no holdout "
            "can be proven fair; train a champion with driftloop"
        )
    found: Hashes = np.load(io.BytesIO(content), allow_pickle=False)
    return found
