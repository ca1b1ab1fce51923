"""Prometheus' text format, written by prometheus_client, which is imported lazily."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from driftloop.reporting.prometheus.metrics import METRICS, Sample

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric as Family


class _Collector:
    """Gives the samples to prometheus_client, one family per metric, in the order of the table."""

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
            family_type = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = family_type(metric.name, metric.help, labels=("model", *metric.labels))
            for sample in by_name[metric.name]:
                family.add_metric(sample.labels, sample.value)
            yield family


def collector_registry(samples: Iterable[Sample]) -> "CollectorRegistry":
    """Return a prometheus_client registry with exactly these samples."""
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    registry.register(_Collector(samples))
    return registry


def text_format(samples: Iterable[Sample]) -> str:
    """Return the samples in the text format 0.0.4, which every Prometheus reads."""
    from prometheus_client import generate_latest

    return generate_latest(collector_registry(samples)).decode()
