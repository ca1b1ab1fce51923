"""The command that registers deployments: each model's monitor, and the ad-hoc ones."""

from typing import TYPE_CHECKING, Annotated

import typer

from driftloop.base.workspace import Workspace
from flows.cli.command import command
from flows.cli.display.stack import deploy_view
from flows.cli.session import waiting

if TYPE_CHECKING:
    from tasks.deployments.register import Registration


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
