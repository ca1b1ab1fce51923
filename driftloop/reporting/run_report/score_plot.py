"""The plot of the score over time: scores with intervals, estimates, limits and promotions."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from driftloop.base.scores import is_error, metric_name, shown
from driftloop.reporting.html.axis import Axis, around, round_ticks, round_times, tick_label
from driftloop.reporting.html.rendering import text
from driftloop.reporting.html.svg import Drawing, Ink
from driftloop.reporting.run_report.inputs import ReportInput
from driftloop.reporting.run_report.past_runs import RunPoint
from driftloop.reporting.run_report.performance import (
    business_of_runs,
    performance_alt_text,
    points_with_estimates,
    points_with_scores,
)

_WIDTH, _HEIGHT = 590.0, 194.0


def draw_scores(report: ReportInput) -> str | None:
    """Return the plot, or None where no run has a score."""
    points = points_with_scores(report)
    if not points:
        return None
    # A score belongs to the end of the window whose labels it was measured on.
    late = report.record.as_of - (report.labelled_until or report.record.as_of)
    times = [point.as_of - late for point in points]
    begin, end = min(times), max(*times, report.record.as_of)
    margin = (end - begin) / 20 or timedelta(weeks=1)  # a single run has a time, and no span
    begin, end = begin - margin, end + margin
    draw = Drawing(_WIDTH, _HEIGHT)
    across = Axis(begin.timestamp(), end.timestamp(), 50, 581)
    metric, ends = report.record.performance.metric, _reach(report, points)
    up = Axis(*read_as(metric, ends), _HEIGHT - 27, 14)
    _unlabelled(draw, report, across, up)
    for value in round_ticks(*ends, 6):
        draw.level(across, up.place(value), tick_label(shown(metric, value)))
    _scores(draw, points, [across.place(time.timestamp()) for time in times], up)
    _estimates(draw, report, across, up)
    _business(draw, report, [across.place(time.timestamp()) for time in times], up)
    _limits(draw, report, [*times, max(times[-1], report.record.as_of)], across, up)
    _promotions(draw, report, across, up, times[0])
    draw.ground(across, up.begin, round_times(begin, end))
    name = text(metric_name(metric, begins=True), 30)
    draw.text((11, (up.begin + up.end) / 2), name, anchor="middle", upwards=True)
    return draw.element(performance_alt_text(report))


def read_as(metric: str | None, ends: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of an axis of scores as people read them: an error rises along it."""
    return (ends[1], ends[0]) if is_error(metric) else ends


def _bounds(point: RunPoint) -> tuple[float, float, float]:
    """Return the score of a run, and its interval where it has one."""
    score = math.nan if point.score is None else point.score
    low, high = (score if end is None else end for end in (point.low, point.high))
    return score, low, high


def _reach(report: ReportInput, points: Sequence[RunPoint]) -> tuple[float, float]:
    drawn = [value for point in points for value in _bounds(point)]
    drawn += [point.estimated or 0.0 for point in points_with_estimates(report)]
    drawn += [value for pair in _baselines(report) for value in pair]
    known = [value for value in drawn if math.isfinite(value)] or [0.0]
    return around(min(known), max(known), 0.05)


def _scores(draw: Drawing, points: Sequence[RunPoint], places: Sequence[float], up: Axis) -> None:
    """Draw the scores and their intervals; those that fell are marked by their shape too."""
    bounds = [_bounds(point) for point in points]
    for x, (_, low, high) in zip(places, bounds, strict=True):
        draw.line([(x, up.place(low)), (x, up.place(high))], "before", 2.2)
    marks = [(x, up.place(score)) for x, (score, _, _) in zip(places, bounds, strict=True)]
    draw.line(marks, "before", 1.4)
    for point, (x, y) in zip(points, marks, strict=True):
        if point.outcome == "fell":
            draw.area([(x - 3.4, y - 3), (x + 3.4, y - 3), (x, y + 3.6)], "bad")
        else:
            draw.dot((x, y), 2.5, "before")


def _estimates(draw: Drawing, report: ReportInput, across: Axis, up: Axis) -> None:
    """Draw what was estimated of each run's window, before its labels."""
    marks = [
        (across.place(point.as_of.timestamp()), up.place(point.estimated or 0.0))
        for point in points_with_estimates(report)
    ]
    draw.line(marks, "dim")
    for mark in marks:
        draw.dot(mark, 1, "dim")


def _business(draw: Drawing, report: ReportInput, places: Sequence[float], up: Axis) -> None:
    """Draw each business figure over its own range, from the bottom of the plot to its top."""
    for series in business_of_runs(report):
        known = [value for value in series.values if value is not None]
        low, reach = min(known), (max(known) - min(known)) or 1.0
        marks = [
            (x, up.begin + (value - low) / reach * (up.end - up.begin))
            for x, value in zip(places, series.values, strict=True)
            if value is not None
        ]
        draw.line(marks, "good", dashes="2 2")


def _baselines(report: ReportInput) -> list[tuple[float, float]]:
    """Return the champion's baseline and its limit at each run, no numbers where unknown."""
    margin = report.record.performance.margin or 0.0
    known = [report.baselines.get(point.champion, math.nan) for point in points_with_scores(report)]
    return [(baseline, baseline - margin) for baseline in known]


def _limits(
    draw: Drawing, report: ReportInput, times: Sequence[datetime], across: Axis, up: Axis
) -> None:
    """Draw each champion's baseline and its limit as steps; `times` has the end of the last."""
    places = [across.place(time.timestamp()) for time in times]
    styles: tuple[tuple[Ink, str], ...] = (("dim", "5 3"), ("bad", "1 2"))
    for side, (ink, dashes) in enumerate(styles):
        points: list[tuple[float, float]] = []
        for place, pair in enumerate(_baselines(report)):
            points += [(x, up.place(pair[side])) for x in places[place : place + 2]]
        draw.line(points, ink, dashes=dashes)


def _promotions(
    draw: Drawing, report: ReportInput, across: Axis, up: Axis, begin: datetime
) -> None:
    for entry in report.ledger:
        if entry.kind in ("promoted", "rolled_back") and begin < entry.as_of <= report.record.as_of:
            at = across.place(entry.as_of.timestamp())
            draw.line([(at, up.end), (at, up.begin)], "good", dashes="4 2")
            draw.text((at, up.end - 3), f"v{text(entry.version, 6)} live", "good", "middle")


def _unlabelled(draw: Drawing, report: ReportInput, across: Axis, up: Axis) -> None:
    """Mark the stretch at the end whose labels are not there yet."""
    if report.labelled_until is None or report.labelled_until >= report.record.as_of:
        return
    ends = (report.labelled_until, report.record.as_of)
    begin, end = (across.place(moment.timestamp()) for moment in ends)
    draw.box((begin, up.end), (end, up.begin), "plain-soft", "dim", "1 2")
    middle = ((begin + end) / 2 + 3, (up.begin + up.end) / 2)
    draw.text(middle, "no labels yet", anchor="middle", upwards=True)
