"""The command that asks what a policy would have been worth."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from driftloop.base.periods import parse_time
from flows.cli.display.results import show_result
from flows.cli.options import Folder, Json, Name, Rev, Verbose, job_of
from flows.cli.session import notes, reporting

if TYPE_CHECKING:
    from flows.backtest_pool import Report

app = typer.Typer()


@app.command()
def backtest(
    name: Name,
    start: Annotated[
        str | None, typer.Option("--from", help="Moment of the first champion.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last moment; default: all data.")] = None,
    config: Annotated[
        list[Path] | None, typer.Option(help="Another configuration to compare; repeat it.")
    ] = None,
    inject: Annotated[
        str | None,
        typer.Option(
            help="Drift to put in: shift:FEATURE:SD, scale, missing, new_category, or "
            "label_flip:SHARE."
        ),
    ] = None,
    inject_at: Annotated[str | None, typer.Option(help="From when; default: the middle.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture to write, as PNG.")] = None,
    rev: Rev = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Replay the policy over history: alarms, retrainings, scores, and how soon drift is known."""
    with reporting(verbose):
        job = job_of(name, None, rev, workspace, verbose)
        from flows.backtest import run_backtest

        first, last, at = (parse_time(text) if text else None for text in (start, end, inject_at))
        with _bars() as report:
            backtest_output = run_backtest(
                job, first, last, list(config or ()), inject, at, report, plot
            )
    show_result(backtest_output, json)


@contextmanager
def _bars() -> Iterator["Report"]:
    """Show a bar a rehearsal on standard error, where somebody looks at it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[action]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bars:
        known = {}

        def report(name: str, done: int, total: int, action: str) -> None:
            if name not in known:
                known[name] = bars.add_task(name, total=total, action=action)
            bars.update(known[name], completed=done, total=total, action=action)

        yield report
