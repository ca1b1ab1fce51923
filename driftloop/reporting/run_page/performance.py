"""The label and the realised performance of the champion over time."""

from driftloop.alerts.messages.wording import count, interval, number
from driftloop.base.periods import format_time
from driftloop.base.records import Performance
from driftloop.reporting.html.markup import Node, el, group, told
from driftloop.reporting.html.parts import figure, status_badge
from driftloop.reporting.run_page.past import RunPoint, point_of_record
from driftloop.reporting.run_page.source import ReportInput

_STATUS = {"ok": "holds"}


def label_section(source: ReportInput) -> Node:
    """Return how the label and the predictions moved, and what kinds of trouble there are."""
    record = source.record
    parts: list[Node] = []
    if record.label is not None:
        label = record.label
        parts.append(el("p", status_badge(label.status), " ", *told(label.sentence)))
    moved = [finding for finding in record.findings if finding.role in ("prediction", "joint")]
    parts += [el("p", status_badge(one.status), " ", *told(one.sentence)) for one in moved]
    for trouble in record.troubles:
        kind = trouble.kind.replace("_", " ")
        parts.append(
            el("p", el("strong", f"{kind[:1].upper()}{kind[1:]}. "), *told(trouble.sentence))
        )
    if record.aftermath:
        parts.append(el("p", el("strong", "Since the last promotion. "), *told(record.aftermath)))
    if not parts:
        parts.append(el("p", "Neither the label nor the predictions were judged.", class_="dim"))
    return el("section", el("h2", "Label and predictions"), *parts, id="label")


def performance_section(source: ReportInput) -> Node:
    """Return the champion's score now and over time, its limit, and which labels are missing."""
    performance = source.record.performance
    until = source.labelled_until
    delay = (
        el("p", el("span", class_="swatch waiting"), f" {_delay(source)}", class_="small")
        if until is not None and until < source.record.as_of
        else None
    )
    drawn = source.pictures.performance
    return el(
        "section",
        el("h2", "Performance over time"),
        el(
            "p",
            status_badge(_STATUS.get(performance.status, performance.status)),
            " ",
            *told(performance.sentence),
        ),
        el("p", *_figures(performance, source.margin), class_="dim small"),
        figure(drawn, broad=True) if drawn else el("p", "No run has a score yet.", class_="dim"),
        *group(_key() if drawn else None, delay),
        id="performance",
    )


def _key() -> Node:
    lines = (("score", "score with its interval"), ("base", "baseline"), ("limit", "limit"))
    shown = [el("span", el("span", class_=f"line {kind}"), f" {said}") for kind, said in lines]
    return el("p", *shown, class_="key small")


def points_with_scores(source: ReportInput) -> tuple[RunPoint, ...]:
    """Return the runs that have a score of the metric of this run, oldest first."""
    here = point_of_record(source.run_id, source.record)
    metric = source.record.performance.metric
    every = (*source.past, here)
    return tuple(one for one in every if one.score is not None and one.metric == metric)


def performance_words(source: ReportInput) -> str:
    """Return what the picture of the performance shows, for those who do not see it."""
    points = points_with_scores(source)
    performance = source.record.performance
    if not points:
        return "No scores yet."
    first, last = points[0], points[-1]
    scores = [point.score for point in points if point.score is not None]
    return (
        f"{performance.metric} of {count(len(points), 'run')} from {format_time(first.as_of)} to "
        f"{format_time(last.as_of)}: between {number(min(scores))} and {number(max(scores))}, last "
        f"{number(last.score)}{interval(last.low, last.high)}."
    )


def _figures(found: Performance, margin: float) -> tuple[str, ...]:
    parts = [f"{count(found.rows, 'labelled row')} from {found.window}"]
    if found.baseline is not None:
        parts.append(f"baseline {number(found.baseline)} less a margin of {number(margin)}")
    if found.estimated is not None:
        parts.append(f"the model's own probabilities promise {number(found.estimated)}")
    return (" · ".join(parts),)


def _delay(source: ReportInput) -> str:
    until = format_time(source.labelled_until) if source.labelled_until else ""
    return (
        f"Labels take {source.label_delay}: of what happened after {until} they are not there yet."
    )
