"""Group sequential test: two models compared repeatedly, with control of the error over all looks.

A 5 % test that is repeated after each of five windows is wrong in 14 % of cases. A group sequential
test distributes its error over the looks: early ones need strong evidence, the last one about as
much as a single test.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from driftloop.base.periods import Window

Spending = Literal["obrien_fleming", "pocock"]
TrialStatus = Literal["going_on", "better", "worse", "undecided"]
_NODES = 160
_REACH = 12.0
Values = npt.NDArray[np.float64]


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


def judge_trial(
    looks: Sequence[InterimResult],
    planned: int,
    confidence: float = 0.95,
    spending: Spending = "obrien_fleming",
) -> TrialVerdict:
    """Return whether the newer model is proven better or worse, or the trial goes on.

    Differences are pooled with the weights 1 / error². At look k of n the statistic
    ``Z = sum(d/e²) / sqrt(sum(1/e²))`` is compared with a bound that lets both sides together end
    falsely with probability ``1 - confidence`` over all looks. Time is spent by the share of
    planned looks and correlation follows the information gathered, so that windows may differ in
    size. ``undecided`` after the last look.

    Raises:
        ValueError: without a look, or with more than planned.

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
    bound = boundaries(spent, 1 - confidence, spending, information)[-1]
    status: TrialStatus = "going_on" if len(looks) < planned else "undecided"
    if abs(z) >= bound:
        status = "better" if z > 0 else "worse"
    return TrialVerdict(status, pooled, z, bound, len(looks), planned)


def boundaries(
    spent: Sequence[float],
    alpha: float,
    spending: Spending = "obrien_fleming",
    information: npt.ArrayLike | None = None,
) -> tuple[float, ...]:
    """Return the two-sided bounds of |Z| at each look.

    Args:
        spent: share of the trial's planned time at each look, rising to at most 1.
        alpha: two-sided chance to cross any bound where nothing differs.
        spending: how the chance is spent over time.
        information: gathered at each look, rising; proportional to time if left out.

    Source: Lan & DeMets, Biometrika 70, 1983; recursive integration: Armitage, McPherson & Rowe,
    JRSS A 132, 1969.
    """
    from scipy.optimize import brentq

    gathered = np.asarray(spent if information is None else information, dtype=float)
    gathered = gathered / gathered[-1]
    uses = [_SPENT[spending](share, alpha / 2) for share in spent]
    bounds: list[float] = []
    nodes, density = np.zeros(1), np.ones(1)
    for number, at in enumerate(gathered):
        before = (gathered[number - 1], uses[number - 1]) if number else (0.0, 0.0)
        step = math.sqrt(at - before[0])
        excess = _excess_error(nodes, density, math.sqrt(at), step, uses[number] - before[1])
        bound = _REACH if excess(_REACH) >= 0 else float(brentq(excess, 0.0, _REACH, xtol=1e-10))
        bounds.append(bound)
        nodes, density = _propagate(nodes, density, bound * math.sqrt(at), step)
    return tuple(bounds)


def _excess_error(
    nodes: Values, density: Values, scale: float, step: float, due: float
) -> Callable[[float], float]:
    """Return the function of the bound on Z that gives the error spent beyond what is due."""

    def surplus(bound: float) -> float:
        return float(density @ _upper((bound * scale - nodes) / step)) - due

    return surplus


def _propagate(nodes: Values, density: Values, edge: float, step: float) -> tuple[Values, Values]:
    """Return the nodes and density of the statistic among the trials that go on."""
    from scipy.special import roots_legendre

    places, weights = roots_legendre(_NODES)
    ahead: Values = places * edge
    gap = (ahead[:, None] - nodes[None, :]) / step
    kernel = np.exp(-(gap**2) / 2) / (math.sqrt(2 * math.pi) * step)
    return ahead, (kernel @ density) * weights * edge


def _upper(z: Values) -> Values:
    from scipy.special import ndtr

    tail: Values = ndtr(-z)
    return tail


def _obrien_fleming(share: float, alpha: float) -> float:
    from scipy.special import ndtr, ndtri

    return float(2 * ndtr(ndtri(alpha / 2) / math.sqrt(share)))


def _pocock(share: float, alpha: float) -> float:
    return alpha * math.log(1 + (math.e - 1) * share)


_SPENT: dict[Spending, Callable[[float, float], float]] = {
    "obrien_fleming": _obrien_fleming,
    "pocock": _pocock,
}
