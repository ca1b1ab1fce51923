"""Predictions in columns of a table: their task, their target, and as one array."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.errors import DataError, join_names
from driftloop.base.scores import Task
from driftloop.performance.target import (
    Classes,
    Probabilities,
    Quantity,
    Target,
    class_text,
    find_classes,
)

ScoreColumns = str | Mapping[Any, str]
"""One column of scores, or a mapping of each class to the column with its probability."""

_SUM_ERROR = 1e-3


def score_columns(score: ScoreColumns) -> list[str]:
    """Return the names of the columns."""
    return [score] if isinstance(score, str) else [*score.values()]


def task_in(table: pd.DataFrame, score: ScoreColumns, label: str) -> Task:
    """Return what the label and the scores look like.

    Raises:
        DataError: if the label has more than two values that are not numbers, and one score.
    """
    if not isinstance(score, str):
        return "multiclass"
    labels = table[label].dropna()
    if labels.nunique() <= 2:
        return "binary"
    if pd.api.types.is_numeric_dtype(labels):
        return "regression"
    raise DataError(
        f"label: {label!r} has {labels.nunique()} classes; name the column of each class's "
        "probability, as in score={'a': 'p_a', 'b': 'p_b', 'c': 'p_c'}"
    )


def target_in(
    task: Task, labels: "pd.Series[Any]", positive: object | None, score: ScoreColumns
) -> Target:
    """Return what is predicted: a quantity, or the classes in the order of the predictions.

    Raises:
        DataError: if the labels do not fit the task, or a class has no score.
    """
    if task == "regression":
        return Quantity()
    if isinstance(score, str):
        classes = find_classes(labels, positive)
        if not classes.binary:
            raise DataError(f"label: {labels.name!r} has {classes.width} classes, task binary two")
        return classes
    named = Classes(tuple(class_text(each) for each in score))
    missing = named.unknown(labels)
    if missing:
        raise DataError(f"score: no column for class {join_names([*missing])} of {labels.name!r}")
    return named


def predictions_in(
    table: pd.DataFrame, which: str, score: ScoreColumns, target: Target
) -> Probabilities:
    """Return the predictions (rows, k): probabilities of the classes, or the predicted values.

    Raises:
        DataError: if one is missing, not a number, or not a probability.
    """
    columns = score_columns(score)
    for name in columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise DataError(
                f"score: {name!r} of {which} has {table[name].dtype} values, not numbers"
            )
    p: Probabilities = table[columns].to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(target, Quantity):
        _check(np.isfinite(p).all(axis=1), f"score: {columns[0]!r} of {which} is missing")
        return p
    _check(
        ((p >= 0) & (p <= 1)).all(axis=1),
        f"score: {join_names(columns)} of {which} is not in 0 to 1",
    )
    if isinstance(score, str):
        return np.column_stack([1 - p[:, 0], p[:, 0]])
    _check(abs(p.sum(axis=1) - 1) <= _SUM_ERROR, f"score: the columns of {which} do not sum to 1")
    return p


def _check(valid: Any, problem: str) -> None:
    bad = int((~valid).sum())
    if bad:
        raise DataError(f"{problem} in {bad:,} of {len(valid):,} rows; fix or drop these rows")
