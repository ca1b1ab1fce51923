"""Prometheus' text format, by prometheus_client, which is imported only where it is needed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from driftloop.reporting.prometheus.metrics import METRICS, Sample

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric as Family


class _Collector:
    """Gives the samples to prometheus_client, one family a metric, in the order of the table."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = tuple(samples)

    def collect(self) -> Iterator["Family"]:
        """Yield the families that have samples."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        by_name: dict[str, list[Sample]] = defaultdict(list)
        for sample in self._samples:
            by_name[sample.metric.name].append(sample)
        for metric in METRICS:
            if metric.name not in by_name:
                continue
            made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = made(metric.name, metric.help, labels=("model", *metric.labels))
            for sample in by_name[metric.name]:
                family.add_metric(sample.labels, sample.value)
            yield family


def collector_registry(samples: Iterable[Sample]) -> "CollectorRegistry":
    """Return a registry of prometheus_client that holds these samples and nothing else."""
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    registry.register(_Collector(samples))
    return registry


def text_format(samples: Iterable[Sample]) -> str:
    """Return the samples in the text format 0.0.4, which every Prometheus reads."""
    from prometheus_client import generate_latest

    return generate_latest(collector_registry(samples)).decode()
