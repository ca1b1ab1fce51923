"""Lines of a small SVG plot: values scaled into its box, in whole units."""

from collections.abc import Sequence

Points = tuple[tuple[str, str], ...]


def scaled(
    places: Sequence[float],
    values: Sequence[float],
    ends: tuple[float, float],
    box: tuple[float, float, float],
) -> Points:
    """Return the points of a line as texts; `ends` are the values at the bottom and the top.

    `box` is width, height and the margin on every side. Places are scaled to the whole width.
    """
    width, height, edge = box
    low, reach = ends[0], (ends[1] - ends[0]) or 1.0
    first, span = places[0], (places[-1] - places[0]) or 1.0
    return tuple(
        (
            f"{edge + (place - first) / span * (width - 2 * edge):.0f}",
            f"{height - edge - (value - low) / reach * (height - 2 * edge):.0f}",
        )
        for place, value in zip(places, values, strict=True)
    )
