"""Commands that show what has happened: report, history, dashboard."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from driftloop.base.errors import RegistryError
from driftloop.base.periods import parse_time
from driftloop.reporting.json.reports import DashboardOutput
from flows.cli.display.results import show_result
from flows.cli.options import Folder, Json, Name, Verbose, place_of
from flows.cli.session import reporting, waiting, without_heartbeats

app = typer.Typer()
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to put it.")]
MOST = 500


@app.command()
def report(
    name: Name,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Of the run that looked from this moment.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Of the run with this id in MLflow.")] = None,
    output: Output = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Fetch a model's newest report from MLflow and open it."""
    with reporting(verbose):
        if as_of is not None and run is not None:
            raise RegistryError("--as-of and --run both name a report; use one of them")
        moment = parse_time(as_of) if as_of else None
        place = place_of(workspace, verbose)
        from tasks.reporting.history import ReportSelector, fetch_report

        with waiting("Fetching the report"):
            report_output = fetch_report(place, name, ReportSelector(moment, run), output)
    show_result(report_output, json)
    if not json and not no_open:
        _open(Path(report_output.path))


@app.command()
def history(
    name: Name,
    last: Annotated[int, typer.Option(min=1, max=MOST, help="How many runs.")] = 60,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show a model's past runs as a strip: verdicts, scores, versions, incidents."""
    with reporting(verbose):
        place = place_of(workspace, verbose)
        from tasks.reporting.history import model_history

        with waiting("Asking the registry"):
            history_output = model_history(place, name, last)
    show_result(history_output, json)


@app.command()
def dashboard(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the page and the reports.")
    ] = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write one page on all models, to be opened or served as static files."""
    with reporting(verbose):
        root = str(place_of(workspace, verbose).root)
        with waiting("Looking at all models"), without_heartbeats():
            from flows.dashboard import dashboard as flow

            folder = str(output.resolve()) if output is not None else None
            dashboard_output = DashboardOutput.of(flow(root, folder))
    show_result(dashboard_output, json)


def _open(path: Path) -> None:
    """Open a page where there is a screen to show it on."""
    screen = sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if screen and sys.__stdout__ is not None and sys.__stdout__.isatty():
        webbrowser.open(path.resolve().as_uri())
