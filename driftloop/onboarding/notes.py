"""Notes on a file: what a person should know before they rely on it."""

from collections.abc import Iterator

from driftloop.base.errors import join_names
from driftloop.base.periods import every_span, naive
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_column import UnreadableColumn
from driftloop.profiling.reference_profile import Features, profile_columns
from driftloop.profiling.stationarity import not_stationary
from driftloop.profiling.variation import whole_windows
from driftloop.snapshots.options import Inferred
from driftloop.snapshots.table_source import Source


def find_notes(source: Source, inferred: Inferred) -> tuple[str, ...]:
    """Return sentences on what is unusual, from odd cells to columns that never vary."""
    return (
        *source.notes,
        *_small_periods(inferred),
        *_labels(source, inferred),
        *_flat(source, inferred),
        *_course(source, inferred),
    )


def _small_periods(inferred: Inferred) -> Iterator[str]:
    periods = inferred.periods
    if periods.small:
        longer = {"day": "week", "week": "month", "month": "quarter", "quarter": "year"}
        more = longer.get(periods.every)
        hint = f"; --every {more} would hold more" if more else ""
        yield (
            f"{periods.small} of {periods.count} {periods.every}s hold fewer than {periods.least} "
            f"rows and will be inconclusive{hint}."
        )


def _labels(source: Source, inferred: Inferred) -> Iterator[str]:
    labels = source.table[inferred.label]
    missing = int(labels.isna().sum())
    if missing and inferred.served:
        how = "" if inferred.key else ", for which rows need a --key"
        yield (
            f"{missing:,} of {inferred.rows:,} rows have no label yet: deliver `{inferred.label}` "
            f"by 'driftloop snapshot' as it comes{how}."
        )
    elif missing:
        yield (
            f"{missing:,} rows have no label: they are monitored for drift but not used for "
            "training."
        )
    if inferred.target.task == "regression":
        return
    before = source.table[inferred.time] < naive(inferred.training.until)
    seen = set(labels[before].dropna().unique())
    late = sorted(str(value) for value in set(labels.dropna().unique()) - seen)
    if late:
        yield f"Classes that first occur after the training period: {join_names(late, 5)}."


def _flat(source: Source, inferred: Inferred) -> Iterator[str]:
    before = source.table[inferred.time] < naive(inferred.training.until)
    features = (*inferred.named("numeric"), *inferred.named("categorical"))
    names = [column.name for column in inferred.columns if column in features]
    flat = [name for name in names if source.table[name][before].nunique() < 2]
    if flat:
        yield (
            f"Constant or empty until the training period ends: {join_names(flat, 6)}. "
            f"{'' if inferred.served else 'The first champion learns nothing from them; '}"
            "they will count as drift once they vary."
        )


def _course(source: Source, inferred: Inferred) -> Iterator[str]:
    """Say which features trend, warm up or break in the training period, if it is the reference."""
    if inferred.season is not None or inferred.served:  # a reference begins where it holds still
        return
    numeric, categorical = (
        tuple(column.name for column in inferred.named(role)) for role in ("numeric", "categorical")
    )
    features, periods = Features(numeric, categorical), inferred.periods
    table = source.table[source.table[inferred.time] < naive(inferred.training.until)]
    times = table[inferred.time].to_numpy().astype("datetime64[us]")
    windows = whole_windows(times, every_span(periods.every), periods.least)
    effects = DriftSettings().effect_sizes
    courses = [
        f"`{name}` {column.variation.course}"
        for name, column in profile_columns(FrameColumns(table), features, effects, windows)
        if not isinstance(column, UnreadableColumn) and column.variation.course
    ]
    if courses:
        yield not_stationary("The training period", courses).strip() + (
            " Another --train-until leaves such a part out."
        )
