"""Stationarity of a reference: its windows may trend, warm up or break.

Such a reference is a mixture of what was and what is, and its own windows teach floors that no real
change exceeds. What is found is reported, and windows before a break teach nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from driftloop.base.errors import join_names
from driftloop.profiling.effect_sizes.base import EffectSize
from driftloop.profiling.effect_sizes.binned import Binned, Counts

LEAST_WINDOWS = 6
EXPLAINED, LEVEL = 0.5, 1e-4
"""Share of how windows differ that their order explains, and the level of a test on one column."""

_MOST_CELLS = 50
_TREND = -1
_FEW = 1 / 3
"""Windows before a break that are said to warm up, as a share of all."""


@dataclass(frozen=True, slots=True)
class Course:
    """What the windows of a reference do, in words; empty where they hold still.

    `settled` is the first window after the last break.
    """

    text: str = ""
    settled: int = 0


def course_of(windows: Counts, effect: EffectSize) -> Course:
    """Return the course of a column over the windows of its reference (windows, cells), in order.

    The windows are placed on the axis along which their shares differ most (correspondence
    analysis). Their places are explained by a straight line or by one step, whichever explains
    more: at least half, by an F test at `LEVEL` over all places of the step, and between the older
    and the newer side there is an effect above the configured floor. What follows a step is looked
    at in the same way.

    Source: Greenacre, Correspondence Analysis in Practice, 2017; Andrews, Econometrica 61, 1993
    (tests over all places of a break), here with Bonferroni's bound.
    """
    settled, count = 0, len(windows)
    while step := _change(windows[settled:], effect):
        if step == _TREND:
            break
        settled += step
    if step == _TREND and not settled:
        return Course(f"trends over its {count} windows")
    if not settled:
        return Course()
    verb = "warms up" if settled <= count * _FEW else "breaks"
    text = f"{verb}: the first {settled} of its {count} windows differ from the later ones"
    return Course(text, settled)


def _change(windows: Counts, effect: EffectSize) -> int:
    """Return after how many windows there is a step, `_TREND` for a trend, 0 for neither."""
    count = len(windows)
    places = _places(windows) if count >= LEAST_WINDOWS else np.zeros(1)
    total = float(places @ places)
    if total <= 0:
        return 0
    time = np.arange(count) - (count - 1) / 2
    line = float(time @ places) ** 2 / float(time @ time) / total
    steps = _steps(places) / total
    at = int(np.argmax(steps)) + 1
    trends = line >= steps[at - 1]
    share, tests = (line, 1) if trends else (float(steps[at - 1]), count - 1)
    if share < EXPLAINED or tests * _chance(share, count) > LEVEL:
        return 0
    cut = count // 2 if trends else at
    sides = Binned(windows[:cut].sum(axis=0), windows[cut:].sum(axis=0))
    return (_TREND if trends else at) if effect.size(sides) > effect.floor else 0


def _places(windows: Counts) -> npt.NDArray[np.float64]:
    """Return where windows lie on their first principal axis (windows,), around 0."""
    common = np.argsort(-windows.sum(axis=0), kind="stable")[:_MOST_CELLS]
    counts = windows[:, common].astype(float)
    counts = counts[:, counts.sum(axis=0) > 0]
    sizes = np.maximum(windows.sum(axis=1, keepdims=True), 1)
    mean = counts.sum(axis=0) / sizes.sum()
    scaled = (counts / sizes - mean) / np.sqrt(mean)
    scaled -= scaled.mean(axis=0)
    left, lengths, _ = np.linalg.svd(scaled, full_matrices=False)
    places: npt.NDArray[np.float64] = left[:, 0] * lengths[0]
    return places


def _steps(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what a step after each window but the last explains (windows - 1,)."""
    count = len(places)
    before = np.arange(1, count)
    explained: npt.NDArray[np.float64] = (
        np.cumsum(places)[:-1] ** 2 * count / (before * (count - before))
    )
    return explained


def _chance(share: float, count: int) -> float:
    from scipy.special import fdtrc

    if share >= 1:
        return 0.0
    return float(fdtrc(1, count - 2, share / (1 - share) * (count - 2)))


def not_stationary(what: str, courses: Sequence[str]) -> str:
    """Return a sentence, begun with a space, on a reference's columns that do not hold still."""
    if not courses:
        return ""
    most = join_names(courses, 5)
    return f" {what} does not hold still by itself, and drift is judged against a mixture: {most}."


def settled_floor(
    effects: Sequence[float], fixed: float, chance: float, *, squared: bool, limit: float
) -> float:
    """Return the effect that one more window like those after a break exceeds with a given chance.

    All differ alike from a reference that also holds what was before the break; how much they do so
    beyond that average is normal on the scale of a shift (a prediction limit). Never below the
    fixed floor, nor above `limit` times it (of a distance, its root).

    Source: Hahn & Meeker, Statistical Intervals, 1991, section 4.7.
    """
    from scipy.special import stdtrit

    count, power = len(effects), 1 if squared else 2
    if count < LEAST_WINDOWS - 1:
        return fixed
    shifts = np.asarray(effects, dtype=np.float64) ** (power / 2)
    reach = float(stdtrit(count - 1, 1 - chance)) * float(shifts.std(ddof=1))
    root = float(shifts.mean()) + reach * (1 + 1 / count) ** 0.5
    raised: float = min(root**2, limit * fixed**power) ** (1 / power)
    return max(fixed, raised)
