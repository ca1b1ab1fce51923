"""Findings in words: what changed in a column, with the numbers a person would use."""

import numpy as np

from driftloop.base.errors import listed
from driftloop.profiling.column_pair import QUARTILES, CategoricalPair, NumericPair


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


def describe_numbers(name: str, pair: NumericPair) -> str:
    """Say how the median moved and how much of the new data lies beyond the reference's tails."""
    before = [pair.reference.quantile(level) for level in QUARTILES]
    old, new = before[1], pair.quartiles[1]
    near = abs(old - new) <= 1e-8 + 0.02 * abs(new)
    verb = "rose" if new > old else "fell"
    moved = f"stayed near {number(new)}" if near else f"{verb} from {number(old)} to {number(new)}"
    below, above = pair.beyond
    if max(below, above) >= 0.15:
        side, beyond = ("below", below) if below >= above else ("above", above)
        percentile = "5th" if side == "below" else "95th"
        return (
            f"`{name}` {moved} (median); {share(beyond)} of the new values lie {side} the "
            f"reference's {percentile} percentile."
        )
    return (
        f"`{name}` {moved} (median); its middle half spans "
        f"{number(pair.quartiles[2] - pair.quartiles[0])}, before {number(before[2] - before[0])}."
    )


def describe_categories(name: str, pair: CategoricalPair) -> str:
    """Say which category's share moved most, and name categories the reference never held."""
    n, m = pair.rows
    old, new = pair.reference / n, pair.current / m
    most = int(np.argmax(np.abs(new - old)))
    verb = "rose" if new[most] >= old[most] else "fell"
    text = f"`{name}`: {pair.levels[most]} {verb} from {share(old[most])} to {share(new[most])}"
    unseen = pair.new
    if len(unseen) == 0:
        return f"{text}."
    held = share(float(new[old == 0].sum()))
    return f"{text}; never seen before: {listed(unseen, 3)} ({held})."


def describe_missing(name: str, reference: float, current: float) -> str:
    """Say how the share of missing values moved."""
    return f"`{name}` is missing in {share(current)} of the rows, before {share(reference)}."


def describe_new(name: str, pair: CategoricalPair) -> str:
    """Name the categories that the reference never held, and their share."""
    held = share(float(pair.current[pair.reference == 0].sum() / pair.rows[1]))
    return f"`{name}` holds categories the reference never held: {listed(pair.new, 3)} ({held})."


def describe_vanished(name: str, pair: CategoricalPair) -> str:
    """Name the categories that are gone, and the share that the first of them had."""
    gone = pair.vanished
    lost = float(pair.reference[pair.current == 0].max() / pair.rows[0])
    return f"`{name}` no longer holds {listed(gone, 3)}; {gone[0]} had {share(lost)} of the rows."
