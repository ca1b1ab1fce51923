"""Commands about deployments, the local stack, and what a server keeps of a model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from driftloop.base.workspace import STATE_VARIABLE, Workspace, make_state
from flows.cli.command import command
from flows.cli.display.show import sentence_view
from flows.cli.display.stack import deploy_view, stack_view
from flows.cli.options import Name
from flows.cli.session import ERROR, notes, waiting

if TYPE_CHECKING:
    from tasks.coordination.place import Rehomed
    from tasks.deployments.register import Registration
    from tasks.stack.backup.manifest import Backup
    from tasks.stack.status import StackStatus
    from tasks.stack.stopping import StackStop


@command(deploy_view, services=True)
def deploy(
    place: Workspace,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove monitors of models that are gone.")
    ] = False,
    worker_workspace: Annotated[
        str | None, typer.Option(help="The workspace on the worker, if not here.")
    ] = None,
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Leave out models whose YAML is not valid.")
    ] = False,
) -> "Registration":
    """Register every deployment: each model's monitor on its schedule, and the ad-hoc ones."""
    from tasks.deployments.register import Registration, plan_deployments, register

    with waiting("Registering deployments"):
        plan = plan_deployments(place, worker_workspace, skip_broken)
        return Registration(register(plan, prune))


@command(stack_view)
def up(
    place: Workspace,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="With the demo's model, in a workspace whose data are new."),
    ] = False,
) -> "StackStatus":
    """Start Prefect, MLflow, a worker and the page, with all deployments; or fix what has died."""
    from tasks.stack.starting import make_plan
    from tasks.stack.starting import up as bring_up

    if not sample:
        return bring_up(make_plan(place), _note)
    from flows.cli.sample import run_past_weeks
    from tasks.onboarding.sample import sample_workspace
    from tasks.runtime import clock

    os.environ.pop(STATE_VARIABLE, None)  # it has a state of its own
    make_state(place.state)
    place = sample_workspace(clock.now(), place.state / "sample")
    plan = make_plan(place)
    status = bring_up(plan, _note)
    run_past_weeks(place, plan, clock.now())
    return status


@command(sentence_view)
def down(place: Workspace) -> "StackStop":
    """Stop the stack: flow runs may end first, then nothing of it is left."""
    from tasks.stack.starting import down as take_down
    from tasks.stack.starting import make_plan

    return take_down(make_plan(place), _note)


@command(stack_view, exit_code=lambda status: ERROR if status.state == "degraded" else 0)
def stack(place: Workspace) -> "StackStatus":
    """Show each service of the stack: its state, address and log."""
    from tasks.stack.starting import as_running, make_plan, services_of
    from tasks.stack.status import look

    with waiting("Querying the services"):
        plan = as_running(make_plan(place))
        return look(plan, services_of(plan))


@command(sentence_view)
def backup(
    place: Workspace,
    file: Annotated[Path, typer.Argument(help="New file, such as driftloop-2026-11-25.tar.gz.")],
) -> "Backup":
    """Write databases, artifacts and the state of alerts into one file; the stack may be up."""
    from tasks.stack.backup.create import back_up
    from tasks.stack.starting import make_plan

    with waiting("Backing up"):
        return back_up(make_plan(place), file)


@command(sentence_view)
def restore(
    place: Workspace,
    file: Annotated[Path, typer.Argument(help="A file that 'driftloop backup' wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Move the present state aside.")] = False,
) -> "Backup":
    """Put a backup back; the stack has to be down."""
    from tasks.stack.backup.restore import restore as put_back
    from tasks.stack.starting import make_plan

    with waiting("Restoring"):
        return put_back(make_plan(place), file, force)


@command(sentence_view, services=True)
def rehome(place: Workspace, name: Name) -> "Rehomed":
    """Keep a model's locks and alerts here from now on, where the server that did is gone."""
    from tasks.coordination.place import rehome as keep_here

    with waiting("Writing it into the registry"):
        return keep_here(place, name)


def _note(line: str) -> None:
    notes.print(Text.assemble(("· ", "dim"), line), soft_wrap=True)
