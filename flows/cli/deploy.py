"""The command that registers deployments: for every model its monitor, and the ad-hoc ones."""

from typing import Annotated

import typer

from driftloop.reporting.json.deploy import DeployOutput
from flows.cli.display.results import show_result
from flows.cli.options import Folder, Json, Verbose, place_of
from flows.cli.session import reporting, waiting

app = typer.Typer()


@app.command()
def deploy(
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove monitors of models that are gone.")
    ] = False,
    folder: Annotated[
        str | None,
        typer.Option("--worker-workspace", help="The workspace on the worker, if not here."),
    ] = None,
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Leave out models whose YAML is not valid.")
    ] = False,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Register every deployment: each model's monitor on its schedule, and the ad-hoc ones."""
    with reporting(verbose):
        place = place_of(workspace, verbose)
        from tasks.deployments.register import plan_deployments, register

        with waiting("Registering deployments"):
            plan = plan_deployments(place, folder, skip_broken)
            deploy_output = DeployOutput.of(register(plan, prune))
    show_result(deploy_output, json)
