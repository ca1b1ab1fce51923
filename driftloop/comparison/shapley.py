"""Shapley values: how much each feature contributes to the predictions of any model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.performance.target import Probabilities

ROWS, BACKGROUND = 60, 25
"""Rows explained, and rows that stand for a feature not known; means over them settle early."""


def shap_importances(
    predict: Callable[[pd.DataFrame], Probabilities], table: pd.DataFrame, seed: int
) -> dict[str, float]:
    """Return each feature's mean absolute Shapley value, as a share of all; 0 where none moves.

    With two classes of the positive one's probability, with more summed over the classes.

    `predict` returns predictions (n, k) of a feature table; `table` holds the rows to sample from.

    Raises `ImportError` if shap is not installed.

    Source: Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017;
    shap ``PermutationExplainer``, which takes a model as it is, preprocessing and all.
    """
    import shap

    sample = table.sample(min(len(table), ROWS + BACKGROUND), random_state=seed)
    codes, restore = _as_numbers(sample)
    known, explained = codes[:BACKGROUND], codes[-ROWS:]

    def values(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        p = predict(restore(rows))
        return p[:, -1:] if p.shape[1] <= 2 else p

    masker = shap.maskers.Independent(known, max_samples=BACKGROUND)
    explainer = shap.PermutationExplainer(values, masker, seed=seed)
    evaluations = 2 * codes.shape[1] + 1
    values_of_rows = explainer(explained, max_evals=evaluations, silent=True).values
    sizes = np.abs(values_of_rows).mean(axis=0).reshape(codes.shape[1], -1).sum(axis=1)
    total = float(sizes.sum())
    names = [str(name) for name in table.columns]
    return {n: float(s) / total if total else 0.0 for n, s in zip(names, sizes, strict=True)}


def _as_numbers(
    table: pd.DataFrame,
) -> tuple[npt.NDArray[np.float64], Callable[[npt.NDArray[np.float64]], pd.DataFrame]]:
    """Return the table as codes (n, columns), one a value, and the way back.

    Shapley values only mix values of rows, so that codes serve for numbers and categories alike,
    and a missing value is a code like any other.
    """
    levels_of: list[tuple[Any, Any]] = []
    columns = []
    for name in table.columns:
        places, levels = pd.factorize(table[name], use_na_sentinel=False)
        columns.append(places.astype(float))
        levels_of.append((name, pd.Series(levels, dtype=table[name].dtype)))
    codes = np.column_stack(columns)

    def restore(rows: npt.NDArray[np.float64]) -> pd.DataFrame:
        parts = {
            name: levels.take(rows[:, place].astype(int)).reset_index(drop=True)
            for place, (name, levels) in enumerate(levels_of)
        }
        return pd.DataFrame(parts)

    return codes, restore
