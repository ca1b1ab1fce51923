"""What a person should know about their file before they rely on it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from driftloop.base.errors import join_names
from driftloop.base.periods import naive
from driftloop.snapshots.options import Inferred
from driftloop.snapshots.table_source import Source

DRIFT_ROWS = 100
"""Rows that the drift tests ask for; smaller windows are inconclusive."""


def find_notes(source: Source, found: Inferred) -> tuple[str, ...]:
    """Return sentences on what is unusual: small periods, late or missing labels, flat columns."""
    return (*_small_periods(found), *_labels(source, found), *_flat(source, found))


def _small_periods(found: Inferred) -> Iterator[str]:
    periods = found.periods
    if periods.small:
        longer = {"day": "week", "week": "month"}.get(periods.every)
        hint = f"; --every {longer} would hold more" if longer else ""
        yield (
            f"{periods.small} of {periods.count} {periods.every}s hold fewer than {DRIFT_ROWS} "
            f"rows and will be inconclusive{hint}."
        )


def _labels(source: Source, found: Inferred) -> Iterator[str]:
    labels = source.table[found.label]
    missing = int(labels.isna().sum())
    if missing:
        yield f"{missing:,} rows have no label: they are watched for drift and not trained on."
    before = source.table[found.time] < naive(found.training.until)
    seen = set(labels[before].dropna().unique())
    late = sorted(str(value) for value in set(labels.dropna().unique()) - seen)
    if late:
        yield f"Classes that first occur after the training part: {join_names(late, 5)}."


def _is_flat(present: "pd.Series[Any]") -> bool:
    return present.empty or bool((present == present.iloc[0]).all())


def _flat(source: Source, found: Inferred) -> Iterator[str]:
    before = source.table[found.time] < naive(found.training.until)
    features = [
        column.name for column in found.columns if column.role in ("numeric", "categorical")
    ]
    flat = [name for name in features if _is_flat(source.table[name][before].dropna())]
    if flat:
        yield (
            f"Constant or empty until the training part ends: {join_names(flat, 6)}. The first "
            "champion learns nothing from them; they count as drift once they vary."
        )
