"""The plots of a report as SVG: distributions, the score over time, both models' scores."""

from collections.abc import Callable, Sequence

from driftloop.alerts.messages.wording import number
from driftloop.base.distribution import Shape
from driftloop.base.findings import Finding
from driftloop.base.scores import Comparison, Score, format_number, metric_name, score_text, shown
from driftloop.reporting.html.axis import Axis, around, round_ticks, tick_label
from driftloop.reporting.html.rendering import text
from driftloop.reporting.html.svg import BESIDE, Drawing, Ink
from driftloop.reporting.run_report.inputs import ReportFigures, ReportInput, plotted_findings
from driftloop.reporting.run_report.score_plot import draw_scores, read_as
from driftloop.reporting.run_report.training import comparison_alt_text, gain_alt_text

_WIDTH, _HEIGHT = 302.0, 122.0
_ROW, _UNDER = 19.5, 22.0
_LABEL = 16


def draw_figures(report: ReportInput) -> ReportFigures:
    """Return every plot of a report; nothing is read for it but the record."""
    features = {
        place: _feature(finding, shape)
        for place, (finding, shape) in enumerate(plotted_findings(report.record))
    }
    retrain = report.record.retrain
    compared = retrain.comparison if retrain is not None else None
    performance = draw_scores(report)
    if compared is None:
        return ReportFigures(features, performance)
    return ReportFigures(features, performance, _comparison(compared), _gain(compared))


def _feature(finding: Finding, shape: Shape) -> str:
    draw = _categories(shape, finding.new_categories) if shape.labels else _numbers(shape)
    words = finding.sentence.replace("`", "")[:300]
    return draw.element(f"Distribution before and now. {words}")


def _numbers(shape: Shape) -> Drawing:
    """Draw both histograms over the same axis; the reference is filled."""
    draw, top = Drawing(_WIDTH, _HEIGHT), _top(shape)
    across = Axis(shape.edges[0], shape.edges[-1], 30, 297, shape.logarithmic)
    up = Axis(0, top * 1.08, _HEIGHT - 19, 4)
    _shares(top, lambda share, label: draw.level(across, up.place(share), label))
    before, now = (
        _steps(shape.edges, side, across, up) for side in (shape.reference, shape.current)
    )
    draw.area(before, "before", 0.55)
    draw.line(before, "before")
    draw.line(now, "now", 1.8)
    ticks = [(value, format_number(value)) for value in _value_ticks(shape)]
    draw.ground(across, up.begin, ticks)
    return draw


def _steps(
    edges: Sequence[float], shares: Sequence[float], across: Axis, up: Axis
) -> list[tuple[float, float]]:
    points = [(across.place(edges[0]), up.begin)]
    for left, right, share in zip(edges, edges[1:], shares, strict=False):
        points += [(across.place(edge), up.place(share)) for edge in (left, right)]
    return [*points, (across.place(edges[-1]), up.begin)]


def _value_ticks(shape: Shape) -> Sequence[float]:
    if not shape.logarithmic:
        return round_ticks(shape.edges[0], shape.edges[-1], 4)
    last = len(shape.edges) - 1
    return [shape.edges[last * part // 8] for part in (1, 3, 5, 7)]


def _categories(shape: Shape, new: Sequence[str]) -> Drawing:
    bottom, top = 4 + _ROW * len(shape.labels), _top(shape)
    draw, across = Drawing(_WIDTH, bottom + _UNDER), Axis(0, top * 1.12, 97, 297)
    ticks: list[tuple[float, str]] = []

    def upright(share: float, label: str) -> None:
        place = across.place(share)
        draw.line([(place, 4), (place, bottom)], "line", 0.8)
        ticks.append((share, label))

    _shares(top, upright)
    unseen = {category[:80] for category in new}
    both = zip(shape.labels, shape.reference, shape.current, strict=True)
    for place, (label, before, now) in enumerate(both):
        middle, left = 4 + _ROW * (place + 0.5), across.begin
        draw.box((left, middle - 7.2), (across.place(before), middle - 0.2), "before")
        draw.box((left, middle + 0.5), (across.place(now), middle + 6.7), None, "now")
        draw.text((left - BESIDE, middle + 3), text(label, _LABEL), "ink", "end")
        if label in unseen:
            draw.text((across.place(now) + BESIDE, middle + 7), "new", "warn", bold=True)
    draw.ground(across, bottom, ticks)
    return draw


def _top(shape: Shape) -> float:
    return max((*shape.reference, *shape.current), default=1.0) or 1.0


def _shares(top: float, draw: Callable[[float, str], None]) -> None:
    for share in (0, top / 2, top):
        draw(share, f"{share:.0%}")


def _comparison(comparison: Comparison) -> str:
    rows: list[tuple[str, Score, Ink]] = [("challenger", comparison.challenger, "now")]
    if comparison.champion is not None:
        rows.insert(0, ("champion", comparison.champion, "before"))
    ends = [end for _, score, _ in rows for end in (score.low, score.high, score.value)]
    draw, across, up = _rows(ends, 60, len(rows), comparison.metric)
    for place, (name, score, ink) in enumerate(rows):
        level = up.place(place)
        draw.line([(across.place(score.low), level), (across.place(score.high), level)], ink, 3)
        _value(draw, (across.place(score.value), level), ink, score_text(score.metric, score.value))
        draw.text((across.begin - BESIDE, level + 3), name, "ink", "end")
    draw.text((across.begin, 12), text(metric_name(comparison.metric, begins=True), 30))
    return draw.element(comparison_alt_text(comparison))


def _gain(comparison: Comparison) -> str | None:
    gain = comparison.difference
    if gain is None:
        return None
    low, high = (gain if end is None else end for end in (comparison.low, comparison.high))
    ahead = comparison.next_windows
    later = [ahead.low, ahead.high] if ahead else []
    draw, across, up = _rows([low, high, gain, comparison.bound, *later], 12, 1)
    ink: Ink = "good" if comparison.proven else "bad"
    needed, level = across.place(comparison.bound), up.place(0)
    draw.line([(needed, up.end), (needed, up.begin)], "dim", 1.2, "4 2")
    draw.text((needed + 3, up.begin - 3), "needed")
    if ahead:  # thin beside what the holdout's rows say
        draw.line([(across.place(end), level) for end in later], "dim", 1.2)
    draw.line([(across.place(low), level), (across.place(high), level)], ink, 3)
    _value(draw, (across.place(gain), level), ink, number(gain, "+"))
    title = f"gain; thin line: in the next {ahead.name}" if ahead else "gain of the challenger"
    draw.text((across.begin, 12), text(title, 60))
    return draw.element(gain_alt_text(comparison))


def _rows(
    values: Sequence[float], left: float, count: int, metric: str | None = None
) -> tuple[Drawing, Axis, Axis]:
    """Return a plot of values, of a metric where one is named, and rows below each other."""
    draw = Drawing(_WIDTH, _HEIGHT)
    ends = around(min(values), max(values), 0.12)
    across = Axis(*read_as(metric, ends), left, 293)
    up = Axis(count - 0.4, -0.7, _HEIGHT - 20, 16)
    ticks = [(value, tick_label(shown(metric, value))) for value in round_ticks(*ends, 5)]
    for value, _ in ticks:
        draw.line([(across.place(value), up.end), (across.place(value), up.begin)], "line", 0.8)
    draw.ground(across, up.begin, ticks)
    return draw, across, up


def _value(draw: Drawing, at: tuple[float, float], ink: Ink, label: str) -> None:
    draw.dot(at, 3.3, ink)
    draw.text((at[0], at[1] - 7), label, "ink", "middle")
