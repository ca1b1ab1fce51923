"""Commands that show past runs, or remove them: report, history, dashboard, metrics, prune."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from driftloop.base.errors import IncompleteError, RegistryError
from driftloop.base.workspace import Workspace
from driftloop.reporting.dashboard.rows import Dashboard
from driftloop.reporting.prometheus.metrics import Metrics
from driftloop.reporting.retention import Pruning
from driftloop.reporting.run_report.past_runs import FetchedReport, History
from flows.cli.command import Json, command
from flows.cli.display.history import dashboard_view, history_view, pruning_view, report_view
from flows.cli.options import AnyName, AsOf, Name, time_of
from flows.cli.session import command_settings, waiting

MOST = 500


@command(report_view, services=True)
def report(
    place: Workspace,
    name: Name,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Of the run as of then; a date is all of its day.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Of the run with this id in MLflow.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to put it.")] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    json: Json = False,
) -> FetchedReport:
    """Fetch a model's newest report from MLflow and open it."""
    if as_of is not None and run is not None:
        raise RegistryError("--as-of and --run both select a report; use one of them")
    wanted = time_of(as_of)
    from tasks.reporting.history import ReportSelector, fetch_report

    with waiting("Fetching the report"):
        fetched = fetch_report(place, name, ReportSelector(wanted, run), output)
    if not json and not no_open:
        _open(Path(fetched.path))
    return fetched


@command(history_view, services=True)
def history(
    place: Workspace,
    name: Name,
    last: Annotated[int, typer.Option(min=1, max=MOST, help="How many runs.")] = 60,
) -> History:
    """Show a model's past runs as a strip: verdicts, scores, versions, incidents."""
    from tasks.reporting.history import model_history

    with waiting("Querying the registry"):
        return model_history(place, name, last)


@command(dashboard_view, services=True)
def dashboard(
    place: Workspace,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the page and the reports.")
    ] = None,
) -> Dashboard:
    """Write one page on all models, to be opened or served as static files."""
    with waiting("Collecting all models"), command_settings():
        from flows.dashboard import dashboard as flow

        return flow(str(place.root), str(output.resolve()) if output is not None else None)


def _open(path: Path) -> None:
    """Open a page where there is a screen to show it on."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    screen = display or sys.platform in ("darwin", "win32")
    if screen and sys.__stdout__ is not None and sys.__stdout__.isatty():
        webbrowser.open(path.resolve().as_uri())


def _exposition(metrics: Metrics) -> str:
    from tasks.reporting.prometheus_format import text_format

    return text_format(metrics.samples)


@command(_exposition, services=True)
def metrics(place: Workspace, name: AnyName = None) -> Metrics:
    """Print the metrics of all models, or of one, in Prometheus' text format."""
    from driftloop.reporting.prometheus.samples import samples_of
    from tasks.reporting.metric_inputs import configs_named, most_features, read_metric_inputs

    with waiting("Querying the registry"):
        configs, broken = configs_named(place, name)
        inputs = (read_metric_inputs(place, config) for config in configs)
        samples = tuple(sample for read in inputs for sample in samples_of(read, most_features()))
    result = Metrics(samples)
    if broken:
        raise IncompleteError("; ".join(broken), result)
    return result


@command(pruning_view, services=True)
def prune(
    place: Workspace,
    name: AnyName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing.")] = False,
    as_of: AsOf = None,
) -> Pruning:
    """Remove what is older than `retention` says: runs, reports, local copies."""
    with waiting("Looking for what is old"):
        from flows.dashboard import prune as flow

        return flow(name, dry_run, time_of(as_of), str(place.root))
