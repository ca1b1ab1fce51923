"""Seasons: quarters of daily weather judged by the same quarters of ten earlier years.

``python -m benchmarks seasons --data FILE`` judges each quarter as a run does, as it is and with
each number in turn moved by half a standard deviation of its whole column.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from benchmarks.page import replace_part, table
from benchmarks.paths import PAGE
from benchmarks.streams import SOURCES, config_of
from driftloop.base.periods import Span, Window
from driftloop.base.windows import SeasonReference
from driftloop.config.model_config import ModelConfig
from driftloop.decision.window_analysis import AnalysisScope, analyse_window
from driftloop.drift.judge import JudgingCriteria
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Profile, build_profile
from driftloop.profiling.variation import whole_windows

NAME, SHIFT, NEWEST = "weather, quarters", 0.5, 20
TIME = SOURCES[NAME].time
QUARTER, FIRST = Span(3, "month"), datetime(1974, 1, 1, tzinfo=UTC)
REFERENCE = SeasonReference()


def run(path: Path) -> None:
    """Judge every quarter from `FIRST` on and write the table."""
    rows = pd.read_csv(path, parse_dates=[TIME])
    rows[TIME] = rows[TIME].dt.tz_localize("UTC")
    numbers = [name for name in rows if name not in (TIME, SOURCES[NAME].label)]
    config = _config(tuple(numbers))
    sizes = {name: SHIFT * float(rows[name].std()) for name in numbers}
    judged = [_quarter(rows, config, window, sizes) for window in _quarters(rows)]
    parts = {"since 1974": judged, f"the last {NEWEST}": judged[-NEWEST:]}
    lines = [_line(name, part, len(numbers)) for name, part in parts.items()]
    header = ["quarters", "number", "with any drift", "shifts found as drift", "at least as small"]
    replace_part(PAGE, "seasons", table(header, lines))


def _config(numbers: tuple[str, ...]) -> ModelConfig:
    """Return what ``init`` writes, but for a least number of rows that every quarter holds."""
    source = SOURCES[NAME]
    config = config_of("binary", TIME, source.label, QUARTER, numbers, ())
    drift = config.drift.model_copy(update={"minimum_rows": 45})
    return config.model_copy(update={"drift": drift})


def _quarters(rows: pd.DataFrame) -> Iterator[Window]:
    start, last = FIRST, rows[TIME].max()
    while (end := QUARTER.after(start)) <= last:
        yield Window(start, end)
        start = end


def _quarter(
    rows: pd.DataFrame, config: ModelConfig, window: Window, sizes: Mapping[str, float]
) -> tuple[bool, int, int]:
    """Return whether anything drifts as it is, how many shifts are drift, how many are seen."""
    profile, current = _profile(rows, config, window), _within(rows, window)
    unchanged = _statuses(profile, config, current)
    found = []
    for name, size in sizes.items():
        shifted = current.assign(**{name: current[name] + size})
        found.append(_statuses(profile, config, shifted)[name])
    seen = [status for status in found if status in ("small", "warning", "drift")]
    return "drift" in unchanged.values(), found.count("drift"), len(seen)


def _within(rows: pd.DataFrame, window: Window) -> pd.DataFrame:
    times = rows[TIME]
    return rows[(times >= window.start) & (times < window.end)]


def _profile(rows: pd.DataFrame, config: ModelConfig, window: Window) -> Profile:
    """Return the profile of a quarter's reference, as a run makes it."""
    whole = REFERENCE.window(window, window)
    times = rows[TIME]
    kept = (times >= whole.start) & (times < whole.end)
    for gap in REFERENCE.left_out(window):
        kept &= (times < gap.start) | (times >= gap.end)
    reference = rows[kept]
    moments = reference[TIME].to_numpy().astype("datetime64[us]")
    windows = whole_windows(moments, QUARTER, config.drift.minimum_rows)
    effects = config.drift.effect_sizes
    return build_profile(FrameColumns(reference), config.features.by_type, effects, windows)


def _statuses(profile: Profile, config: ModelConfig, current: pd.DataFrame) -> dict[str, str]:
    """Return the status of each number, tested at the level of a run of four a year."""
    settings = config.drift
    level = settings.level_of_run(365.25 / QUARTER.days)
    by = JudgingCriteria(settings, level, seasonal=True)
    scope = AnalysisScope(config.features.by_type, ())
    findings = analyse_window(profile, FrameColumns(current), scope, by).findings
    return {finding.name: str(finding.status) for finding in findings}


def _line(name: str, judged: Sequence[tuple[bool, int, int]], shifts: int) -> list[str]:
    drifts, found, seen = (sum(part) for part in zip(*judged, strict=True))
    every = len(judged) * shifts
    shares = [drifts / len(judged), found / every, seen / every]
    return [name, str(len(judged)), *(f"{share:.0%}" for share in shares)]
