"""Monitoring runs and the status of all models in the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.base.findings import Finding, by_severity
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord
from driftloop.base.scores import metric_name
from flows.cli.display.promotion import retrain_view
from flows.cli.display.show import status_text

if TYPE_CHECKING:
    from driftloop.reporting.status import ModelStatus, Statuses

_SHOWN = 12


def monitor_view(record: MonitorRecord) -> Iterable[RenderableType]:
    """Yield the parts of a monitoring run that a person wants to see."""
    judged = (status_text("broken"), ", ") if record.broken else ()
    verdict = record.verdict
    yield Text.assemble(
        (f"{record.model} ", "bold"), f"{record.window}: ", *judged, status_text(verdict.status)
    )
    yield f"  {verdict.sentence}"
    yield (
        f"  {record.rows_current:,} rows against {record.rows_reference:,} of the reference; "
        f"data at {record.rev[:10]}"
    )
    for check in record.quality:
        if check.status != "ok":
            yield Text.assemble("  quality: ", status_text(check.status), f" {check.sentence}")
    performance = record.performance
    yield Text.assemble("  ", status_text(performance.status), " ", performance.sentence)
    if record.findings:
        yield _features(by_severity(record.findings))
    yield from _consequences(record)


def _consequences(record: MonitorRecord) -> Iterable[RenderableType]:
    for trouble in record.troubles:
        yield Text.assemble((trouble.kind.replace("_", " "), "bold"), f": {trouble.sentence}")
    for trial in record.trials:
        yield Text.assemble((trial.kind, "bold"), f": {trial.sentence}")
    if record.aftermath:
        yield f"  {record.aftermath}"
    yield Text.assemble("decision: ", (record.decision.action, "bold"))
    for reason in record.decision.reasons:
        yield f"  {reason}"
    if record.retrain is not None:
        yield from retrain_view(record.retrain)
    yield f"champion: version {record.serving}"


def _features(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("feature", "test", "p", "effect", "status", "what changed"):
        justify: JustifyMethod = "right" if name in ("p", "effect") else "left"
        table.add_column(name, justify=justify, no_wrap=name != "what changed")
    for finding in findings[:_SHOWN]:
        table.add_row(
            finding.name[:30],
            finding.test,
            _number(finding.p_adjusted, ".2g"),
            _number(finding.effect_size, ".3f"),
            status_text(finding.status),
            finding.sentence.replace("`", ""),
        )
    if len(findings) > _SHOWN:
        table.add_row(f"and {len(findings) - _SHOWN} more", "", "", "", "", "see --json")
    return table


def _number(value: float | None, form: str) -> str:
    return "" if value is None or value != value else format(value, form)


def status_view(statuses: "Statuses") -> Iterable[RenderableType]:
    """Yield a table with a line per model."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = "model", "champion", "score", "trained until", "as of", "verdict", "action", "alerts"
    for column in names:
        table.add_column(column)
    for model in statuses.models:
        score = "" if model.score is None else f"{metric_name(model.metric)} {model.score:.3f}"
        table.add_row(
            model.model,
            model.champion or "none",
            score,
            format_time(model.trained_until) if model.trained_until else "",
            format_time(model.as_of) if model.as_of else "never",
            status_text(model.verdict or ""),
            model.action or "",
            _alerts(model),
        )
    yield table


def _alerts(model: "ModelStatus") -> Text:
    """Return the open incident, until when the model is muted, and what waits to be sent."""
    parts = []
    if model.incident_since is not None:
        since = format_time(model.incident_since)
        parts.append((f"{model.incident_severity} since {since}", "red"))
    if model.muted_until is not None:
        parts.append((f"muted until {format_time(model.muted_until)}", "yellow"))
    if model.waiting:
        parts.append((f"{model.waiting} waiting to be sent", "yellow"))
    return Text(", ").join(Text(text, style) for text, style in parts)
