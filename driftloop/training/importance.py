"""Permutation importances: how much a model relies on each feature."""

from typing import Any

import numpy as np
import pandas as pd

from driftloop.performance.metrics import MetricName, score
from driftloop.training.training import Examples, predict

ROWS, REPEATS = 2000, 3


def permutation_importances(
    model: Any, examples: Examples, metric: MetricName, seed: int, threshold: float | None = None
) -> dict[str, float]:
    """Return each feature's share of the score that is lost when its values are shuffled.

    Shares add up to 1; all are 0 where shuffling loses nothing. Of two features that say the same
    neither may seem to matter, so a low share does not prove that a feature is unused.

    The model must not have been trained on the examples, of which the newest 2,000 are used.

    Source: Breiman, Random Forests, Machine Learning 45, 2001; Fisher, Rudin, Dominici, All models
    are wrong, but many are useful, JMLR 20, 2019.
    """
    rows = examples.rows(slice(-ROWS, None))

    def score_of(table: pd.DataFrame) -> float:
        return score(metric, rows.y, predict(model, table, rows.target), threshold)

    whole, rng = score_of(rows.table), np.random.default_rng(seed)
    losses: dict[str, float] = {}
    for name, column in rows.table.items():
        drops = []
        for _ in range(REPEATS):
            shuffled = column.to_numpy()[rng.permutation(len(rows.y))]
            drops.append(whole - score_of(rows.table.assign(**{str(name): shuffled})))
        losses[str(name)] = max(0.0, float(np.nan_to_num(np.mean(drops))))
    total = sum(losses.values())
    return {name: round(loss / total, 5) if total else 0.0 for name, loss in losses.items()}
