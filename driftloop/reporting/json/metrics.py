"""What ``driftloop metrics --json`` prints."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from driftloop.reporting.json.base import Output
from driftloop.reporting.prometheus.metrics import Sample


class SampleOutput(Output):
    """One time series and its value."""

    name: str
    type: Literal["gauge", "counter"]
    help: str
    labels: dict[str, str]
    value: float = Field(description="Times are seconds since 1970, states 0 or 1.")


class MetricsOutput(Output):
    """``driftloop metrics --json``."""

    samples: tuple[SampleOutput, ...] = Field(description="What is not known is left out.")

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "MetricsOutput":
        """Return what is printed of samples."""
        generator = (
            SampleOutput(
                name=sample.metric.name,
                type=sample.metric.kind,
                help=sample.metric.help,
                labels=sample.named,
                value=sample.value,
            )
            for sample in samples
        )
        return cls(samples=tuple(generator))
