"""The plots of a report as SVG: distributions, the score over time, both models' scores."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from driftloop.alerts.messages.wording import number
from driftloop.base.distribution import Shape
from driftloop.base.findings import Finding
from driftloop.base.scores import Comparison, metric_name
from driftloop.reporting.feature_plot import drawable, value_axis
from driftloop.reporting.html.svg import INKS, inline_svg
from driftloop.reporting.run_report.inputs import ReportFigures, ReportInput, plotted_findings
from driftloop.reporting.run_report.performance import (
    performance_alt_text,
    points_with_estimates,
    points_with_scores,
)
from driftloop.reporting.run_report.training import comparison_alt_text, gain_alt_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL = 16
_SALT = "driftloop"
_ABOVE: dict[str, Any] = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center"}


def draw_figures(report: ReportInput) -> ReportFigures:
    """Return every plot of a report; nothing is read for it but the record."""
    with _style():
        features = {
            place: _feature(finding, shape, f"f{place}-")
            for place, (finding, shape) in enumerate(plotted_findings(report.record))
        }
        retrain = report.record.retrain
        compared = retrain.comparison if retrain is not None else None
        performance = _performance(report)
        if compared is None:
            return ReportFigures(features, performance)
        return ReportFigures(features, performance, _comparison(compared), _gain(compared))


def _feature(finding: Finding, shape: Shape, prefix: str) -> str:
    if shape.labels:
        height = 0.42 + 0.27 * len(shape.labels)
        figure, axes = _figure(4.2, height)
        _categories(axes, shape, finding.new_categories)
        figure.subplots_adjust(left=0.32, right=0.985, top=0.99, bottom=0.3 / height)
    else:
        figure, axes = _figure(4.2, 1.7)
        _numbers(axes, shape)
        figure.subplots_adjust(left=0.1, right=0.985, top=0.97, bottom=0.16)
    words = f"Distribution before and now. {finding.sentence.replace('`', '')[:300]}"
    return _svg(figure, words, prefix)


def _numbers(axes: "Axes", shape: Shape) -> None:
    """Draw both histograms over the same axis; the reference is filled."""
    top = max((*shape.reference, *shape.current), default=1.0) or 1.0
    before, now = INKS["before"], INKS["now"]
    filled: dict[str, Any] = {"facecolor": before, "edgecolor": before, "alpha": 0.55}
    axes.stairs(shape.reference, shape.edges, fill=True, **filled)
    axes.stairs(shape.current, shape.edges, color=now, linewidth=1.8)
    axes.set_xlim(shape.edges[0], shape.edges[-1])
    axes.set_ylim(0, top * 1.08)
    value_axis(axes, shape, 4)
    _shares_on(axes, "y", top)


def _categories(axes: "Axes", shape: Shape, new: Sequence[str]) -> None:
    places = range(len(shape.labels))
    unseen = {category[:80] for category in new}
    before, now = INKS["before"], INKS["now"]
    above, below = [place - 0.19 for place in places], [place + 0.19 for place in places]
    axes.barh(above, shape.reference, height=0.36, color=before)
    axes.barh(below, shape.current, height=0.36, facecolor="none", edgecolor=now, linewidth=1.6)
    top = max((*shape.reference, *shape.current), default=1.0) or 1.0
    for place, label in enumerate(shape.labels):
        if label in unseen:
            at = shape.current[place] + 0.02 * top
            axes.text(at, place + 0.19, "new", va="center", color=INKS["warn"], weight="bold")
    labels = [drawable(label, _LABEL) for label in shape.labels]
    axes.set_yticks(list(places), labels, parse_math=False)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(0, top * 1.12)
    _shares_on(axes, "x", top)


def _shares_on(axes: "Axes", side: Literal["x", "y"], top: float) -> None:
    axis = axes.yaxis if side == "y" else axes.xaxis
    axis.set_ticks([0, top / 2, top], [f"{part:.0%}" for part in (0, top / 2, top)])
    _grid(axes, side)


def _performance(report: ReportInput) -> str | None:
    points = points_with_scores(report)
    if not points:
        return None
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _figure(8.2, 2.7)
    # A score belongs to the end of the window whose labels it was measured on.
    late = report.record.as_of - (report.labelled_until or report.record.as_of)
    times: list[Any] = [point.as_of - late for point in points]
    scores = [point.score for point in points if point.score is not None]
    lows = [_bound(point.low, point.score) for point in points]
    highs = [_bound(point.high, point.score) for point in points]
    axes.vlines(times, lows, highs, color=INKS["before"], linewidth=2.2, alpha=0.7)
    axes.plot(times, scores, color=INKS["before"], linewidth=1.4)
    _estimates(axes, report)
    _marked(axes, report, times, scores)
    _limits(axes, report, times)
    _promotions(axes, report, times[0])
    _unlabelled(axes, report)
    begin, end = min(times), max(*times, report.record.as_of)
    around = (end - begin) / 20 or timedelta(weeks=1)  # a single run has a time, and no span
    axes.set_xlim(begin - around, end + around)
    locator = AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    _grid(axes, "y")
    metric = drawable(metric_name(report.record.performance.metric, begins=True), 30)
    axes.set_ylabel(metric, color=INKS["dim"], parse_math=False)
    figure.subplots_adjust(left=0.085, right=0.985, top=0.93, bottom=0.14)
    return _svg(figure, performance_alt_text(report), "p-")


def _marked(axes: "Axes", report: ReportInput, times: list[Any], scores: list[float]) -> None:
    """Mark the scores; those that fell by their shape too."""
    points = points_with_scores(report)
    for fell, marker, colour in ((False, "o", "before"), (True, "v", "bad")):
        picked = [place for place, point in enumerate(points) if (point.outcome == "fell") is fell]
        x, y = [times[place] for place in picked], [scores[place] for place in picked]
        size = 46 if fell else 24
        axes.scatter(x, y, s=size, marker=marker, color=INKS[colour], zorder=4)


def _estimates(axes: "Axes", report: ReportInput) -> None:
    """Draw what was estimated of each run's window, before its labels."""
    points = points_with_estimates(report)
    times: list[Any] = [point.as_of for point in points]
    estimates = [point.estimated or 0.0 for point in points]
    axes.plot(times, estimates, color=INKS["dim"], linewidth=1, marker=".", markersize=4, alpha=0.8)


def _limits(axes: "Axes", report: ReportInput, times: list[Any]) -> None:
    """Draw each champion's baseline and its limit as steps."""
    champions = [point.champion for point in points_with_scores(report)]
    if report.baselines.keys().isdisjoint(champions):
        return
    base = [report.baselines.get(champion, float("nan")) for champion in champions]
    where = times
    if len(times) == 1:
        where, base = [times[0], report.record.as_of], base * 2
    margin = report.record.performance.margin or 0.0
    limit = [baseline - margin for baseline in base]
    axes.step(where, base, where="post", color=INKS["dim"], linewidth=1, linestyle=(0, (5, 3)))
    axes.step(where, limit, where="post", color=INKS["bad"], linewidth=1.1, linestyle=(0, (1, 2)))


def _promotions(axes: "Axes", report: ReportInput, begin: Any) -> None:
    for entry in report.ledger:
        if entry.kind in ("promoted", "rolled_back") and begin < entry.as_of <= report.record.as_of:
            at: Any = entry.as_of
            axes.axvline(at, color=INKS["good"], linewidth=1, linestyle=(0, (4, 2)))
            axes.annotate(
                f"v{drawable(entry.version, 6)} live",
                (at, 1.015),
                xycoords=("data", "axes fraction"),
                ha="center",
                color=INKS["good"],
                parse_math=False,
            )


def _unlabelled(axes: "Axes", report: ReportInput) -> None:
    """Mark the stretch at the end whose labels are not there yet."""
    begin: Any = report.labelled_until
    end: Any = report.record.as_of
    if begin is None or begin >= end:
        return
    ground, edge = INKS["plain-soft"], INKS["dim"]
    axes.axvspan(begin, end, facecolor=ground, edgecolor=edge, linestyle=":", zorder=0)
    middle: Any = begin + (end - begin) / 2
    axes.annotate(
        "no labels yet",
        (middle, 0.5),
        xycoords=("data", "axes fraction"),
        rotation=90,
        ha="center",
        va="center",
        color=INKS["dim"],
    )


def _bound(value: float | None, score: float | None) -> float:
    bound = value if value is not None else score
    return float("nan") if bound is None else bound


def _comparison(comparison: Comparison) -> str:
    rows = [("challenger", comparison.challenger, "now")]
    if comparison.champion is not None:
        rows.insert(0, ("champion", comparison.champion, "before"))
    figure, axes = _figure(4.2, 1.7)
    for place, (_, score, ink) in enumerate(rows):
        axes.hlines(place, score.low, score.high, color=INKS[ink], linewidth=3)
        axes.scatter([score.value], [place], s=44, color=INKS[ink], zorder=3)
        axes.annotate(number(score.value), (score.value, place), **_ABOVE)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.7)
    title = drawable(metric_name(comparison.metric, begins=True), 30)
    axes.set_title(title, loc="left", color=INKS["dim"], parse_math=False)
    _scores_on_x(axes)
    figure.subplots_adjust(left=0.2, right=0.97, top=0.86, bottom=0.16)
    return _svg(figure, comparison_alt_text(comparison), "c-")


def _gain(comparison: Comparison) -> str | None:
    gain = comparison.difference
    if gain is None:
        return None
    figure, axes = _figure(4.2, 1.7)
    low, high = _bound(comparison.low, gain), _bound(comparison.high, gain)
    ink = "good" if comparison.proven else "bad"
    axes.axvline(comparison.bound, color=INKS["dim"], linestyle=(0, (4, 2)), linewidth=1.2)
    axes.hlines(0, low, high, color=INKS[ink], linewidth=3)
    axes.scatter([gain], [0], s=44, color=INKS[ink], zorder=3)
    axes.annotate(number(gain, "+"), (gain, 0), **_ABOVE)
    needed: dict[str, Any] = {**_ABOVE, "xytext": (3, 3), "ha": "left", "color": INKS["dim"]}
    axes.annotate("needed", (comparison.bound, 0), xycoords=("data", "axes fraction"), **needed)
    axes.set_yticks([])
    axes.set_ylim(0.6, -0.7)
    axes.set_title("gain of the challenger", loc="left", color=INKS["dim"])
    _scores_on_x(axes)
    figure.subplots_adjust(left=0.04, right=0.97, top=0.86, bottom=0.16)
    return _svg(figure, gain_alt_text(comparison), "g-")


def _grid(axes: "Axes", side: Literal["x", "y"]) -> None:
    axes.grid(axis=side, color=INKS["line"], linewidth=0.8)
    axes.set_axisbelow(True)


def _scores_on_x(axes: "Axes") -> None:
    _grid(axes, "x")
    axes.locator_params(axis="x", nbins=5)
    axes.margins(x=0.12)


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    axes = figure.subplots()
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(INKS["line"])
    axes.tick_params(length=0)
    return figure, axes


def _svg(figure: "Figure", words: str, prefix: str) -> str:
    written = io.StringIO()
    # Nothing about when and with what, so that the same run gives the same page.
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(written, format="svg", metadata=nothing)
    return inline_svg(written.getvalue(), words, prefix)


@contextmanager
def _style() -> Iterator[None]:
    from matplotlib import rc_context

    ink = INKS["ink"]
    with rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": _SALT,
            "font.size": 9,
            "axes.titlesize": 9,
            "text.color": ink,
            "axes.labelcolor": ink,
            "xtick.color": INKS["dim"],
            "ytick.color": INKS["dim"],
        }
    ):
        yield
