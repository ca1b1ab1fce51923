"""Compiled rank metrics and resampling. Importing loads numba: import it for large arrays only."""

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def roc_areas(order, starts, positive, w, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write the area under the ROC curve of each resample into `out` (b,), NaN with one class.

    `order` (n,) ranks the rows by score, `positive` (n,) is in that order, and `starts` says where
    each run of equal scores begins; `w` (b, n) is in the order of the rows.
    """
    for b in range(w.shape[0]):
        wins = below = hits = 0.0
        for run in range(starts.size):
            end = starts[run + 1] if run + 1 < starts.size else order.size
            good = bad = 0.0
            for place in range(starts[run], end):
                weight = w[b, order[place]]
                if positive[place]:
                    good += weight
                else:
                    bad += weight
            wins += good * (below + bad / 2)
            below += bad
            hits += good
        out[b] = wins / (hits * below) if hits * below != 0.0 else np.nan


@numba.njit(nogil=True, cache=True)
def mean_precisions(  # type: ignore[no-untyped-def]  # pragma: no cover
    order, starts, positive, w, out
):
    """Write the average precision of each resample into `out` (b,), highest score first."""
    for b in range(w.shape[0]):
        total = called = hits = 0.0
        for run in range(starts.size):
            end = starts[run + 1] if run + 1 < starts.size else order.size
            good = 0.0
            for place in range(starts[run], end):
                weight = w[b, order[place]]
                called += weight
                if positive[place]:
                    good += weight
            hits += good
            if good != 0.0:
                total += good * hits / max(called, 1.0)
        out[b] = total / hits if hits != 0.0 else np.nan


@numba.njit(nogil=True, cache=True)
def count_draws(rows, drawn, weights):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Add to `weights` (b, n) how often each of `rows` (m,) is among the places `drawn` (b, m)."""
    for b in range(drawn.shape[0]):
        for place in range(drawn.shape[1]):
            weights[b, rows[drawn[b, place]]] += 1.0
