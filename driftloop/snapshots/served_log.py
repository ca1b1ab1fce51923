"""A log of predictions as a model's data: labels may come later, scores have to be usable."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from driftloop.base.errors import join_names
from driftloop.base.scores import Task
from driftloop.performance.target import label_text
from driftloop.snapshots.options import Options
from driftloop.snapshots.table_source import Source, fail


def with_empty_label(table: pa.Table, options: Options) -> pa.Table:
    """Return the table with a column for labels to come, of the type of the decisions."""
    name, decision = options.label, options.predictions.get("decision")
    kind = table.schema.field(decision).type if decision in table.column_names else pa.float64()
    kind = pa.float64() if pa.types.is_boolean(kind) or pa.types.is_integer(kind) else kind
    return table.append_column(name, pa.nulls(table.num_rows, kind))


def task_of_log(source: Source, options: Options) -> Task:
    """Return what a log without labels is of, by its scores or decisions."""
    served = options.served
    if options.task is not None or served is None:
        return options.task or "binary"
    if served.decision is not None:
        classes = source.table[served.decision].nunique()
        return "binary" if classes <= 2 else "multiclass"
    return "binary" if _shares(source.table[served.score].dropna()) else "regression"


def check_served(source: Source, options: Options) -> None:
    """Check that scores are numbers, probabilities where there are two classes.

    Raises:
        DataError: if they are not, or a decision is for a class that the labels never take.
    """
    served, table = options.served, source.table
    if served is None:
        return
    if served.score is not None:
        scores = table[served.score].dropna()
        if not pd.api.types.is_numeric_dtype(scores) or scores.empty:
            what = "no score" if scores.empty else "text"
            fail(source.path, f"column {served.score!r} holds {what}; write scores as numbers")
        labels = table[options.label].dropna()
        classes = options.task != "regression" and (options.task or 0 < labels.nunique() <= 2)
        if classes and not _shares(scores):
            fail(
                source.path,
                f"column {served.score!r} holds scores from {scores.min():g} to {scores.max():g}, "
                "and those of two classes have to be probabilities of the positive one: map them "
                "to 0 to 1 (the rank is enough for ROC AUC), or set --task regression",
            )
    _check_decisions(source, options)


def _check_decisions(source: Source, options: Options) -> None:
    name = options.predictions.get("decision")
    labels = source.table[options.label].dropna()
    if name is None or labels.empty:
        return
    decisions: pd.Series[Any] = source.table[name].dropna()
    known, decided = set(label_text(labels)), set(label_text(decisions))
    if more := sorted(decided - known):
        fail(
            source.path,
            f"column {name!r} decides for {join_names(map(repr, more), 3)}, which "
            f"{options.label!r} never takes; write both alike",
        )


def _shares(scores: "pd.Series[float]") -> bool:
    numbers = scores.to_numpy(dtype=float)
    return bool(np.all((numbers >= 0) & (numbers <= 1)))
