"""The command about metrics: the values that Prometheus would read."""

from driftloop.base.errors import IncompleteError
from driftloop.base.workspace import Workspace
from driftloop.reporting.prometheus.metrics import Metrics
from flows.cli.command import command
from flows.cli.options import AnyName
from flows.cli.session import waiting


def _exposition(metrics: Metrics) -> str:
    from tasks.reporting.prometheus_format import text_format

    return text_format(metrics.samples)


@command(_exposition, services=True)
def metrics(place: Workspace, name: AnyName = None) -> Metrics:
    """Print the metrics of all models, or of one, in Prometheus' text format."""
    from driftloop.reporting.prometheus.samples import samples_of
    from tasks.reporting.metric_inputs import configs_named, read_metric_inputs
    from tasks.reporting.publish_metrics import most_features

    with waiting("Asking the registry"):
        configs, broken = configs_named(place, name)
        most = most_features()
        samples = [
            sample
            for config in configs
            for sample in samples_of(read_metric_inputs(place, config), most)
        ]
    result = Metrics(tuple(samples))
    if broken:
        raise IncompleteError("; ".join(broken), result)
    return result
