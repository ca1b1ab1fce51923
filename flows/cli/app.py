"""The command line: a thin front over the flows.

Prefect, MLflow and the rest are imported inside the commands, so that help and errors are quick
and the environment is set first.
"""

from pathlib import Path
from typing import Annotated

import typer

from driftloop.base.periods import Every
from driftloop.reporting.json.base import Condition, MonitorOutput
from flows.cli import alerts as cli_alerts
from flows.cli import backtest as cli_backtest
from flows.cli import deploy as cli_deploy
from flows.cli import metrics as cli_metrics
from flows.cli import promotion as cli_promotion
from flows.cli import reports as cli_reports
from flows.cli import snapshot as cli_snapshot
from flows.cli import stack as cli_stack
from flows.cli.display.results import outcome, show_result
from flows.cli.options import (
    AsOf,
    DryRun,
    FailOn,
    Folder,
    Json,
    Name,
    Reason,
    Rev,
    Verbose,
    job_of,
    place_of,
)
from flows.cli.session import ERROR, FAILED_ON, reporting, running, waiting

app = typer.Typer(
    name="driftloop",
    help="Watches models for drift, retrains on evidence, promotes only what is proven better.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(cli_promotion.app)
app.add_typer(cli_alerts.app)
app.add_typer(cli_backtest.app)
app.add_typer(cli_deploy.app)
app.add_typer(cli_metrics.app)
app.add_typer(cli_reports.app)
app.add_typer(cli_snapshot.app)
app.add_typer(cli_stack.app)


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="Time-ordered CSV or Parquet file.")],
    time: Annotated[str, typer.Option(help="Column with the time of the event.")],
    label: Annotated[str, typer.Option(help="Column with the class to predict.")],
    name: Annotated[str | None, typer.Option(help="Model name; default: the file's.")] = None,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="New folder; default: the name.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out; repeat it.")] = None,
    every: Annotated[Every | None, typer.Option(help="Length of a period.")] = None,
    train_until: Annotated[
        str | None, typer.Option(help="Date at which the first champion's data end.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="Label value that is positive.")] = None,
    key: Annotated[str | None, typer.Option(help="Column that identifies a row.")] = None,
    label_delay: Annotated[
        str, typer.Option(help="How long after the event a label can be trusted.")
    ] = "0 days",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make a workspace from a file: data in DVC, a configuration, a first champion."""
    from driftloop.snapshots.options import Options

    drops = tuple(drop or ())
    options = Options(time, label, name, drops, every, train_until, positive, key, label_delay)
    with reporting(verbose):
        from flows.cli.init import onboard

        init_output = onboard(file, workspace, options, quiet=json, verbose=verbose)
    show_result(init_output, json)


@app.command()
def monitor(
    name: Name,
    as_of: AsOf = None,
    rev: Rev = None,
    dry_run: DryRun = False,
    fail_on: FailOn = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Judge a model's newest data, tell people, and retrain where warranted."""
    with reporting(verbose):
        job = job_of(name, as_of, rev, workspace, verbose)
        from driftloop.reporting.json.convert import monitor_output

        with running(f"Monitoring {name}", name):
            from flows.monitor import monitor as flow

            root = str(job.workspace.root)
            found = outcome(lambda: flow(name, job.as_of, rev, dry_run, root), monitor_output, json)
    show_result(found, json)
    if any(_met(condition, found) for condition in fail_on or ()):
        raise typer.Exit(FAILED_ON)


@app.command()
def retrain(
    name: Name,
    as_of: AsOf = None,
    rev: Rev = None,
    reason: Reason = "Started by hand.",
    dry_run: DryRun = False,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a challenger and promote it if it is proven better."""
    with reporting(verbose):
        job = job_of(name, as_of, rev, workspace, verbose)
        from driftloop.reporting.json.convert import retrain_output

        with running(f"Retraining {name}", name):
            from flows.retrain import retrain as flow

            root = str(job.workspace.root)
            found = outcome(
                lambda: flow(name, job.as_of, rev, reason, dry_run=dry_run, workspace=root),
                retrain_output,
                json,
            )
    show_result(found, json)


@app.command()
def bootstrap(
    name: Name,
    as_of: AsOf = None,
    rev: Rev = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train the first champion of a model that has none."""
    with reporting(verbose):
        job = job_of(name, as_of, rev, workspace, verbose)
        from driftloop.reporting.json.convert import retrain_output

        with running(f"Training the first champion of {name}", name):
            from flows.bootstrap import bootstrap as flow

            record = flow(name, job.as_of, rev, str(job.workspace.root))
        found = retrain_output(record)
    show_result(found, json)
    if found.promoted_version is None:
        raise typer.Exit(ERROR)


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="One model; default: all.")] = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show models, champion versions and last verdicts."""
    with reporting(verbose):
        place = place_of(workspace, verbose)
        from driftloop.reporting.json.base import StatusOutput
        from tasks.reporting.status import model_statuses

        with waiting("Asking the registry"):
            status_output = StatusOutput(models=model_statuses(place, name))
    show_result(status_output, json)


@app.command()
def demo() -> None:
    """Replay half a year of card payments: healthy, broken, drifting, healed."""
    with reporting():
        from flows.cli.demo import run_demo

        run_demo()


def main() -> None:
    """Run the command line."""
    app()


def _met(condition: Condition, found: MonitorOutput) -> bool:
    return {
        Condition.drift: found.verdict == "drift",
        Condition.inconclusive: found.verdict == "inconclusive",
        Condition.quality: any(check.status == "failed" for check in found.quality),
        Condition.performance: found.performance.status == "fell",
    }[condition]
