"""The command about metrics: what a Prometheus would read."""

from typing import Annotated

import typer

from driftloop.errors import ConfigError
from flows.display import show_result
from flows.options import Folder, Json, Verbose, place_of
from flows.session import reporting, results, waiting

app = typer.Typer()


@app.command()
def metrics(
    name: Annotated[str | None, typer.Argument(help="One model; default: all.")] = None,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print the metrics of all models, or of one, in Prometheus' text format."""
    with reporting(verbose):
        place = place_of(workspace, verbose)
        from driftloop.exposition.output import MetricsOutput
        from driftloop.exposition.samples import samples_of
        from tasks.exposition import exposition
        from tasks.facts import configs_named, facts_of
        from tasks.metrics_push import most_features

        with waiting("Asking the registry"):
            configs, broken = configs_named(place, name)
            most = most_features()
            found = [sample for one in configs for sample in samples_of(facts_of(place, one), most)]
        with results():
            if json:
                show_result(MetricsOutput.of(found), json)
            else:
                typer.echo(exposition(found), nl=False)
        if broken:
            raise ConfigError("; ".join(broken))
