"""Commands about who is champion: rollback, approve, ledger."""

from typing import Annotated

import typer

from flows.cli.display.results import outcome, show_result
from flows.cli.options import Folder, Json, Name, Reason, Verbose, job_of
from flows.cli.session import reporting, running, waiting

app = typer.Typer()


@app.command()
def rollback(
    name: Name,
    to: Annotated[str | None, typer.Option(help="Version; default: the predecessor.")] = None,
    reason: Reason = "Started by hand.",
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make an earlier version champion again, with its reference."""
    with reporting(verbose):
        job = job_of(name, None, None, workspace, verbose)
        from driftloop.reporting.json.convert import rollback_output

        with running(f"Rolling back {name}", name):
            from flows.rollback import rollback as flow

            root = str(job.workspace.root)
            found = outcome(
                lambda: flow(name, to, reason, root),
                lambda done: rollback_output(name, done),
                json,
            )
    show_result(found, json)


@app.command()
def approve(
    name: Name,
    version: Annotated[str | None, typer.Option(help="Version; default: the one waiting.")] = None,
    decline: Annotated[bool, typer.Option("--decline", help="Keep the champion.")] = False,
    by: Annotated[str, typer.Option(help="Who decides; it goes into the ledger.")] = "",
    comment: Annotated[str, typer.Option(help="Why; it goes into the ledger.")] = "",
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Promote the challenger that waits for approval, or decline it."""
    with reporting(verbose):
        job = job_of(name, None, None, workspace, verbose)
        from driftloop.reporting.json.convert import approve_output

        with running(f"Answering for {name}", name):
            from flows.approve import answer

            root = str(job.workspace.root)
            found = outcome(
                lambda: answer(name, not decline, version, by, comment, root),
                lambda done: approve_output(name, done),
                json,
            )
    show_result(found, json)


@app.command()
def ledger(
    name: Name, workspace: Folder = None, json: Json = False, verbose: Verbose = False
) -> None:
    """Show every promotion, rollback and refusal of a model, oldest first."""
    with reporting(verbose):
        job = job_of(name, None, None, workspace, verbose)
        from driftloop.reporting.json.convert import ledger_output
        from tasks.registry.ledger import read_ledger
        from tasks.registry.opening import open_registry

        with waiting("Asking the registry"):
            registry = open_registry(job.workspace)
            champion = registry.champion(name)
            entries = read_ledger(registry, name)
        found = ledger_output(name, champion.version if champion else None, entries)
    show_result(found, json)
