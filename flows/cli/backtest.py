"""The commands that replay policies over history."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from driftloop.base.errors import ConfigError
from driftloop.base.workspace import Workspace
from driftloop.reporting.backtest import Backtest
from flows.cli.command import command
from flows.cli.display.backtest import backtest_view, tune_view
from flows.cli.options import DryRun, Name, Rev, data_job, time_of
from flows.cli.session import notes

if TYPE_CHECKING:
    from driftloop.backtest.matrix_result import MatrixResult
    from driftloop.backtest.tuning import Tuning
    from flows.backtest_policy import Report


From = Annotated[
    str | None,
    typer.Option("--from", help="Moment of the first champion; default: after a quarter."),
]
To = Annotated[str | None, typer.Option("--to", help="Last moment; default: all data.")]
Plot = Annotated[
    Path | None, typer.Option(help="Picture to write, as PNG; default: in the state folder.")
]


@command(backtest_view)
def backtest(
    place: Workspace,
    name: Name,
    start: From = None,
    end: To = None,
    config: Annotated[
        list[Path] | None, typer.Option(help="Another configuration to compare; may be repeated.")
    ] = None,
    inject: Annotated[
        str | None,
        typer.Option(
            help="Drift to put in: shift:FEATURE:SD, scale, missing, new_category, or "
            "label_flip:SHARE."
        ),
    ] = None,
    inject_at: Annotated[str | None, typer.Option(help="From when; default: the middle.")] = None,
    plot: Plot = None,
    matrix: Annotated[
        bool,
        typer.Option(
            "--matrix",
            help="Train a model a period, keep its predictions, compare policies on them.",
        ),
    ] = False,
    rev: Rev = None,
) -> "Backtest | MatrixResult":
    """Replay the policy over history: alarms, retrainings, scores, and how soon drift is known."""
    if matrix and (config or inject or inject_at):
        raise ConfigError("--matrix goes with --from, --to, --plot and --rev alone")
    job = data_job(place, name, rev=rev)
    first, last, at = map(time_of, (start, end, inject_at))
    if matrix:
        from flows.backtest_matrix import run_matrix

        with _bars() as report:
            return run_matrix(job, first, last, report, plot)
    from flows.backtest import run_backtest

    with _bars() as report:
        return run_backtest(job, first, last, list(config or ()), inject, at, report, plot)


@command(tune_view)
def tune(
    place: Workspace,
    name: Name,
    start: From = None,
    end: To = None,
    plot: Plot = None,
    rev: Rev = None,
    dry_run: DryRun = False,
) -> "Tuning":
    """Replay a few policies over history and write the best one into the configuration."""
    job = replace(data_job(place, name, rev=rev), dry_run=dry_run)
    from flows.backtest_matrix import run_tune

    with _bars() as report:
        return run_tune(job, time_of(start), time_of(end), report, plot)


@contextmanager
def _bars() -> Iterator["Report"]:
    """Show a bar per candidate on standard error, if that is a terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[action]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bars:
        known = {}

        def report(name: str, done: int, total: int, action: str) -> None:
            if name not in known:
                known[name] = bars.add_task(name, total=total, action=action)
            bars.update(known[name], completed=done, total=total, action=action)

        yield report
