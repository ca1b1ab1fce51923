"""Sentences of findings: what changed in a column, in numbers that a person would use."""

import numpy as np

from driftloop.base.errors import join_names
from driftloop.base.scores import format_number, told_apart, trimmed
from driftloop.profiling.column_pair import QUARTILES, CategoricalPair, NumericPair


def format_share(value: float) -> str:
    """Return a share as a percentage, with a decimal only below 10 %."""
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}" if value == 0 or value >= 0.1 else f"{value:.1%}"


def format_p(value: float | None) -> str:
    """Return a p-value with two digits, never as zero; nothing without one."""
    if value is None:
        return ""
    return f"{value:.2g}" if value > 1e-99 else "<1e-99"


def describe_numbers(name: str, pair: NumericPair) -> str:
    """Return how the median moved and how much of the new data lies in the reference's tails."""
    before = [pair.reference.quantile(level) for level in QUARTILES]
    below, above = pair.outside_tails
    width, scale = before[2] - before[0], pair.reference.scale
    near = 0.0 if max(below, above) >= 0.5 else width  # else the median itself is in a tail
    moved = _moved((before[1], pair.quartiles[1]), near, width or scale)
    if max(below, above) >= 0.15:
        side, beyond = ("below", below) if below >= above else ("above", above)
        percentile = "5th" if side == "below" else "95th"
        return (
            f"`{name}` {moved}; {format_share(beyond)} of the new values lie {side} the "
            f"reference's {percentile} percentile."
        )
    return f"`{name}` {moved}; its spread {_spread(width, pair.quartiles[2] - pair.quartiles[0])}."


def _spread(old: float, new: float) -> str:
    """Return how the range of the middle half of the values changed."""
    before, after = format_number(old), format_number(new)
    if before == after:
        return f"is still {after}"
    return f"{'rose' if new > old else 'fell'} from {before} to {after}"


def _moved(medians: tuple[float, float], width: float, large: float) -> str:
    """Return how the median moved, by the width of the reference's middle half.

    Degrees Kelvin that move by 1 % may have left everything they ever were: near is what is less
    than a tenth of that width away, and where half of the values are one, nothing else is.
    A move of `large` or more is called so.
    """
    old, new = medians
    shift = abs(new - old)
    if shift <= max(0.02 * width, min(0.02 * abs(new), 0.1 * width)):
        before, after = format_number(old), format_number(new)
        return f"{'unchanged at' if before == after else 'stayed near'} {after} (median)"
    verb = "rose" if new > old else "fell"
    before, after = map(trimmed, told_apart(old, new))
    return f"{verb} from {before} to {after} (median){', a large move' if shift >= large else ''}"


def describe_categories(name: str, pair: CategoricalPair) -> str:
    """Return which category's share changed most, and the categories unseen in the reference."""
    n, m = pair.rows
    old, new = pair.reference / n, pair.current / m
    most = int(np.argmax(np.abs(new - old)))
    before, after = format_share(old[most]), format_share(new[most])
    verb = "rose" if new[most] > old[most] else "fell"
    moved = f"{verb} from {before} to {after}" if before != after else f"unchanged at {before}"
    text = f"`{name}`: {pair.levels[most]} {moved}"
    unseen = pair.new_categories
    if len(unseen) == 0:
        return f"{text}."
    new_share = format_share(float(new[old == 0].sum()))
    return f"{text}; never seen before: {join_names(unseen, 3)} ({new_share})."


def describe_missing(name: str, reference: float, current: float) -> str:
    """Return how the share of missing values changed."""
    now, before = format_share(current), format_share(reference)
    change = "unchanged" if now == before else f"previously {before}"
    return f"`{name}` is missing in {now} of the rows, {change}."


def describe_tails(name: str, shares: tuple[float, float], ends: tuple[float, float]) -> str:
    """Return how the share of values beyond both ends of the reference changed."""
    before, now = map(format_share, shares)
    low, high = map(format_number, ends)
    return f"`{name}` has {now} of its values below {low} or above {high}, previously {before}."


def describe_new_categories(name: str, pair: CategoricalPair) -> str:
    """Return the categories unseen in the reference, and their share."""
    new_share = format_share(pair.new_rows / pair.rows[1])
    unseen = join_names(pair.new_categories, 3)
    return f"`{name}` has categories unseen in the reference: {unseen} ({new_share})."


def describe_new_classes(label: str, pair: CategoricalPair) -> str:
    """Return the classes of a label that its model was not trained on, and their share."""
    new_share = format_share(pair.new_rows / pair.rows[1])
    unseen = join_names(pair.new_categories, 3)
    return (
        f"`{label}` has classes that the champion was never trained on and cannot predict: "
        f"{unseen} ({new_share} of the labels)."
    )


def describe_vanished_categories(name: str, pair: CategoricalPair) -> str:
    """Return the categories that vanished, and the share that the first of them had."""
    gone = pair.vanished_categories
    lost = format_share(float(pair.reference[pair.current == 0].max() / pair.rows[0]))
    return f"`{name}` no longer contains {join_names(gone, 3)}; {gone[0]} had {lost} of the rows."
