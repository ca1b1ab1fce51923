"""SVG plots as part of a page, in its colours, which follow the colour scheme.

They are written as text: a plotting library would take a fifth of a whole monitoring run.
"""

import html
import math
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from driftloop.reporting.html.axis import Axis
from driftloop.reporting.html.rendering import text

Ink = Literal["ink", "dim", "line", "before", "now", "warn", "plain-soft", "good", "bad"]
INKS: tuple[Ink, ...] = get_args(Ink)
Point = tuple[float, float]
BESIDE = 4.0
"""How far a label is from what it stands beside."""


class Drawing:
    """A plot of a width and a height, to which lines, areas and texts are added.

    Coordinates count from the upper left corner; what has one that is not a number is left out.
    """

    def __init__(self, width: float, height: float) -> None:
        self._size = width, height
        self._parts: list[str] = []

    def line(self, points: Sequence[Point], ink: Ink, width: float = 1.0, dashes: str = "") -> None:
        """Draw a line through points, with gaps where a coordinate is not a number."""
        dashed = f"; stroke-dasharray: {dashes}" if dashes else ""
        style = f"fill: none; stroke: var(--{ink}); stroke-width: {width:g}{dashed}"
        self._path(_path_of(points), style)

    def area(self, points: Sequence[Point], ink: Ink, opacity: float = 1.0) -> None:
        """Fill what lies between points."""
        self._path(f"{_path_of(points)} z", f"fill: var(--{ink}); fill-opacity: {opacity:g}")

    def dot(self, at: Point, radius: float, ink: Ink) -> None:
        """Draw a disc."""
        (x, y), r = at, radius
        if not math.isfinite(x + y):
            return
        around = f"a {r:g} {r:g} 0 1 0 {2 * r:g} 0 a {r:g} {r:g} 0 1 0 {-2 * r:g} 0 z"
        self._path(f"M {_place(x - r)} {_place(y)} {around}", f"fill: var(--{ink})")

    def box(
        self, begin: Point, end: Point, fill: Ink | None, edge: Ink | None = None, dashes: str = ""
    ) -> None:
        """Draw a rectangle between two corners."""
        (left, top), (right, bottom) = begin, end
        filled = f"var(--{fill})" if fill else "none"
        stroke = f"; stroke: var(--{edge}); stroke-width: {1 if dashes else 1.6}" if edge else ""
        dashed = f"; stroke-dasharray: {dashes}" if dashes else ""
        self._parts.append(
            f'<rect x="{_place(left)}" y="{_place(top)}" width="{_place(right - left)}" '
            f'height="{_place(bottom - top)}" style="fill: {filled}{stroke}{dashed}"/>'
        )

    def text(
        self,
        at: Point,
        words: str,
        ink: Ink = "dim",
        anchor: Literal["start", "middle", "end"] = "start",
        bold: bool = False,
        upwards: bool = False,
    ) -> None:
        """Write words; `at` is where their base line begins, has its middle, or ends."""
        x, y = map(_place, at)
        turned = f' transform="rotate(-90 {x} {y})"' if upwards else ""
        weight = "; font-weight: bold" if bold else ""
        self._parts.append(
            f'<text x="{x}" y="{y}" style="fill: var(--{ink}); text-anchor: {anchor}{weight}"'
            f"{turned}>{html.escape(text(words))}</text>"
        )

    def level(self, across: Axis, place: float, label: str) -> None:
        """Draw a line of the grid across, with a label at its beginning."""
        self.line([(across.begin, place), (across.end, place)], "line", 0.8)
        self.text((across.begin - BESIDE, place + 3), label, anchor="end")

    def ground(self, across: Axis, place: float, ticks: Sequence[tuple[float, str]]) -> None:
        """Draw the axis below, with the labels of values."""
        self.line([(across.begin, place), (across.end, place)], "line")
        for value, label in ticks:
            self.text((across.place(value), place + 12), label, anchor="middle")

    def element(self, alt_text: str) -> str:
        """Return the plot as an element of a page; `alt_text` says what it shows."""
        label, (width, height) = html.escape(text(alt_text)), self._size
        return (
            f'<svg role="img" aria-label="{label}" viewBox="0 0 {width:g} {height:g}" '
            'xmlns="http://www.w3.org/2000/svg" style="font-size: 9px">'
            f"<title>{label}</title>{''.join(self._parts)}</svg>"
        )

    def _path(self, places: str, style: str) -> None:
        if places.startswith("M"):
            self._parts.append(f'<path d="{places}" style="{style}"/>')


def _path_of(points: Iterable[Point]) -> str:
    commands, drawn = [], False
    for x, y in points:
        known = math.isfinite(x) and math.isfinite(y)
        if known:
            commands.append(f"{'L' if drawn else 'M'} {_place(x)} {_place(y)}")
        drawn = known
    return " ".join(commands)


def _place(value: float) -> str:
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")
