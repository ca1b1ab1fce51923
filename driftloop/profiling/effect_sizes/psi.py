"""Population stability index."""

from typing import Literal

import numpy as np

from driftloop.profiling.effect_sizes.base import CategoricalEffect, NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, Counts


class PopulationStability(NumericEffect, CategoricalEffect):
    """Population stability index over reference-quantile bins, or over categories.

    PSI is the symmetrised Kullback-Leibler divergence of the binned shares. Without any drift its
    expectation is about (B-1)(1/n + 1/m) for B bins, which is subtracted, so that a small sample
    does not look like a change. Below 0.1 is commonly read as stable, above 0.25 as a major
    shift. PSI ignores how far values moved within or beyond the outer bins: prefer
    `NormalisedWasserstein` where that matters.

    Half a row is added to every bin, so that one that is empty on one side stays finite. With fewer
    than ten rows a bin Pearson's chi-square takes its place, which PSI equals to second order.

    Source: Yurdakul & Naranjo, Statistical properties of the population stability index,
    J. Risk Model Validation 14(4), 2020.

    Example:
        >>> binned = Binned(np.array([10.0, 20, 40, 20, 10]) * 1e6,
        ...                 np.array([15.0, 25, 30, 20, 10]) * 1e6)
        >>> round(PopulationStability().size(binned), 4)
        0.0602
    """

    label = "PSI"
    squared = True
    kind: Literal["psi"] = "psi"

    def size(self, binned: Binned) -> float:
        """Return the noise-corrected PSI (0 or more)."""
        if binned.sparse:
            return max(0.0, binned.pearson() - binned.chance)
        return max(0.0, population_stability_index(*binned.shares(0.5)) - binned.chance)


def population_stability_index(expected: Counts, actual: Counts) -> float:
    """Return the sum of (actual - expected) ln(actual / expected) over positive shares."""
    return float(np.sum((actual - expected) * np.log(actual / expected)))
