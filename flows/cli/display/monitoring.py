"""Monitoring runs and the status of all models in the terminal."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.base.findings import Finding, FindingStatus, by_severity
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord
from driftloop.base.scores import named_score
from driftloop.decision.outcome import OUTCOME_STYLES, outcome_of_record
from flows.cli.display.promotion import retrain_view
from flows.cli.display.show import COLOURS, TONES, outcome_text, status_text

if TYPE_CHECKING:
    from driftloop.reporting.fleet import Fleet
    from driftloop.reporting.status import ModelStatus, Statuses

_SHOWN = 12
_SIGNS: Mapping[FindingStatus, str] = {
    "drift": "▲",
    "warning": "!",
    "inconclusive": "?",
    "small": "·",
    "ok": "✓",
}


def monitor_view(record: MonitorRecord, everything: bool = False) -> Iterable[RenderableType]:
    """Yield the parts of a monitoring run that a person wants to see."""
    verdict = record.verdict
    judged = outcome_text(outcome_of_record(record), record.headline)
    yield Text.assemble((f"{record.model} ", "bold"), f"{record.window}: ", judged)
    yield f"  {verdict.sentence}"
    yield (
        f"  {record.rows_current:,} rows against {record.rows_reference:,} of the reference; "
        f"data at {record.rev[:10]}"
    )
    for check in record.quality:
        if check.status != "ok":
            yield Text.assemble("  quality: ", status_text(check.status), f" {check.sentence}")
    performance = record.performance
    labels = "" if performance.window == record.window else f" Labels of {performance.window}."
    yield Text.assemble("  ", status_text(performance.status), " ", performance.sentence, labels)
    for part in performance.worse_segments:
        yield Text.assemble("  ", status_text(part.status), " ", part.sentence)
    if record.estimate is not None:
        estimate = record.estimate
        yield Text.assemble("  ", status_text(estimate.status), " ", estimate.sentence)
    if (served := record.served_estimate) is not None:
        yield Text.assemble(
            "  ", status_text(served.status), " by what was served: ", served.sentence
        )
    if record.worth:
        yield f"  {record.worth}"
    if record.findings:
        yield from _features(by_severity(record.findings), everything)
    for warning in filter(None, (record.moved, record.changed, record.doubt)):
        yield Text.assemble(status_text("warning"), f" {warning}")
    yield from _consequences(record)


def _consequences(record: MonitorRecord) -> Iterable[RenderableType]:
    for trouble in record.troubles:
        yield Text.assemble((trouble.kind.replace("_", " "), "bold"), f": {trouble.sentence}")
    for trial in record.trials:
        yield Text.assemble((trial.kind, "bold"), f": {trial.sentence}")
    if record.aftermath:
        yield f"  {record.aftermath}"
    yield Text.assemble("decision: ", (record.decision.action, "bold"))
    above = record.verdict.sentence, record.performance.sentence
    for reason in record.decision.reasons:
        if reason not in above:
            yield f"  {reason}"
    if record.retrain is not None:
        yield from retrain_view(record.retrain)
    yield f"champion: version {record.serving}"


def _features(findings: list[Finding], everything: bool) -> Iterable[RenderableType]:
    """Yield a line per finding, those that changed first; without `everything` only these."""
    changed = [finding for finding in findings if finding.status != "ok"]
    shown = findings if everything else changed[:_SHOWN]
    for finding in shown:
        sign = Text(f"  {_SIGNS[finding.status]} ", style=COLOURS[finding.status])
        text = Text.assemble(sign, finding.sentence.replace("`", ""))
        text.no_wrap, text.overflow = True, "ellipsis"
        yield text
        if everything:
            from driftloop.reporting.run_report.features import finding_details

            yield Text(f"    {finding_details(finding)}", style="dim")
    if everything:
        return
    more = len(changed) - len(shown)
    unchanged = len(findings) - len(changed)
    counted = [f"{more} more changed"] * bool(more) + [f"{unchanged} unchanged"] * bool(unchanged)
    if counted:
        yield Text(f"    {', '.join(counted)}; --all shows every result", style="dim")


def fleet_view(fleet: "Fleet") -> Iterable[RenderableType]:
    """Yield a line for each model that is not healthy, most severe first, then all in numbers."""
    for model in fleet.worth_showing:
        outcome = outcome_text(model.outcome, model.headline) if model.outcome else None
        action = f" ({model.action})" if model.action not in (None, "none") else ""
        what = outcome or Text(model.error or model.result, style="red")
        yield Text.assemble((f"{model.model} ", "bold"), what, action)
    yield f"{fleet.headline}; {fleet.seconds:.0f} s, {fleet.processes} at a time"


def status_view(statuses: "Statuses") -> Iterable[RenderableType]:
    """Yield a table with a line per model, then what is open."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    for column in ("verdict", "as of", "champion", "holdout", "action"):
        table.add_column(column, no_wrap=True)
    for model in statuses.models:
        table.add_row(
            model.model,
            outcome_text(model.outcome) if model.outcome else "",
            format_time(model.as_of) if model.as_of else "never",
            f"v{model.champion}" if model.champion else "none",
            "" if model.score is None else named_score(model.metric, model.score),
            model.action or "",
        )
    yield table
    for model in statuses.models:
        if news := _news(model):
            yield Text.assemble((f"{model.model}: ", "bold"), news)


def _news(model: "ModelStatus") -> Text:
    """Return headline, open incident, until when the model is muted, and what waits to be sent."""
    parts = []
    if model.headline and model.outcome and model.headline != OUTCOME_STYLES[model.outcome].word:
        parts.append((model.headline, TONES[OUTCOME_STYLES[model.outcome].tone]))
    if model.empty_as_of is not None:
        parts.append((f"no rows in the run of {format_time(model.empty_as_of)}", "magenta"))
    if model.incident_since is not None:
        since = format_time(model.incident_since)
        parts.append((f"incident ({model.incident_severity}) since {since}", "red"))
    if model.muted_until is not None:
        parts.append((f"muted until {format_time(model.muted_until)}", "yellow"))
    if model.waiting:
        parts.append((f"{model.waiting} waiting to be sent", "yellow"))
    return Text(", ").join(Text(text, style) for text, style in parts)
