"""Commands about the local stack: up, down, stack."""

import typer

from flows.display import show_result
from flows.options import Folder, Json, Verbose
from flows.session import notes, reporting, start, waiting

app = typer.Typer()


@app.command()
def up(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Start Prefect, MLflow, a worker and the page, with all deployments; or mend what has died."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.starting import make_plan
        from tasks.stack.starting import up as bring_up

        found = bring_up(make_plan(place), _tell)
    show_result(found, json)


@app.command()
def down(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Stop the stack: flow runs may end first, then nothing of it is left."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.starting import down as take_down
        from tasks.stack.starting import make_plan

        found = take_down(make_plan(place), _tell)
    show_result(found, json)


@app.command()
def stack(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Show each service of the stack: its state, address and log."""
    with reporting(verbose):
        place = start(workspace, verbose)
        from tasks.stack.looking import look
        from tasks.stack.starting import as_running, make_plan, services_of

        with waiting("Asking the services"):
            plan = as_running(make_plan(place))
            found = look(plan, services_of(plan))
    show_result(found, json)
    if found.state == "degraded":
        raise typer.Exit(2)


def _tell(line: str) -> None:
    notes.print(f"[dim]·[/dim] {line}", soft_wrap=True)
