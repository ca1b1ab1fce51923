"""The textbook rules that driftloop is compared with, in one pass over a reference and windows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEVEL = 0.05
PSI_LIMIT = 0.2
PSI_BINS = 10
# A share of nothing would make the index infinite; this is the usual remedy.
PSI_LEAST_SHARE = 1e-4


class Reference:
    """A reference, sorted and counted once for all windows judged by it."""

    def __init__(
        self, frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
    ) -> None:
        self.sorted = {name: np.sort(frame[name].to_numpy(np.float64)) for name in numeric}
        self.counts = {name: frame[name].value_counts() for name in categorical}

    def p_values(self, window: pd.DataFrame) -> dict[str, float]:
        """Return the p-value of each column: KS for numbers, chi-square for categories."""
        found = {name: ks_p(old, window[name].to_numpy()) for name, old in self.sorted.items()}
        for name, old in self.counts.items():
            found[name] = chi2_p(old, window[name].value_counts())
        return found

    def psi(self, window: pd.DataFrame) -> dict[str, float]:
        """Return the population stability index of each column, over deciles or categories."""
        found = {}
        for name, old in self.sorted.items():
            edges = np.unique(np.quantile(old, np.arange(1, PSI_BINS) / PSI_BINS))
            bins = np.searchsorted(edges, window[name].to_numpy(), side="left")
            new = np.bincount(bins, minlength=len(edges) + 1)
            bounds = [0, *np.searchsorted(old, edges, side="right"), len(old)]
            found[name] = psi_of(np.diff(bounds), new)
        for name, counts in self.counts.items():
            both = pd.concat([counts, window[name].value_counts()], axis=1).fillna(0).to_numpy()
            found[name] = psi_of(both[:, 0], both[:, 1])
        return found


def ks_p(old: np.ndarray, window: np.ndarray) -> float:
    """Return the asymptotic two-sided p-value, as scipy's ``ks_2samp`` does for large samples."""
    from scipy.stats import kstwo

    new = np.sort(window)
    # The distance is largest just at or just before a value of either sample.
    both = np.concatenate([old, new])
    gaps = np.searchsorted(old, both, side="right") / len(old)
    gaps -= np.searchsorted(new, both, side="right") / len(new)
    distance = float(np.abs(gaps).max())
    effective = round(len(old) * len(new) / (len(old) + len(new)))
    return float(kstwo.sf(distance, effective))


def chi2_p(old: pd.Series, new: pd.Series) -> float:
    """Return the p-value of the chi-square test of homogeneity."""
    from scipy.stats import chi2_contingency

    table = pd.concat([old, new], axis=1).fillna(0).to_numpy()
    return float(chi2_contingency(table).pvalue)


def psi_of(old: np.ndarray, new: np.ndarray) -> float:
    """Return the population stability index of two vectors of counts."""
    p = np.maximum(old / old.sum(), PSI_LEAST_SHARE)
    q = np.maximum(new / new.sum(), PSI_LEAST_SHARE)
    return float(((q - p) * np.log(q / p)).sum())


def drifted(reference: Reference, window: pd.DataFrame) -> dict[str, list[str]]:
    """Return the drifted columns by each rule: plain, bonferroni and psi."""
    p = reference.p_values(window)
    return {
        "plain": [name for name, value in p.items() if value < LEVEL],
        "bonferroni": [name for name, value in p.items() if value < LEVEL / len(p)],
        "psi": [name for name, value in reference.psi(window).items() if value > PSI_LIMIT],
    }
