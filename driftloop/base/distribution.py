"""The shape of a column: its distribution in the reference and in the current window."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every command reads records, and not one that is mistyped should wait for numpy
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MOST_LABELS = 12
LONGEST_LABEL = 80
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Shape:
    """Shares of rows by bin or category, in the reference and in the current window.

    The shares of each sum to one. Numbers have the edges of their bins, one more than there are
    shares; categories have labels.
    """

    name: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


def shape_of_numbers(
    name: str, ends: "Floats", outer: tuple[float, float], reference: "Floats", current: "Floats"
) -> Shape:
    """Return the shape of a number counted over bins (b,) with ascending inner ends (b - 1,).

    `outer` are the smallest and the largest value of both sides. Bins that are empty on both sides
    are joined with a neighbour: they lie between values that have a bin of their own.
    """
    import numpy as np

    filled = np.flatnonzero(reference + current)
    inner = ends[filled[:-1]]
    edges = (outer[0], *(float(edge) for edge in inner), outer[1])
    return Shape(name, (), edges, _shares(reference[filled]), _shares(current[filled]))


def shape_of_categories(
    name: str, levels: "npt.NDArray[np.object_]", reference: "Floats", current: "Floats"
) -> Shape:
    """Return the shape of counted categories: the most frequent of either side, then the rest.

    Categories and counts have the shape (k,). Long labels are shortened, because shapes are stored
    with the alerts.
    """
    import numpy as np

    old, new = reference / reference.sum(), current / current.sum()
    order = np.argsort(-np.maximum(old, new), kind="stable")
    shown, others = order[:MOST_LABELS], order[MOST_LABELS:]
    labels = [str(level)[:LONGEST_LABEL] for level in levels[shown]]
    sides = [[float(share) for share in side[shown]] for side in (old, new)]
    if len(others):
        labels.append(OTHER)
        for side, shares in zip((old, new), sides, strict=True):
            shares.append(float(side[others].sum()))
    return Shape(name, tuple(labels), (), tuple(sides[0]), tuple(sides[1]))


def _shares(counts: "Floats") -> tuple[float, ...]:
    return tuple(float(share) for share in counts / counts.sum())
