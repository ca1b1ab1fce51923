"""Reference profiles: made once, kept beside the champion and on the worker, never stale.

A profile is named by the content it was made of: the hashes of the batches, the window, the
features and what is measured. Whatever changes gives another name, so that no profile is ever
taken for that of other data.
"""

import hashlib
import json
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import SnapshotError
from driftloop.base.periods import Window, naive, parse_time, split_window
from driftloop.base.records import DataSlice, to_plain
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Profile, build_profile, profile_columns
from driftloop.profiling.variation import MAX_WINDOWS, NO_WINDOWS, WindowRows, window_rows
from tasks.monitoring.profile_file import StoredProfile, read_profile, write_profile
from tasks.monitoring.scope import analysis_scope
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.snapshots.parquet import slice_columns

FORMAT = 1
ARTIFACTS = "reference_profile"
KEPT = 4
"""Profiles kept of a model on a worker; older ones are made or fetched again when needed."""

Times = npt.NDArray[np.datetime64]


def open_profile(job: Job, part: DataSlice, run_id: str | None = None) -> StoredProfile:
    """Return the profile of a slice: from this machine, from the champion's run, or made anew.

    Args:
        job: what is monitored.
        part: the reference rows.
        run_id: the MLflow run of the champion that was trained on these rows; a profile made anew
            is stored there, but in a dry run.
    """
    key = profile_key(job, part)
    folder = job.workspace.state / "profiles" / job.model / key
    stored_profile = _kept(folder, key) or (_fetched(job, run_id, folder, key) if run_id else None)
    if stored_profile is not None:
        return stored_profile
    columns = slice_columns(part, job.config.data.time, job.workspace)
    windows = windows_of(job, columns.times)
    features, effect_sizes = analysis_scope(job).features, job.config.drift.effect_sizes
    made = write_profile(
        folder, key, columns.rows, profile_columns(columns, features, effect_sizes, windows)
    )
    _forget_old(folder.parent)
    if run_id and not job.dry_run:
        open_registry(job.workspace).keep_folder(run_id, folder, f"{ARTIFACTS}/{key}")
    return made


def profile_key(job: Job, part: DataSlice) -> str:
    """Return the name of a profile, by everything that its content depends on."""
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
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def profile_of(job: Job, reference: pd.DataFrame) -> Profile:
    """Return the profile of a table in memory."""
    times = reference[job.config.data.time].to_numpy().astype("datetime64[us]")
    features, effect_sizes = analysis_scope(job).features, job.config.drift.effect_sizes
    return build_profile(FrameColumns(reference), features, effect_sizes, windows_of(job, times))


def windows_of(job: Job, times: Times) -> WindowRows:
    """Return the windows of reference rows, each as long as a current one, newest ones first."""
    if not len(times) or not job.config.drift.learn_floors:
        return NO_WINDOWS
    first, last = (
        parse_time(pd.Timestamp(edge).to_pydatetime()) for edge in (times.min(), times.max())
    )
    span, end = job.config.windows.current, last + timedelta(microseconds=1)
    whole = [
        one for one in split_window(Window(first, end), span) if span.before(one.end) == one.start
    ]
    if not whole:
        return NO_WINDOWS
    starts = [np.datetime64(naive(window.start), "us") for window in whole[:MAX_WINDOWS]][::-1]
    least = job.config.drift.minimum_rows
    return window_rows(times, np.array(starts), np.datetime64(naive(end), "us"), least)


def _kept(folder: Path, key: str) -> StoredProfile | None:
    """Return the profile on this machine; a damaged one is removed and made again."""
    if not folder.is_dir():
        return None
    try:
        stored_profile = read_profile(folder, key)
    except SnapshotError:
        shutil.rmtree(folder)
        return None
    os.utime(folder)
    return stored_profile


def _fetched(job: Job, run_id: str, folder: Path, key: str) -> StoredProfile | None:
    """Return the profile stored beside the champion, or None where there is no whole one."""
    registry = open_registry(job.workspace)
    place = f"{ARTIFACTS}/{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
            local = registry.fetch_folder(run_id, place, Path(partial))
            if local is None:
                return None
            read_profile(local, key, thorough=True)
            if not folder.exists():
                local.rename(folder)
        return read_profile(folder, key)
    except SnapshotError:
        return None


def _forget_old(folder: Path) -> None:
    profiles = sorted(
        (one for one in folder.iterdir() if one.is_dir() and "." not in one.name),
        key=lambda one: one.stat().st_mtime,
    )
    for old in profiles[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
