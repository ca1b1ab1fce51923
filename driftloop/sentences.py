"""Findings in words: what changed in a column, with the numbers a person would use."""

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


def number(value: float) -> str:
    """Return a number with about four significant digits and no exponent where avoidable."""
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else f"{value:.4g}"


def share(value: float) -> str:
    """Return a share as a percentage, with a decimal only below 10 %."""
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}" if value == 0 or value >= 0.1 else f"{value:.1%}"


def describe_numbers(name: str, reference: Values, current: Values) -> str:
    """Say how the median moved and how much of the new data lies beyond the reference's tails."""
    old, new = float(np.median(reference)), float(np.median(current))
    verb = "stayed near" if np.isclose(old, new, rtol=0.02) else ("rose" if new > old else "fell")
    moved = (
        f"stayed near {number(new)}"
        if verb == "stayed near"
        else (f"{verb} from {number(old)} to {number(new)}")
    )
    low, high = np.quantile(reference, [0.05, 0.95])
    below, above = float(np.mean(current < low)), float(np.mean(current > high))
    if max(below, above) >= 0.15:
        side, beyond = ("below", below) if below >= above else ("above", above)
        percentile = "5th" if side == "below" else "95th"
        return (
            f"`{name}` {moved} (median); {share(beyond)} of the new values lie {side} the "
            f"reference's {percentile} percentile."
        )
    spreads = [np.subtract(*np.quantile(side, [0.75, 0.25])) for side in (reference, current)]
    return (
        f"`{name}` {moved} (median); its middle half spans {number(spreads[1])}, "
        f"before {number(spreads[0])}."
    )


def describe_categories(name: str, reference: Values, current: Values) -> str:
    """Say which category's share moved most, and name categories the reference never held."""
    levels = np.unique(np.concatenate([reference, current]))
    old, new = (_shares(side, levels) for side in (reference, current))
    most = int(np.argmax(np.abs(new - old)))
    verb = "rose" if new[most] >= old[most] else "fell"
    unseen = (old == 0) & (new > 0)
    text = f"`{name}`: {levels[most]} {verb} from {share(old[most])} to {share(new[most])}"
    if not unseen.any():
        return f"{text}."
    names = [str(level) for level in levels[unseen][np.argsort(-new[unseen])]]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{text}; never seen before: {', '.join(names[:3])}{more} ({share(new[unseen].sum())})."


def describe_missing(name: str, reference: float, current: float) -> str:
    """Say how the share of missing values moved."""
    return f"`{name}` is missing in {share(current)} of the rows, before {share(reference)}."


def _shares(values: Values, levels: Values) -> npt.NDArray[np.float64]:
    codes = np.searchsorted(levels, values)
    return np.bincount(codes, minlength=len(levels)) / len(values)
