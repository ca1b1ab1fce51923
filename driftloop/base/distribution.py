"""The shape of a column: its distribution in the reference and in the current window."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every command reads records, and not one that is mistyped should wait for numpy
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RANGES = 24
_LONG_TAIL = 5.0
"""From this multiple of the median on a 99th percentile leaves no room for the rest."""
MOST_LABELS = 12
LONGEST_LABEL = 80
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Shape:
    """Shares of rows by bin or category, in the reference and in the current window.

    The shares of each sum to one. Numbers have the edges of ranges, one more than there are shares,
    of equal width, or of equal ratio where a long tail would flatten them; categories have labels.
    """

    name: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]

    @property
    def logarithmic(self) -> bool:
        """Whether the ranges are equally wide on a logarithmic axis."""
        if len(self.edges) < 4 or self.edges[0] <= 0:
            return False
        outer, inner = (self.edges[place] * self.edges[-1 - place] for place in (0, 1))
        return abs(inner - outer) < 1e-6 * outer


def shape_of_numbers(
    name: str, reference: "Floats", current: "Floats", spread: bool = False
) -> Shape:
    """Return the shape of a number over up to `RANGES` ranges of equal width.

    Effect sizes use quantiles of the reference, over which every reference is flat; people look for
    its own form. Values beyond the central ones of both samples belong to the first or the last
    range. Of the sorted values (n,) and (m,) only some are read. Where current values are `spread`
    evenly over steps that they were counted in, whole numbers are at the steps' ends.
    """
    import numpy as np

    if spread and _whole(reference):
        current = np.ceil(current)
    edges = _edges(reference, current)
    before, now = (
        (0, *np.searchsorted(side, edges[1:-1], "right").tolist(), len(side))
        for side in (reference, current)
    )
    shares = (
        tuple((upper - lower) / bounds[-1] for lower, upper in pairwise(bounds))
        for bounds in (before, now)
    )
    return Shape(name, (), tuple(edges.tolist()), *shares)


def _edges(reference: "Floats", current: "Floats") -> "Floats":
    """Return ascending edges (k + 1,); each range holds the same number of whole numbers."""
    import numpy as np

    sides = reference, current
    low = min(float(side[int(0.01 * (len(side) - 1))]) for side in sides)
    high = max(float(side[int(np.ceil(0.99 * (len(side) - 1)))]) for side in sides)
    wide, middle = high - low > RANGES, float(reference[len(reference) // 2])
    whole = all(map(_whole, sides))
    if low > 0 and high > _LONG_TAIL * middle and (wide or not whole):
        return np.geomspace(low, high, RANGES + 1)
    exact = max(abs(low), abs(high)) < 2**50
    if exact and whole:
        width = np.ceil((high - low + 1) / RANGES)
        count = int(np.ceil((high - low + 1) / width))
        return np.asarray(low - 0.5 + width * np.arange(count + 1))
    if not low < high:
        margin = min(0.5 * (abs(low) or 1.0), 1e307)
        low, high = low - margin, high + margin
    place = np.linspace(0, 1, RANGES + 1)
    return np.asarray(low * (1 - place) + high * place)  # high - low may be beyond float64


def _whole(ordered: "Floats") -> bool:
    """Return whether sorted values look like whole numbers, by some of them."""
    import numpy as np

    some = ordered[:: max(1, len(ordered) // 200)]
    return bool((some == np.floor(some)).all())


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
