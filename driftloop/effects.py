"""Effect sizes: how large is a change, apart from whether it is significant?"""

from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.settings import Settings

Values = npt.NDArray[Any]
Counts = npt.NDArray[np.float64]


class PopulationStability(Settings):
    """Population stability index over reference-quantile bins, or over categories.

    PSI is the symmetrised Kullback-Leibler divergence of the binned shares. Without any drift its
    expectation is about (B-1)(1/n + 1/m) for B bins, which is subtracted, so that a small sample
    does not look like a change. Below 0.1 is commonly read as stable, above 0.25 as a major
    shift. PSI ignores how far values moved within or beyond the outer bins.

    Source: Yurdakul & Naranjo, Statistical properties of the population stability index,
    J. Risk Model Validation 14(4), 2020.
    """

    kind: Literal["psi"] = "psi"
    bins: int = Field(default=10, ge=2, le=100, description="Number of reference-quantile bins.")
    floor: float = Field(
        default=0.1, ge=0, description="Effects up to this size do not count as drift."
    )

    def numeric(self, reference: Values, current: Values) -> float:
        """Return the noise-corrected PSI of two samples of finite numbers (0 or more)."""
        edges = quantile_edges(reference, self.bins)
        return self.of_counts(bin_counts(reference, edges), bin_counts(current, edges))

    def categorical(self, reference: Values, current: Values) -> float:
        """Return the noise-corrected PSI of two samples of categories (0 or more)."""
        levels, codes = np.unique(np.concatenate([reference, current]), return_inverse=True)
        split = len(reference)
        counts = [
            np.bincount(part, minlength=len(levels)).astype(float)
            for part in (codes[:split], codes[split:])
        ]
        return self.of_counts(counts[0], counts[1])

    def of_counts(self, reference: Counts, current: Counts) -> float:
        """Return the noise-corrected PSI of two vectors of counts over the same bins.

        Bins that are empty on both sides are left out; half a row is added to every other bin, so
        that one that is empty on one side stays finite.
        """
        filled = (reference > 0) | (current > 0)
        reference, current = reference[filled], current[filled]
        bins, rows = len(reference), (reference.sum(), current.sum())
        if sum(rows) < 10 * bins:
            return _sparse(reference, current)
        shares = [(counts + 0.5) / (counts.sum() + 0.5 * bins) for counts in (reference, current)]
        noise = (bins - 1) * (1 / rows[0] + 1 / rows[1])
        return max(0.0, population_stability_index(shares[0], shares[1]) - float(noise))


Effect = Annotated[PopulationStability, Field(description="Effect size and its floor.")]


def _sparse(reference: Counts, current: Counts) -> float:
    """Return what PSI is near to, from counts too small for its logarithms.

    Pearson's chi-square times (1/n + 1/m) is PSI to second order, and its expectation without
    drift is its degrees of freedom however many categories there are.
    """
    rows = reference.sum(), current.sum()
    every = reference + current
    expected = [every * part / sum(rows) for part in rows]
    pairs = zip((reference, current), expected, strict=True)
    pearson = sum(float(((found - mean) ** 2 / mean).sum()) for found, mean in pairs)
    return max(0.0, (pearson - len(every) + 1) * float(1 / rows[0] + 1 / rows[1]))


def population_stability_index(expected: Counts, actual: Counts) -> float:
    """Return the sum of (actual - expected) ln(actual / expected) over positive shares."""
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def quantile_edges(reference: Values, bins: int) -> Values:
    """Return the inner edges that cut the reference into at most `bins` equally filled bins.

    A value that holds more than a bin's share, and every value of a column of few, gets a bin of
    its own: between and beside them are bins that the reference leaves (nearly) empty, so that a
    value it never held is seen.
    """
    distinct, counts = np.unique(reference, return_counts=True)
    heavy = distinct if len(distinct) <= bins else distinct[counts * bins > len(reference)]
    levels = np.arange(1, bins) / bins
    cuts = np.quantile(reference, levels, method="higher")
    parts = [heavy, np.nextafter(heavy, np.inf), *([cuts] if len(distinct) > bins else [])]
    edges: Values = np.unique(np.concatenate(parts))
    return edges


def bin_counts(values: Values, edges: Values) -> Counts:
    """Return how many values fall in each bin; a value equal to an edge is in the bin above."""
    codes = np.searchsorted(edges, values, side="right")
    return np.bincount(codes, minlength=len(edges) + 1).astype(float)
