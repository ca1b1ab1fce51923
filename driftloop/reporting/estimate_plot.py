"""The plot of estimated performance: a curve with its interval, and what came true."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftloop.base.findings import EstimatedPerformance
from driftloop.base.scores import Score, format_number, is_error, metric_name, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_ESTIMATED, _REALISED, _LOST = "#0072b2", "#1a1a1a", "#d55e00"
_MOST_LABELS = 12

PlottedWindow = tuple[str, EstimatedPerformance, Score | None]
"""The label of a window, its estimate, and its realised score where there is one."""


def estimate_figure(baseline: Score | None, windows: Sequence[PlottedWindow]) -> "Figure":
    """Return a figure of windows, oldest first.

    Bars are intervals of the estimates, crosses realised scores; a dashed line is the score on the
    reference, a dotted one the limit below which performance counts as lost.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, (_, estimate, realised) in enumerate(windows):
        low, high = estimate.low, estimate.high
        if estimate.score is not None and low is not None and high is not None:
            colour = _LOST if estimate.status in ("falling", "lost") else _ESTIMATED
            axes.vlines(place, low, high, color=colour, linewidth=3)
            axes.plot([place], [estimate.score], "o", color=colour)
        if realised is not None:
            axes.plot([place], [realised.value], "x", color=_REALISED)
    _lines(axes, baseline, [estimate.limit for _, estimate, _ in windows])
    step = -(-len(windows) // _MOST_LABELS) or 1
    axes.set_xticks(range(0, len(windows), step), [title for title, *_ in windows[::step]])
    axes.tick_params(axis="x", rotation=30 if len(windows) > 1 else 0)
    axes.spines[["top", "right"]].set_visible(False)
    if windows:
        read_as(axes.yaxis, windows[-1][1].metric)
        axes.set_ylabel(metric_name(windows[-1][1].metric))
    return figure


def read_as(axis: "Axis", metric: str) -> None:
    """Label the scores along an axis as people read them: an error has no minus, and rises."""
    if is_error(metric):
        axis.set_major_formatter(lambda value, _: format_number(shown(metric, value)))
        axis.set_inverted(True)


def _lines(axes: "Axes", baseline: Score | None, limits: Sequence[float | None]) -> None:
    """Draw the lines across all windows, and say what everything is."""
    axes.plot([], [], "o-", color=_ESTIMATED, linewidth=3, label="estimated, 95 % interval")
    axes.plot([], [], "o-", color=_LOST, linewidth=3, label="estimated to be lost")
    axes.plot([], [], "x", color=_REALISED, label="realised", linestyle="none")
    known = [limit for limit in limits if limit is not None]
    if baseline is not None:
        axes.axhline(baseline.value, color="grey", linestyle="--", label="on the reference")
    if known:
        axes.axhline(known[-1], color=_LOST, linestyle=":", label="limit")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
