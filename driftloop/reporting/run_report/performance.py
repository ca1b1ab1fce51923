"""The realised performance of the champion over time."""

from functools import partial

from driftloop.alerts.messages.wording import count, number, scored
from driftloop.base.findings import Performance
from driftloop.base.periods import format_time
from driftloop.base.scores import metric_name, score_text, shown
from driftloop.reporting.business import BusinessSeries, business_series
from driftloop.reporting.run_report.inputs import ReportInput
from driftloop.reporting.run_report.past_runs import RunPoint, point_of_record


def points_with_scores(report: ReportInput) -> tuple[RunPoint, ...]:
    """Return the runs that have a score of the metric of this run, oldest first."""
    metric = report.record.performance.metric
    runs = (*report.past, point_of_record(report.run_id, report.record))
    return tuple(run for run in runs if run.score is not None and run.metric == metric)


def points_with_estimates(report: ReportInput) -> tuple[RunPoint, ...]:
    """Return the runs that estimated a score without labels, oldest first."""
    metric = report.record.performance.metric
    runs = (*report.past, point_of_record(report.run_id, report.record))
    return tuple(run for run in runs if run.estimated is not None and run.metric in (metric, None))


def business_of_runs(report: ReportInput) -> tuple[BusinessSeries, ...]:
    """Return the course of each business figure over the runs that have a score."""
    points = points_with_scores(report)
    metric = report.record.performance.metric
    units = {figure.name: figure.unit for figure in report.record.business}
    scores = [shown(metric, point.score) for point in points]
    return business_series([point.business for point in points], scores, metric, units)


def performance_alt_text(report: ReportInput) -> str:
    """Return what the plot of the performance shows, for those who do not see it."""
    points = points_with_scores(report)
    if not points:
        return "No scores yet."
    first, last = points[0], points[-1]
    metric = report.record.performance.metric
    scores = [shown(metric, point.score) for point in points if point.score is not None]
    return (
        f"{metric_name(metric, begins=True)} of {count(len(points), 'run')} from "
        f"{format_time(first.as_of)} to {format_time(last.as_of)}: "
        f"between {number(min(scores))} and {number(max(scores))}, "
        f"last {scored(metric, last.score, last.low, last.high)}."
    )


def performance_details(performance: Performance) -> str:
    """Return the rows, the baseline and the estimate in one line."""
    written = partial(score_text, performance.metric)
    parts = [f"{count(performance.rows, 'labelled row')} from {performance.window}"]
    if performance.baseline is not None:
        allowed = f", allowed loss {number(performance.margin)}" if performance.margin else ""
        parts.append(f"baseline {written(performance.baseline)}{allowed}")
    pooled = performance.pooled
    if pooled is not None and pooled.windows > 1:
        parts.append(f"{written(pooled.score)} over {pooled.windows} windows together")
    if performance.level is not None and performance.level.value != performance.baseline:
        parts.append(f"{written(performance.level.value)} held before, whichever version served")
    if performance.estimated is not None:
        parts.append(f"{written(performance.estimated)} was promised of these rows")
    return " · ".join(parts)
