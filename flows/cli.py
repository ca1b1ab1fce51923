"""The command line: a thin front over the flows.

Prefect, MLflow and the rest are imported inside the commands, so that help and errors are quick
and the environment is set first.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from driftloop.onboarding.options import Every
from driftloop.output import Condition, InitOutput, MonitorOutput
from driftloop.periods import parse_time
from flows.display import init_view, monitor_view, retrain_view, show, status_view
from flows.session import ERROR, FAILED_ON, reporting, results, running, start, waiting

if TYPE_CHECKING:
    from tasks.job import Job

app = typer.Typer(
    name="driftloop",
    help="Watches models for drift, retrains on evidence, promotes only what is proven better.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(help="Model: the name of a file in configs/.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Moment to look from; default: now.")]
Rev = Annotated[str | None, typer.Option(help="Commit, branch or tag of the data.")]
Folder = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="Folder with configs/; default: this one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show logs and tracebacks.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide and report, change nothing.")]
FailOn = Annotated[
    list[Condition] | None,
    typer.Option("--fail-on", help="Exit with 3 on this finding; may be repeated."),
]


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
    from driftloop.onboarding.options import Options

    drops = tuple(drop or ())
    options = Options(time, label, name, drops, every, train_until, positive, key, label_delay)
    with reporting(verbose):
        from flows.onboard import onboard

        found = onboard(file, workspace, options, quiet=json, verbose=verbose)
    _print(found, json)


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
        job = _job(name, as_of, rev, workspace, verbose)
        from driftloop.output import monitor_output
        from tasks.alerts import UndeliveredError

        with running(f"Monitoring {name}", name):
            from flows.monitor import monitor as flow

            try:
                record = flow(name, job.as_of, rev, dry_run, str(job.workspace.root))
            except UndeliveredError as error:
                _print(monitor_output(error.record), json)  # type: ignore[arg-type]
                raise
        found = monitor_output(record)
    _print(found, json)
    if any(_met(condition, found) for condition in fail_on or ()):
        raise typer.Exit(FAILED_ON)


@app.command()
def retrain(
    name: Name,
    as_of: AsOf = None,
    rev: Rev = None,
    reason: Annotated[str, typer.Option(help="Why, for those who read it.")] = "Started by hand.",
    dry_run: DryRun = False,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a challenger and promote it if it is proven better."""
    with reporting(verbose):
        job = _job(name, as_of, rev, workspace, verbose)
        from driftloop.output import retrain_output
        from tasks.alerts import UndeliveredError

        with running(f"Retraining {name}", name):
            from flows.retrain import retrain as flow

            root = str(job.workspace.root)
            try:
                record = flow(name, job.as_of, rev, reason, dry_run=dry_run, workspace=root)
            except UndeliveredError as error:
                _print(retrain_output(error.record), json)  # type: ignore[arg-type]
                raise
        found = retrain_output(record)
    _print(found, json)


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
        job = _job(name, as_of, rev, workspace, verbose)
        from driftloop.output import retrain_output

        with running(f"Training the first champion of {name}", name):
            from flows.bootstrap import bootstrap as flow

            record = flow(name, job.as_of, rev, str(job.workspace.root))
        found = retrain_output(record)
    _print(found, json)
    if found.promoted_version is None:
        raise typer.Exit(ERROR)


@app.command()
def rollback(
    name: Name,
    to: Annotated[str | None, typer.Option(help="Version; default: the predecessor.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who read it.")] = "Started by hand.",
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make an earlier version champion again, with its reference."""
    with reporting(verbose):
        job = _job(name, None, None, workspace, verbose)
        from driftloop.output import Champion, RollbackOutput

        with running(f"Rolling back {name}", name):
            from flows.rollback import rollback as flow

            done = flow(name, to, reason, str(job.workspace.root))
        found = RollbackOutput(
            model=name,
            rolled_back=done.promoted,
            champion=Champion(version=done.version),
            previous=done.previous,
            sentence=done.sentence,
        )
    _print(found, json)


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="One model; default: all.")] = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show models, champion versions and last verdicts."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from driftloop.output import StatusOutput
        from tasks.setup import check_services
        from tasks.status import model_statuses

        check_services(place)
        with waiting("Asking the registry"):
            found = StatusOutput(models=model_statuses(place, name))
    _print(found, json)


@app.command()
def demo() -> None:
    """Replay half a year of card payments: healthy, broken, drifting, healed."""
    with reporting():
        from flows.demo import run_demo

        run_demo()


def main() -> None:
    """Run the command line."""
    app()


def _job(
    name: str, as_of: str | None, rev: str | None, workspace: Path | None, verbose: bool
) -> "Job":
    """Return the job after everything that can be wrong with it has been looked at."""
    moment: datetime | None = parse_time(as_of) if as_of else None
    place = start(workspace, verbose)
    from tasks.job import load_job
    from tasks.setup import check_services
    from tasks.snapshots import snapshot_at

    job = load_job(name, moment, rev, workspace=place.root)
    check_services(place)
    snapshot_at(job, job.rev)
    return job


def _met(condition: Condition, found: MonitorOutput) -> bool:
    return {
        Condition.drift: found.verdict == "drift",
        Condition.inconclusive: found.verdict == "inconclusive",
        Condition.quality: any(check.status == "failed" for check in found.quality),
        Condition.performance: found.performance.status == "fell",
    }[condition]


def _print(found: BaseModel, json: bool) -> None:
    from driftloop.output import RetrainSummary, RollbackOutput, StatusOutput

    with results():
        if json:
            typer.echo(found.model_dump_json())
        elif isinstance(found, MonitorOutput):
            show(*monitor_view(found))
        elif isinstance(found, InitOutput):
            show(*init_view(found))
        elif isinstance(found, RetrainSummary):
            show(*retrain_view(found))
        elif isinstance(found, StatusOutput):
            show(status_view(found.models))
        elif isinstance(found, RollbackOutput):
            show(found.sentence)
