"""Results in the terminal."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.base.periods import Window, format_time, parse_time
from driftloop.reporting.json.alerts import AckOutput, DeliverOutput, MuteOutput, TestAlertOutput
from driftloop.reporting.json.backtest import BacktestOutput
from driftloop.reporting.json.base import (
    ApproveOutput,
    LedgerOutput,
    ModelStatus,
    MonitorOutput,
    RetrainSummary,
    RollbackOutput,
    StatusOutput,
)
from driftloop.reporting.json.deploy import DeployOutput
from driftloop.reporting.json.init import InferredColumn, InitOutput
from driftloop.reporting.json.reports import DashboardOutput, HistoryOutput, ReportOutput
from driftloop.reporting.json.snapshot import SnapshotOutput
from driftloop.reporting.json.stack import BackupOutput, DownOutput, StackOutput
from flows.cli.display.backtest import backtest_view
from flows.cli.display.deploy import deploy_view
from flows.cli.display.history import history_view, report_view
from flows.cli.display.stack import stack_view
from flows.cli.session import results

Shown = TypeVar("Shown", bound=BaseModel)

COLOURS = {
    "ok": "green",
    "warning": "yellow",
    "drift": "red",
    "inconclusive": "magenta",
    "failed": "red",
    "broken": "red",
    "fell": "red",
    "unclear": "yellow",
}
_SHOWN = 12


def show(*parts: RenderableType) -> None:
    """Print on standard output."""
    Console(highlight=False).print(Group(*parts), crop=False)  # a path is copied whole


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=COLOURS.get(status, ""))


def monitor_view(found: MonitorOutput) -> Iterable[RenderableType]:
    """Yield the parts of a monitoring run that a person wants to see."""
    window = Window(found.window.start, found.window.end)
    failed = any(check.status == "failed" for check in found.quality)
    judged = (status_text("broken"), ", ") if failed else ()
    head = Text.assemble(
        (f"{found.model} ", "bold"), f"{window}: ", *judged, status_text(found.verdict)
    )
    yield head
    yield f"  {found.sentence}"
    yield (
        f"  {found.rows.current:,} rows against {found.rows.reference:,} of the reference; "
        f"data at {found.rev[:10]}"
    )
    for check in found.quality:
        if check.status != "ok":
            yield Text.assemble("  quality: ", status_text(check.status), f" {check.sentence}")
    yield Text.assemble(
        "  ", status_text(found.performance.status), " ", found.performance.sentence
    )
    if found.features:
        yield _features(found)
    for trouble in found.troubles:
        yield Text.assemble((trouble.kind.replace("_", " "), "bold"), f": {trouble.sentence}")
    for trial in found.trials:
        yield Text.assemble((trial.kind, "bold"), f": {trial.sentence}")
    if found.aftermath:
        yield f"  {found.aftermath}"
    yield Text.assemble("decision: ", (found.decision.action, "bold"))
    for reason in found.decision.reasons:
        yield f"  {reason}"
    if found.retrain is not None:
        yield from retrain_view(found.retrain)
    yield f"champion: version {found.champion.version}"


def retrain_view(found: RetrainSummary) -> Iterable[RenderableType]:
    """Yield the parts of a retraining that a person wants to see."""
    won = Text("won", "green") if found.won else Text("did not win", "yellow")
    if found.waits_for is not None:
        won = Text(f"won and waits for {found.waits_for}", "green")
    if found.challenger is not None:
        yield Text.assemble(f"challenger: version {found.challenger} ", won)
    yield f"  {found.sentence}"
    for gate in found.gates:
        mark = Text(gate.status.replace("_", " "), "green" if gate.passed else "red")
        yield Text.assemble(f"  gate {gate.gate}: ", mark, f" {gate.sentence}")


def ledger_view(found: LedgerOutput) -> Iterable[RenderableType]:
    """Yield a line an entry of a promotion ledger, and what contradicts itself in it."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("#", "written", "as of", "what", "version", "before", "why"):
        table.add_column(column, no_wrap=column != "why")
    for entry in found.entries:
        written, seen = (format_time(parse_time(moment)) for moment in (entry.at, entry.as_of))
        style = "bold" if entry.kind in ("promoted", "rolled_back", "outside") else ""
        kind = Text(entry.kind.replace("_", " "), style)
        row = (str(entry.number), written, seen, kind, entry.version, entry.previous or "none")
        table.add_row(*row, entry.sentence)
    yield table
    for fault in found.faults:
        yield Text(f"fault: {fault}", style="red")
    yield f"champion: version {found.champion.version or 'none'}"


def show_result(found: BaseModel, json: bool) -> None:
    """Print the result of a command on standard output: one JSON object, or for people."""
    with results():
        if json:
            print(found.model_dump_json())
            return
        show(*view_of(found))


def view_of(found: BaseModel) -> Iterable[RenderableType]:
    """Return how a result looks in the terminal."""
    for kind, view in _VIEWS.items():
        if isinstance(found, kind):
            return view(found)
    raise TypeError(f"{type(found).__name__} has no view")


def snapshot_view(found: SnapshotOutput) -> Iterable[RenderableType]:
    """Yield what became of what arrived, a line a source that was left out."""
    yield Text(found.sentence)
    if found.made or len(found.skipped) > 1:
        yield from (Text(f"  not taken: {one}", style="dim") for one in found.skipped)
    if found.dropped:
        yield Text(f"  columns left out: {', '.join(found.dropped)}", style="dim")


def channels_view(found: TestAlertOutput) -> Iterable[RenderableType]:
    """Yield what became of a test on each channel."""
    yield found.sentence
    for channel in found.channels:
        mark = Text("reached", "green") if channel.delivered else Text("not reached", "red")
        yield Text.assemble(f"  {channel.channel}: ", mark, f" {channel.sentence}")


def init_view(found: InitOutput) -> Iterable[RenderableType]:
    """Yield what a person should know of a new workspace."""
    yield f"[green]ready[/green]: {found.sentence}"
    yield "\nNext:"
    yield f"  driftloop monitor {found.model} --workspace {found.workspace} --as-of DATE"
    yield f"  driftloop status --workspace {found.workspace}"


def columns_view(columns: Iterable[InferredColumn], notes: Iterable[str]) -> Group:
    """Return what was inferred of a file's columns, and what to know about it."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("column", "taken for", "because"):
        table.add_column(name, no_wrap=name != "because")
    for column in columns:
        style = "dim" if column.role == "left out" else ""
        table.add_row(Text(column.name), column.role, Text(column.reason), style=style)
    return Group(table, *(Text(f"note: {note}", style="yellow") for note in notes))


def status_view(models: tuple[ModelStatus, ...]) -> Table:
    """Return a table with a line a model."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = "model", "champion", "score", "trained until", "as of", "verdict", "action", "alerts"
    for column in names:
        table.add_column(column)
    for model in models:
        score = "" if model.score is None else f"{model.metric} {model.score:.3f}"
        table.add_row(
            model.model,
            model.champion or "none",
            score,
            format_time(model.trained_until) if model.trained_until else "",
            format_time(parse_time(model.as_of)) if model.as_of else "never",
            status_text(model.verdict or ""),
            model.action or "",
            _alerts(model),
        )
    return table


def _alerts(one: ModelStatus) -> Text:
    """Return the open incident, until when the model is muted, and what waits to be sent."""
    parts = []
    if one.incident_since is not None:
        parts.append((f"{one.incident_severity} since {format_time(one.incident_since)}", "red"))
    if one.muted_until is not None:
        parts.append((f"muted until {format_time(one.muted_until)}", "yellow"))
    if one.waiting:
        parts.append((f"{one.waiting} waiting to be sent", "yellow"))
    return Text(", ").join(Text(text, style) for text, style in parts)


def _features(found: MonitorOutput) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (
        ("feature", "left"),
        ("test", "left"),
        ("p", "right"),
        ("effect", "right"),
        ("status", "left"),
        ("what changed", "left"),
    ):
        table.add_column(name, justify=justify, no_wrap=name != "what changed")  # type: ignore[arg-type]
    for feature in found.features[:_SHOWN]:
        table.add_row(
            feature.name[:30],
            feature.test,
            "" if feature.p_adjusted is None else f"{feature.p_adjusted:.2g}",
            "" if feature.effect_size is None else f"{feature.effect_size:.3f}",
            status_text(feature.status),
            feature.sentence.replace("`", ""),
        )
    if len(found.features) > _SHOWN:
        table.add_row(f"and {len(found.features) - _SHOWN} more", "", "", "", "", "see --json")
    return table


def score_text(score: float, better: bool = False, worse: bool = False) -> Text:
    """Return a score with three decimals, a dash where it is undefined."""
    if score != score:
        return Text("-", style="dim")
    return Text(f"{score:.3f}", style="green" if better else "red" if worse else "")


def _sentence(found: Any) -> Iterable[RenderableType]:
    return (found.sentence,)


def _delivered(found: DeliverOutput) -> Iterable[RenderableType]:
    return (found.sentence, *(Text(error, style="red") for error in found.errors))


_VIEWS: dict[type[BaseModel], Callable[[Any], Iterable[RenderableType]]] = {
    MonitorOutput: monitor_view,
    InitOutput: init_view,
    RetrainSummary: retrain_view,
    StatusOutput: lambda found: (status_view(found.models),),
    BacktestOutput: backtest_view,
    LedgerOutput: ledger_view,
    ReportOutput: report_view,
    DashboardOutput: lambda found: (found.sentence, Text(found.path)),
    HistoryOutput: history_view,
    TestAlertOutput: channels_view,
    DeployOutput: deploy_view,
    DeliverOutput: _delivered,
    SnapshotOutput: snapshot_view,
    StackOutput: stack_view,
    DownOutput: _sentence,
    BackupOutput: _sentence,
    RollbackOutput: _sentence,
    ApproveOutput: _sentence,
    AckOutput: _sentence,
    MuteOutput: _sentence,
}


def outcome(run: Callable[[], Any], view: Callable[[Any], Shown], json: bool) -> Shown:
    """Return what is to be printed of what `run` returns.

    Where all is done and a message waits, the result is printed before the error goes on.

    Raises:
        UndeliveredError: with the record that was printed.
    """
    from tasks.alerts.write import UndeliveredError

    try:
        return view(run())
    except UndeliveredError as error:
        show_result(view(error.record), json)
        raise
