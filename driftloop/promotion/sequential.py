"""Group sequential test: two models compared repeatedly, with control of the error over all looks.

A 5 % test that is repeated after each of five windows is wrong in 14 % of cases. A group sequential
test distributes its error over the looks: early ones need strong evidence, the last one about as
much as a single test.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from driftloop.base.periods import Window

TrialStatus = Literal["going_on", "better", "worse", "undecided"]
_NODES = 160
_REACH = 12.0
Values = npt.NDArray[np.float64]


class Look(Protocol):
    """A difference of two models in favour of the newer if > 0, with its standard error, > 0."""

    @property
    def difference(self) -> float: ...  # noqa: D102
    @property
    def error(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class InterimResult:
    """One window on which two models were scored: the difference in favour of the newer if > 0."""

    window: Window
    rows: int
    difference: float
    error: float
    """Standard error of the difference, more than 0."""


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """The status after the looks so far: pooled difference, its statistic and the bound."""

    status: TrialStatus
    difference: float
    z: float
    bound: float
    looks: int
    planned: int


def judge_trial(looks: Sequence[Look], planned: int, confidence: float = 0.95) -> TrialVerdict:
    """Return whether the newer model is proven better or worse, or the trial goes on.

    Differences are pooled with the weights 1 / error². At look k of n the statistic ``Z = sum(d/e²)
    / sqrt(sum(1/e²))`` is compared with a bound that lets both sides together end falsely with
    probability ``1 - confidence`` over all looks. Time is spent by the share of planned looks and
    correlation follows the information gathered, so that windows may differ in size. ``undecided``
    after the last look. Raises `ValueError` without a look, or with more than planned.

    Source: Lan & DeMets, Biometrika 70, 1983, and Statistics in Medicine 8, 1989 (calendar time);
    Jennison & Turnbull, Group Sequential Methods, 2000, chapters 7 and 11.
    """
    if not 0 < len(looks) <= planned:
        raise ValueError(f"{len(looks)} looks of {planned} planned")
    weight = np.array([1 / look.error**2 for look in looks])
    information = np.cumsum(weight)
    pooled = float(np.sum(weight * [look.difference for look in looks]) / information[-1])
    z = pooled * math.sqrt(information[-1])
    spent = [(number + 1) / planned for number in range(len(looks))]
    bound = boundaries(spent, 1 - confidence, information)[-1]
    status: TrialStatus = "going_on" if len(looks) < planned else "undecided"
    if abs(z) >= bound:
        status = "better" if z > 0 else "worse"
    return TrialVerdict(status, pooled, z, bound, len(looks), planned)


def boundaries(
    spent: Sequence[float], alpha: float, information: npt.ArrayLike | None = None
) -> tuple[float, ...]:
    """Return the two-sided bounds of |Z| at each look, which hardly let a trial end early.

    By share t of the planned time ``2 Phi(Phi^-1(alpha / 4) / sqrt(t))`` of either side's chance
    alpha / 2 is spent: O'Brien-Fleming's bounds, nearly.

    Args:
        spent: share of the trial's planned time at each look, rising to at most 1.
        alpha: two-sided chance to cross any bound where nothing differs.
        information: gathered at each look, rising; proportional to time if left out.

    Source: Lan & DeMets, Biometrika 70, 1983; recursive integration: Armitage, McPherson & Rowe,
    JRSS A 132, 1969.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri, roots_legendre

    gathered = np.asarray(spent if information is None else information, dtype=float)
    gathered = gathered / gathered[-1]
    uses = [float(2 * ndtr(ndtri(alpha / 2 / 2) / math.sqrt(share))) for share in spent]
    places, weights = roots_legendre(_NODES)
    bounds: list[float] = []
    nodes, density = np.zeros(1), np.ones(1)
    for number, at in enumerate(gathered):
        before = (gathered[number - 1], uses[number - 1]) if number else (0.0, 0.0)
        scale, step, due = math.sqrt(at), math.sqrt(at - before[0]), uses[number] - before[1]
        excess = partial(_excess_error, nodes, density, scale, step, due)
        bound = _REACH if excess(_REACH) >= 0 else float(brentq(excess, 0.0, _REACH, xtol=1e-10))
        bounds.append(bound)
        # the statistic's distribution among the trials that go on
        edge = bound * scale
        ahead = places * edge
        gap = (ahead[:, None] - nodes[None, :]) / step
        kernel = np.exp(-(gap**2) / 2) / (math.sqrt(2 * math.pi) * step)
        nodes, density = ahead, (kernel @ density) * weights * edge
    return tuple(bounds)


def _excess_error(
    nodes: Values, density: Values, scale: float, step: float, due: float, bound: float
) -> float:
    """Return the error that a bound on Z spends beyond what is due."""
    from scipy.special import ndtr

    return float(density @ ndtr(-((bound * scale - nodes) / step))) - due
