"""The best that any policy could have done, known only afterwards."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class BestServed:
    """Which models to have served: the moment each was trained, and the score of each period."""

    trained: tuple[int, ...]
    scores: tuple[float, ...]


def best_served(scores: npt.NDArray[np.float64], most: int, price: float = 0.0) -> BestServed:
    """Return the best models to serve, of those trained at most `most` times after the first.

    Periods without a score count for nobody. By dynamic programming over the period in which each
    model begins to serve: ``best[k, j] = max over i > j of worth(j..i) + best[k-1, i] - price``.

    Args:
        scores: score of the model of each moment (row) in each period (column), NaN before it; the
            first serves from the start. Of several settings, the best one's.
        most: how many may be trained.
        price: what each costs, in units of a period's score.
    """
    periods = scores.shape[1]
    sums = np.concatenate([np.zeros((periods, 1)), np.nancumsum(scores, axis=1)], axis=1)
    best = sums[:, -1] - sums.diagonal()  # from the moment of each model on, without another one
    following = [np.full(periods, periods)]
    for _ in range(min(most, periods - 1)):
        worth = sums - sums.diagonal()[:, None]
        worth = worth[:, :periods] + best[None, :] - price  # row: serves until; column: the next
        worth[np.tril_indices(periods)] = -np.inf
        nxt = worth.argmax(axis=1)
        gained = worth[np.arange(periods), nxt]
        keep = sums[:, -1] - sums.diagonal()
        following.append(np.where(gained > keep, nxt, periods))
        best = np.maximum(gained, keep)
    return _path(scores, following[::-1])


def _path(scores: npt.NDArray[np.float64], following: list[npt.NDArray[np.intp]]) -> BestServed:
    """Return the models along the best choices, the first of which has all retrainings left."""
    periods, at, trained = scores.shape[1], 0, [0]
    served: list[float] = []
    for choice in following:
        until = int(choice[at])
        served += scores[at, at:until].tolist()
        if until == periods:
            break
        trained.append(until)
        at = until
    return BestServed(tuple(trained), tuple(served))
