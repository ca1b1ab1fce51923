"""Registered deployments in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.reporting.json.deploy import DeployedOutput, DeployOutput

_COLOURS = {"created": "green", "updated": "yellow", "stale": "red", "removed": "red"}


def deploy_view(found: DeployOutput) -> Iterable[RenderableType]:
    """Yield a table of the deployments, and what is to be done about stale ones."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("deployment", "outcome", "runs"):
        table.add_column(name, no_wrap=name != "runs")
    for deployment in found.deployments:
        table.add_row(
            deployment.name,
            Text(deployment.outcome, _COLOURS.get(deployment.outcome, "dim")),
            _runs(deployment),
        )
    yield table
    stale = [deployment.name for deployment in found.deployments if deployment.outcome == "stale"]
    if stale:
        count = "1 monitor has" if len(stale) == 1 else f"{len(stale)} monitors have"
        yield f"{count} no configuration any more; 'driftloop deploy --prune' removes what is stale"


def _runs(one: DeployedOutput) -> str:
    if one.paused:
        return "switched off by a person; switch it on in the UI"
    return one.schedule or ("" if one.outcome in {"stale", "removed"} else "when started by hand")
