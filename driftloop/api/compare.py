"""Comparison of two tables in memory: the drift tests and quality checks of a run."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from driftloop.api.drift_result import DriftResult
from driftloop.api.memory_config import memory_configuration
from driftloop.api.tables import Roles, frame_of, roles_in, times_of
from driftloop.base.errors import ConfigError
from driftloop.base.periods import Span
from driftloop.config.loading import load_config
from driftloop.config.model_config import ModelConfig
from driftloop.decision.window_analysis import (
    AnalysisScope,
    WindowAnalysis,
    analyse_window,
    verdict_of_analysis,
)
from driftloop.drift.detectors import require_engine
from driftloop.drift.judge import JudgingCriteria
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import build_profile
from driftloop.profiling.variation import NO_WINDOWS, whole_windows


def compare(
    reference: Any,
    current: Any,
    *,
    numeric: Iterable[str] = (),
    categorical: Iterable[str] = (),
    ignore: Iterable[str] = (),
    time: str | None = None,
    window: str | Span = "1 week",
    drift: Mapping[str, Any] | None = None,
    config: str | Path | None = None,
) -> DriftResult:
    """Return what changed from one table to another, feature by feature, with a verdict.

    A feature has drifted where its p-value survives the control over all features and its effect
    size exceeds its floor. Columns that are not named are read as what they look like; dates,
    identifiers and constants are left out, and the result says why.

    Args:
        reference: the table to compare with: a pandas data frame, or a table of polars, DuckDB or
            Arrow (anything with ``__arrow_c_stream__``).
        current: the table to judge, of any of these kinds.
        numeric: columns that are quantities.
        categorical: columns that are categories or codes.
        ignore: columns that are not features, such as the label.
        time: a time column. With it floors are learned from how much the windows of the reference
            differ among themselves, as in a monitoring run.
        window: how long a window is, such as ``"1 day"``; the alarm budget is spread over a year
            of them.
        drift: settings as under ``drift:`` in a configuration, such as
            ``{"engine": "native", "effect": {"kind": "psi", "floor": 0.2}}``.
        config: a configuration file of a model, in place of all other options: features, checks,
            settings, time column and window are then those of its monitoring runs.

    Raises:
        ConfigError: if a setting is not valid, or `config` is given beside other options.
        DataError: if a table cannot be read, or no feature is left.
    """
    tables = frame_of(reference, "reference"), frame_of(current, "current")
    if config is None:
        roles = roles_in(*tables, numeric, categorical, ignore, time)
        settings = _configuration(roles, time, window, drift or {})
    elif numeric or categorical or ignore or time or drift:
        raise ConfigError("config: has all settings in it; remove the other options")
    else:
        settings = load_config(Path(config))
        time, roles = settings.data.time, Roles(settings.features.by_type, {})
    analysis = _analysis(*tables, settings, time)
    return DriftResult(analysis, verdict_of_analysis(analysis, settings.drift), roles.left_out)


def _analysis(
    reference: pd.DataFrame, current: pd.DataFrame, settings: ModelConfig, time: str | None
) -> WindowAnalysis:
    """Return the findings on the current table, with floors learned from the reference's times."""
    drift, span, features = settings.drift, settings.windows.current, settings.features.by_type
    require_engine(drift.engine)
    windows = NO_WINDOWS
    if drift.learn_floors and time is not None:
        windows = whole_windows(times_of(reference, time, "reference"), span, drift.minimum_rows)
    profile = build_profile(FrameColumns(reference), features, drift.effect_sizes, windows)
    return analyse_window(
        profile,
        FrameColumns(current),
        AnalysisScope(features, settings.quality, settings.data.key),
        JudgingCriteria(drift, drift.level_of_run(365.25 / span.days)),
    )


def _configuration(
    roles: Roles, time: str | None, window: str | Span, drift: Mapping[str, Any]
) -> ModelConfig:
    return memory_configuration(
        data={"time": time or "no time"},
        features=roles.features._asdict(),
        windows={"current": str(window)},
        drift=dict(drift),
    )
