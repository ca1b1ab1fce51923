"""Adapter of driftloop: the only module of the benchmarks that knows its functions."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from driftloop.base.findings import SEVERITY_ORDER, Finding
from driftloop.drift.detectors import Engine
from driftloop.drift.judge import JudgingCriteria, judge_findings, measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import (
    Features,
    MemoryProfile,
    build_profile,
    profile_columns,
)
from driftloop.profiling.variation import NO_WINDOWS, window_rows
from tasks.monitoring.profile_file import StoredProfile, read_profile, write_profile
from tasks.snapshots.parquet import ParquetColumns

KEY = "benchmark"
RUNS_A_YEAR = 52.0
SETTINGS = DriftSettings(engine="native")
"""The defaults, with the engine that needs no alibi-detect."""


def prepare(
    reference_path: Path, workdir: Path, numeric: list[str], categorical: list[str]
) -> Path:
    """Make the profile of a Parquet file, or a folder of them, and return where it is."""
    folder = Path(workdir) / "profile"
    shutil.rmtree(folder, ignore_errors=True)
    columns = ParquetColumns.of(_files(reference_path))
    features = Features(tuple(numeric), tuple(categorical))
    write_profile(
        folder, KEY, columns.rows, profile_columns(columns, features, SETTINGS.effect_sizes)
    )
    return folder


def verdict(
    profile_path: Path,
    current_path: Path,
    numeric: list[str],
    categorical: list[str],
    engine: Engine = "native",
) -> list[str]:
    """Judge a Parquet file, or a folder of them, by a profile and name the drifted columns."""
    profile = read_profile(Path(profile_path), KEY)
    columns = ParquetColumns.of(_files(current_path))
    settings = SETTINGS.model_copy(update={"engine": engine})
    return _drifted(profile, columns, Features(tuple(numeric), tuple(categorical)), settings)


def judge(
    reference: pd.DataFrame,
    windows: list[pd.DataFrame],
    numeric: list[str],
    categorical: list[str],
    window_codes: "np.ndarray | None" = None,
) -> list[bool]:
    """Judge windows by one reference and return for each whether driftloop says drift.

    Args:
        reference: The reference's rows.
        windows: Consecutive windows, each judged by itself.
        numeric: Numeric columns.
        categorical: Categorical columns.
        window_codes: The window each row of the reference belongs to, 0 for the oldest; None where
            the reference is not divided.
    """
    features = Features(tuple(numeric), tuple(categorical))
    parts = NO_WINDOWS
    if window_codes is not None:
        codes = np.asarray(window_codes)
        count = int(codes.max()) + 1
        moments = np.datetime64("2000-01-03", "us") + codes * np.timedelta64(7, "D")
        starts = np.datetime64("2000-01-03", "us") + np.arange(count) * np.timedelta64(7, "D")
        end = starts[-1] + np.timedelta64(7, "D")
        parts = window_rows(moments, starts, end, SETTINGS.minimum_rows)
    profile = build_profile(FrameColumns(reference), features, SETTINGS.effect_sizes, parts)
    return [bool(_drifted(profile, FrameColumns(window), features)) for window in windows]


def statuses(
    reference: pd.DataFrame, windows: list[pd.DataFrame], numeric: list[str], categorical: list[str]
) -> list[dict[str, str]]:
    """Judge windows by one reference; return the worst status of each column in each."""
    features = Features(tuple(numeric), tuple(categorical))
    profile = build_profile(FrameColumns(reference), features, SETTINGS.effect_sizes)
    return [
        {
            finding.name: finding.status
            for finding in sorted(
                _judged(profile, FrameColumns(window), features),
                key=lambda finding: -SEVERITY_ORDER[finding.status],
            )
        }
        for window in windows
    ]


def weekly(
    frame: pd.DataFrame,
    time: str,
    numeric: list[str],
    categorical: list[str],
    training_weeks: int,
) -> list[tuple[pd.Timestamp, list[str]]]:
    """Judge every week after the training weeks: its start and the drifted columns, maybe none."""
    features = Features(tuple(numeric), tuple(categorical))
    start = frame[time].min().normalize()
    weeks = ((frame[time] - start) // pd.Timedelta(weeks=1)).to_numpy()
    training = frame[weeks < training_weeks]
    starts = [start + pd.Timedelta(weeks=week) for week in range(training_weeks)]
    rows = window_rows(
        training[time].to_numpy(),
        np.array(starts, dtype="datetime64[us]"),
        np.datetime64(start + pd.Timedelta(weeks=training_weeks)),
        SETTINGS.minimum_rows,
    )
    profile = build_profile(FrameColumns(training), features, SETTINGS.effect_sizes, rows)
    return [
        (
            start + pd.Timedelta(weeks=week),
            _drifted(profile, FrameColumns(frame[weeks == week]), features),
        )
        for week in range(training_weeks, int(weeks.max()) + 1)
    ]


def _files(path: Path) -> tuple[Path, ...]:
    return tuple(sorted(path.iterdir())) if path.is_dir() else (path,)


def _drifted(
    profile: MemoryProfile | StoredProfile,
    columns: FrameColumns | ParquetColumns,
    features: Features,
    settings: DriftSettings = SETTINGS,
) -> list[str]:
    judged = _judged(profile, columns, features, settings)
    return list(dict.fromkeys(finding.name for finding in judged if finding.status == "drift"))


def _judged(
    profile: MemoryProfile | StoredProfile,
    columns: FrameColumns | ParquetColumns,
    features: Features,
    settings: DriftSettings = SETTINGS,
) -> tuple[Finding, ...]:
    level = settings.level_of_run(RUNS_A_YEAR)
    options = MeasuringOptions(settings, level / max(len(features.names), 1))
    measured = measure_features(profile, columns, features, options)
    findings = tuple(finding for feature in measured for finding in feature.findings)
    return judge_findings(findings, JudgingCriteria(settings, level))
