"""The command about metrics: what a Prometheus would read."""

from typing import Annotated

import typer

from driftloop.base.errors import ConfigError
from flows.cli.display.results import show_result
from flows.cli.options import Folder, Json, Verbose, place_of
from flows.cli.session import reporting, results, waiting

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
        from driftloop.reporting.json.metrics import MetricsOutput
        from driftloop.reporting.prometheus.samples import samples_of
        from tasks.reporting.metric_inputs import configs_named, read_metric_inputs
        from tasks.reporting.prometheus_format import text_format
        from tasks.reporting.publish_metrics import most_features

        with waiting("Asking the registry"):
            configs, broken = configs_named(place, name)
            most = most_features()
            samples = [
                sample
                for config in configs
                for sample in samples_of(read_metric_inputs(place, config), most)
            ]
        with results():
            if json:
                show_result(MetricsOutput.of(samples), json)
            else:
                typer.echo(text_format(samples), nl=False)
        if broken:
            raise ConfigError("; ".join(broken))
