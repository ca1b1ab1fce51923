"""Commands that run the loop: monitor, fleet, retrain, challenge, bootstrap, and status."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.workspace import Workspace
from driftloop.decision.outcome import Condition
from flows.cli.command import command
from flows.cli.display.monitoring import fleet_view, monitor_view, status_view
from flows.cli.display.promotion import retrain_view
from flows.cli.options import AnyName, AsOf, DryRun, Name, Reason, Rev, data_job, time_of
from flows.cli.session import ERROR, FAILED_ON, running, waiting

if TYPE_CHECKING:
    from driftloop.reporting.fleet import Fleet
    from driftloop.reporting.status import Statuses

FailOn = Annotated[
    list[Condition] | None,
    typer.Option("--fail-on", help="Exit with 3 on this finding; may be repeated."),
]


Everything = Annotated[
    bool, typer.Option("--all", help="Show every result with its numbers, unchanged ones too.")
]


def _failed_on(record: MonitorRecord, fail_on: list[Condition] | None, **_: Any) -> int:
    return FAILED_ON if any(condition.met(record) for condition in fail_on or ()) else 0


@command(monitor_view, models=True, exit_code=_failed_on)
def monitor(
    place: Workspace,
    name: Name,
    as_of: AsOf = None,
    rev: Rev = None,
    dry_run: DryRun = False,
    fail_on: FailOn = None,
    everything: Everything = False,
) -> MonitorRecord:
    """Monitor a model's newest data, alert people, and retrain where needed."""
    from tasks.runtime.servers.temporary_server import start_temporary_server

    server = start_temporary_server()  # it starts while the imports run
    job = data_job(place, name, as_of, rev)
    from flows.monitor import monitor as flow

    with running(f"Monitoring {name}", name, server):
        return flow(name, job.as_of, job.rev, dry_run, str(place.root))


@command(fleet_view, services=True)
def fleet(
    place: Workspace,
    select: Annotated[
        str, typer.Option(help="Pattern of names, such as 'payments-*', or the name of a fleet.")
    ] = "*",
    due: Annotated[
        bool,
        typer.Option("--due", help="Only models whose schedule has come since their last run."),
    ] = False,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Models at a time; default: as the machine allows.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="How long one model may take.")] = 60,
    on: Annotated[
        Literal["processes", "dask"], typer.Option(help="Processes of this machine, or Dask.")
    ] = "processes",
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask cluster; default: one of its own.")
    ] = None,
) -> "Fleet":
    """Monitor many models in one run, each in a warm process of its own."""
    moment = time_of(as_of)
    with running("Monitoring"):
        from flows.fleet import fleet as flow

        root = str(place.root)
        return flow(select, due, moment, dry_run, processes, minutes, root, on, scheduler)


def _failed(record: RetrainRecord, dry_run: bool, **_: Any) -> int:
    """Return the exit code: a challenger that lost is a result, none to compare is a failure."""
    return ERROR if record.comparison is None and not dry_run else 0


@command(retrain_view, models=True, exit_code=_failed)
def retrain(
    place: Workspace,
    name: Name,
    as_of: AsOf = None,
    rev: Rev = None,
    reason: Reason = "Started by hand.",
    dry_run: DryRun = False,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Promote it though it is not proven better than guessing."),
    ] = False,
) -> RetrainRecord:
    """Train a challenger and promote it if it is proven better."""
    job = data_job(place, name, as_of, rev)
    with running(f"Retraining {name}", name):
        from flows.retrain import retrain as flow

        root = str(place.root)
        return flow(name, job.as_of, job.rev, reason, None, dry_run, accept, root)


@command(retrain_view, models=True, exit_code=_failed)
def challenge(
    place: Workspace,
    name: Name,
    model: Annotated[
        str, typer.Option(help="Model in MLflow's format: models:/NAME/VERSION, or a folder.")
    ],
    trained_until: Annotated[
        str, typer.Option(help="End of the rows that it was trained on; the holdout lies behind.")
    ],
    as_of: AsOf = None,
    rev: Rev = None,
    reason: Reason = "Started by hand.",
    dry_run: DryRun = False,
) -> RetrainRecord:
    """Compare a model that was trained elsewhere with the champion; promote it if it is better."""
    until, job = time_of(trained_until), data_job(place, name, as_of, rev)
    with running(f"Challenging {name}", name):
        from flows.retrain import retrain as flow

        given, root = (name, job.as_of, job.rev, reason), str(place.root)
        return flow(*given, dry_run=dry_run, workspace=root, challenger=model, trained_until=until)


@command(
    retrain_view,
    models=True,
    exit_code=lambda record, **_: 0 if record.promoted_version else ERROR,
)
def bootstrap(place: Workspace, name: Name, as_of: AsOf = None, rev: Rev = None) -> RetrainRecord:
    """Train the first champion of a model that has none."""
    job = data_job(place, name, as_of, rev)
    with running(f"Training the first champion of {name}", name):
        from flows.bootstrap import bootstrap as flow

        return flow(name, job.as_of, job.rev, str(place.root))


@command(status_view, services=True)
def status(place: Workspace, name: AnyName = None) -> "Statuses":
    """Show models, champion versions and last verdicts."""
    from tasks.reporting.status import model_statuses

    with waiting("Querying the registry"):
        return model_statuses(place, name)
