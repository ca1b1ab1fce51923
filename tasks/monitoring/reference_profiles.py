"""Reference profiles: computed once, cached with the champion and on the worker, never stale.

A profile is named by a hash of everything it depends on: the batches, the window, the features and
what is measured. Any change gives another name, so that a profile is never used for other data.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import SnapshotError
from driftloop.base.serialize import to_plain
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Profile, build_profile, profile_columns
from driftloop.profiling.variation import NO_WINDOWS, WindowRows, whole_windows
from tasks.monitoring.profile_file import StoredProfile, read_profile, write_profile
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.snapshots.parquet import slice_columns

FORMAT = 3
ARTIFACTS = "reference_profile"
MAX_PROFILES = 4
"""Profiles per model on a worker; older ones are computed or downloaded again when needed."""

Times = npt.NDArray[np.datetime64]


def open_profile(job: Job, part: DataSlice, run_id: str | None = None) -> StoredProfile:
    """Return the profile of a slice: from this machine, from the champion's run, or computed.

    `run_id` is the MLflow run of the champion that was trained on these rows. A profile that is not
    there is stored there, except in a dry run. What another model computed of the same rows is not
    computed again.
    """
    key = profile_key(job, part)
    folder = job.workspace.state / "profiles" / job.model / key
    cached = _local_profile(folder, key)
    if cached is None and run_id:
        cached = _downloaded_profile(job, run_id, folder, key)
    if cached is not None:
        return cached
    profile = _shared_profile(folder, key) or _computed_profile(job, part, folder, key)
    _remove_old(folder.parent)
    if run_id and not job.dry_run:
        open_registry(job.workspace).store_folder(run_id, folder, f"{ARTIFACTS}/{key}")
    return profile


def _computed_profile(job: Job, part: DataSlice, folder: Path, key: str) -> StoredProfile:
    columns = slice_columns(part, job.config.data.time, job.workspace)
    measures = job.config.features.by_type, job.config.drift.effect_sizes
    references = profile_columns(columns, *measures, windows_of(job, columns.times))
    return write_profile(folder, key, columns.rows, references)


def profile_key(job: Job, part: DataSlice) -> str:
    """Return the name of a profile: a hash of everything that its content depends on."""
    config = job.config
    content = {
        "format": FORMAT,
        "files": [(file.path, file.md5) for file in part.snapshot.files],
        "window": to_plain(part.window),
        "excluded": to_plain(part.excluded),
        "features": config.features.model_dump(mode="json"),
        "time": config.data.time,
        "effect": config.drift.effect.model_dump(mode="json", exclude={"floor"}),
        "categorical": config.drift.categorical_effect.model_dump(mode="json", exclude={"floor"}),
        "windows": [str(config.windows.current), config.drift.minimum_rows],
    }
    effects = {
        name: effect.model_dump(mode="json", exclude={"floor"})
        for name, effect in config.drift.effect_sizes.features.items()
    }
    if effects:  # left out where there are none, so that profiles of older versions are found
        content["feature_effects"] = effects
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def profile_of(job: Job, reference: pd.DataFrame) -> Profile:
    """Return the profile of a table in memory."""
    times = reference[job.config.data.time].to_numpy().astype("datetime64[us]")
    measures = job.config.features.by_type, job.config.drift.effect_sizes
    return build_profile(FrameColumns(reference), *measures, windows_of(job, times))


def windows_of(job: Job, times: Times) -> WindowRows:
    """Return the windows of reference rows, each as long as a current window, newest first."""
    if not job.config.drift.learn_floors:
        return NO_WINDOWS
    return whole_windows(times, job.config.windows.current, job.config.drift.minimum_rows)


def _local_profile(folder: Path, key: str) -> StoredProfile | None:
    """Return the profile on this machine; a damaged one is removed, to be computed again."""
    if not folder.is_dir():
        return None
    try:
        profile = read_profile(folder, key)
    except SnapshotError:
        shutil.rmtree(folder)
        return None
    os.utime(folder)
    return profile


def _shared_profile(folder: Path, key: str) -> StoredProfile | None:
    """Return another model's profile of the same content, whose files both then have, or None."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for other in folder.parents[1].glob(f"*/{key}"):
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
            try:
                linked = shutil.copytree(other, Path(partial) / key, copy_function=os.link)
                read_profile(linked, key)
                linked.rename(folder)
                return read_profile(folder, key)
            except (OSError, SnapshotError):  # removed meanwhile, damaged, or links are refused
                continue
    return None


def _downloaded_profile(job: Job, run_id: str, folder: Path, key: str) -> StoredProfile | None:
    """Return the profile stored with the champion, or None where none is complete."""
    registry = open_registry(job.workspace)
    artifact_path = f"{ARTIFACTS}/{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
            local = registry.fetch_folder(run_id, artifact_path, Path(partial))
            if local is None:
                return None
            read_profile(local, key, thorough=True)
            if not folder.exists():
                local.rename(folder)
        return read_profile(folder, key)
    except SnapshotError:
        return None


def _remove_old(folder: Path) -> None:
    profiles = sorted(
        (path for path in folder.iterdir() if path.is_dir() and "." not in path.name),
        key=lambda path: path.stat().st_mtime,
    )
    for old in profiles[:-MAX_PROFILES]:
        shutil.rmtree(old, ignore_errors=True)
