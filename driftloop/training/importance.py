"""Permutation importances: how much a model relies on each feature."""

from typing import Any

import numpy as np

from driftloop.performance.metrics import MetricName, score
from driftloop.training.training import Examples, predict

ROWS, REPEATS = 2000, 3


def permutation_importances(
    model: Any, examples: Examples, metric: MetricName, seed: int, threshold: float | None = None
) -> dict[str, float]:
    """Return each feature's share of the score that is lost when its values are shuffled.

    Shares add up to 1; all are 0 where shuffling loses nothing. Of two features that say the same
    neither may seem to matter, so a low share does not prove that a feature is unused.

    Args:
        model: the fitted pipeline.
        examples: rows it was not trained on; the newest 2,000 are used.
        metric: the primary metric, larger is better.
        seed: of the shuffling.
        cut: the model's decision threshold, if it has one.

    Source: Breiman, Random Forests, Machine Learning 45, 2001; Fisher, Rudin, Dominici, All models
    are wrong, but many are useful, JMLR 20, 2019.
    """
    rows = examples.rows(slice(-ROWS, None))
    whole = score(metric, rows.y, predict(model, rows.table, rows.target), threshold)
    rng, lost = np.random.default_rng(seed), {}
    for name in rows.table.columns:
        drops = [
            whole - _shuffled(model, rows, name, (metric, threshold), rng) for _ in range(REPEATS)
        ]
        lost[str(name)] = float(np.nan_to_num(np.mean(drops)))
    kept = {name: max(0.0, value) for name, value in lost.items()}
    total = sum(kept.values())
    return {name: round(value / total, 5) if total else 0.0 for name, value in kept.items()}


def _shuffled(
    model: Any,
    rows: Examples,
    name: str,
    by: tuple[MetricName, float | None],
    rng: np.random.Generator,
) -> float:
    order = rng.permutation(len(rows.y))
    table = rows.table.assign(**{name: rows.table[name].to_numpy()[order]})
    return score(by[0], rows.y, predict(model, table, rows.target), by[1])
