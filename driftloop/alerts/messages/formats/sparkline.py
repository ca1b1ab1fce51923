"""Distributions drawn in a line of text, with eight levels of block characters."""

from collections.abc import Sequence

from driftloop.base.distribution import Shape

LEVELS = "▁▂▃▄▅▆▇█"
MOST_BARS = 10


def sparkline(shares: Sequence[float], top: float | None = None) -> str:
    """Return one block a share; the highest stands for `top`, or for the largest share.

    Example:
        >>> sparkline([0.05, 0.1, 0.2, 0.4])
        '▁▂▄█'
    """
    highest = top if top is not None else max(shares, default=0.0)
    return "".join(LEVELS[_level(share, highest)] for share in shares)


def before_and_after(shape: Shape) -> str:
    """Return both distributions on one scale: ``▅▅▅▅ → ▁▂▅█``."""
    reference, current = _few(shape.reference), _few(shape.current)
    top = max((*reference, *current), default=0.0)
    return f"{sparkline(reference, top)} → {sparkline(current, top)}"


def _level(share: float, highest: float) -> int:
    if not share > 0 or not highest > 0:
        return 0
    return min(len(LEVELS) - 1, max(0, round(share / highest * len(LEVELS)) - 1))


def _few(shares: tuple[float, ...]) -> tuple[float, ...]:
    """Join neighbours until there are few enough bars for the width of a phone."""
    each = -(-len(shares) // MOST_BARS) or 1
    return tuple(sum(shares[start : start + each]) for start in range(0, len(shares), each))
