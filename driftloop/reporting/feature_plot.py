"""The plot beside an incident: the distributions of the features that changed most."""

import io
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from driftloop.base.distribution import Shape
from driftloop.base.scores import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue and orange are distinct with any colour vision, and in grey.
_BEFORE = "#9ec5e8"
_NOW = "#d55e00"
_PANELS = 3
_NAME = 18
_LABEL = 9
_TITLE = 20


def draw_feature_plot(shapes: tuple[Shape, ...], title: str) -> bytes:
    """Return a PNG of at most three features side by side; see `feature_figure`."""
    written = io.BytesIO()
    figure = feature_figure(shapes[:_PANELS], title)
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def feature_figure(shapes: Sequence[Shape], title: str) -> "Figure":
    """Return a figure of features, three to a row, the reference below the current window.

    Heights are shares of rows; values beyond the axis of a number are in its first or last range.
    """
    from matplotlib.figure import Figure

    panels, rows = min(max(len(shapes), 1), _PANELS), max(-(-len(shapes) // _PANELS), 1)
    figure = Figure(figsize=(2.25 * panels + 0.3, 2.8 * rows), dpi=150, layout="constrained")
    text = drawable(title, _TITLE * panels)
    figure.suptitle(text, fontsize=13, x=0.01, ha="left", parse_math=False)
    every = figure.subplots(rows, panels, squeeze=False).ravel()
    for axes in every[len(shapes) :]:
        axes.set_visible(not shapes)
    for shape, axes in zip(shapes, every, strict=False):
        axes.set_title(drawable(shape.name, _NAME), fontsize=12, parse_math=False)
        axes.spines[["top", "right"]].set_visible(False)
        draw = _categories if shape.labels else _numbers
        draw(axes, shape)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower right", ncols=2, frameon=False, fontsize=11)
    return figure


def value_axis(axes: "Axes", shape: Shape, ticks: int) -> None:
    """Label the axis of a number's values, which is logarithmic where its ranges are."""
    from matplotlib.ticker import MaxNLocator, NullLocator

    if shape.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        last, parts = len(shape.edges) - 1, 2 * ticks
        axes.set_xticks([shape.edges[last * part // parts] for part in range(1, parts, 2)])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(ticks))
    axes.xaxis.set_major_formatter(lambda edge, _: edge_label(edge))


def _numbers(axes: "Axes", shape: Shape) -> None:
    axes.stairs(shape.reference, shape.edges, fill=True, color=_BEFORE, label="reference")
    axes.stairs(shape.current, shape.edges, color=_NOW, linewidth=2, label="current window")
    axes.set_xlim(shape.edges[0], shape.edges[-1])
    axes.set_ylim(bottom=0)
    value_axis(axes, shape, 2)
    axes.tick_params(labelsize=10)
    axes.yaxis.set_major_formatter(_percent)


def _categories(axes: "Axes", shape: Shape) -> None:
    places = range(len(shape.labels))
    axes.barh(places, shape.reference, height=0.9, color=_BEFORE, label="reference")
    axes.barh(places, shape.current, height=0.45, color=_NOW, label="current window")
    labels = [drawable(label, _LABEL) for label in shape.labels]
    axes.set_yticks(list(places), labels, parse_math=False)
    axes.invert_yaxis()
    axes.tick_params(labelsize=10 if len(labels) <= 8 else 8)
    axes.tick_params(axis="x", labelsize=10)
    axes.xaxis.set_major_formatter(_percent)


def _percent(share: float, _: float) -> str:
    return f"{share:.0%}"


def edge_label(edge: float) -> str:
    """Return a value as the label of a tick."""
    return format_number(edge)


def drawable(text: str, limit: int) -> str:
    """Return text as one line of characters that the font has."""
    glyphs = _glyphs()
    known = (_glyph(character, glyphs) for character in text[: limit * 10])
    line = " ".join("".join(known).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


@cache
def _glyphs() -> Mapping[int, int]:
    from matplotlib.font_manager import findfont, get_font

    return get_font(findfont("DejaVu Sans")).get_charmap()


def _glyph(character: str, glyphs: Mapping[int, int]) -> str:
    if unicodedata.category(character)[0] in "CZ":
        return " " if unicodedata.category(character) != "Cf" else ""
    return character if ord(character) in glyphs else "□"
