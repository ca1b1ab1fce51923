"""Commands about the local stack: up, down, stack, backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.display.results import show_result
from flows.cli.options import Folder, Json, Verbose
from flows.cli.session import notes, reporting, start, waiting

app = typer.Typer()


@app.command()
def up(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Start Prefect, MLflow, a worker and the page, with all deployments; or mend what has died."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.starting import make_plan
        from tasks.stack.starting import up as bring_up

        stack_output = bring_up(make_plan(place), _tell)
    show_result(stack_output, json)


@app.command()
def down(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Stop the stack: flow runs may end first, then nothing of it is left."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.starting import down as take_down
        from tasks.stack.starting import make_plan

        down_output = take_down(make_plan(place), _tell)
    show_result(down_output, json)


@app.command()
def stack(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Show each service of the stack: its state, address and log."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.starting import as_running, make_plan, services_of
        from tasks.stack.status import look

        with waiting("Asking the services"):
            plan = as_running(make_plan(place))
            stack_output = look(plan, services_of(plan))
    show_result(stack_output, json)
    if stack_output.state == "degraded":
        raise typer.Exit(2)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="New file, such as driftloop-2026-11-25.tar.gz.")],
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write databases, artifacts and the state of alerts into one file; the stack may be up."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.backup.create import back_up
        from tasks.stack.starting import make_plan

        with waiting("Backing up"):
            backup_output = back_up(make_plan(place), file)
    show_result(backup_output, json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that 'driftloop backup' wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Put aside the state that is there.")
    ] = False,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Put a backup back; the stack has to be down."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.backup.restore import restore as put_back
        from tasks.stack.starting import make_plan

        with waiting("Restoring"):
            backup_output = put_back(make_plan(place), file, force)
    show_result(backup_output, json)


def _tell(line: str) -> None:
    notes.print(f"[dim]·[/dim] {line}", soft_wrap=True)
