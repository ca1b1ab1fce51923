"""Registered deployments in the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tasks.deployments.register import Registered, Registration

_COLOURS = {"created": "green", "updated": "yellow", "stale": "red", "removed": "red"}


def deploy_view(registration: "Registration") -> Iterable[RenderableType]:
    """Yield a table of the deployments, and what is to be done about stale ones."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("deployment", "outcome", "runs"):
        table.add_column(name, no_wrap=name != "runs")
    for deployment in registration.deployments:
        table.add_row(
            deployment.name,
            Text(deployment.outcome, _COLOURS.get(deployment.outcome, "dim")),
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
