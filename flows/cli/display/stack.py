"""Registered deployments and the local stack in the terminal."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from flows.cli.display.show import empty_table

if TYPE_CHECKING:
    from tasks.deployments.register import Registered, Registration
    from tasks.stack.status import StackStatus

_OUTCOMES = {"created": "green", "updated": "yellow", "stale": "red", "removed": "red"}
_DAILY = "/v2/deployments?tags=%5B%22daily%22%5D"
_MODELS = "/#/experiments?workflowType=machine_learning"
_STATES = {"running": "green", "starting": "yellow", "failed": "red", "stopped": "dim"}


def deploy_view(registration: "Registration") -> Iterable[RenderableType]:
    """Yield a table of the deployments, and what is to be done about stale ones."""
    table = empty_table("deployment", "outcome", "runs", wrapped="runs")
    for deployment in registration.deployments:
        table.add_row(
            deployment.name,
            Text(deployment.outcome, _OUTCOMES.get(deployment.outcome, "dim")),
            _runs(deployment),
        )
    yield table
    stale = sum(deployment.outcome == "stale" for deployment in registration.deployments)
    if stale:
        count = "1 monitor has" if stale == 1 else f"{stale} monitors have"
        yield f"{count} no configuration any more; 'driftloop deploy --prune' removes what is stale"


def _runs(deployment: "Registered") -> str:
    if deployment.paused:
        return "switched off by a person; switch it on in the UI"
    by_hand = deployment.outcome not in {"stale", "removed"}
    return deployment.schedule or ("when started by hand" if by_hand else "")


def stack_view(status: "StackStatus") -> Iterable[RenderableType]:
    """Yield a line per service, and what to do next."""
    table = empty_table("service", "state", "address", "log", header_style="bold")
    for service in status.services:
        state = "no answer" if service.healthy is False else service.state
        colour = "red" if service.healthy is False else _STATES[service.state]
        table.add_row(
            service.name, Text(state, colour), service.address or "", Path(service.log).name
        )
    yield table
    yield _whole(f"logs: {_near(status.folder)}/logs")
    for note in status.notes:
        yield Text(f"note: {note}", style="yellow")
    yield status.sentence
    if status.state == "running":
        yield _whole(f"\nYour models: {_at(status, 'site')}")
        yield _whole(f"  Prefect's deployments of every day: {_at(status, 'prefect')}{_DAILY}")
        yield _whole(f"  MLflow's runs and models: {_at(status, 'mlflow')}{_MODELS}")
        yield _whole(f"  user: driftloop, password: in {_near(status.folder)}/password")
        yield "\nNext, in a shell:"
        yield _whole(f"  source {_near(status.folder)}/env")
        yield "                                    # commands then use the stack"
        yield "  driftloop status                  # your models, and what is open"
        yield "  driftloop stack                   # how the services are"
        yield "  driftloop down                    # stop everything"


def _at(status: "StackStatus", name: str) -> str:
    """Return the address of a service."""
    return next(service.address or "" for service in status.services if service.name == name)


def _whole(text: str) -> Text:
    """Return a line that is not broken, so that what is in it can be copied."""
    return Text(text, no_wrap=True, overflow="ignore")


def _near(path: str) -> str:
    """Return a path as it is written from here, if it is below."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
