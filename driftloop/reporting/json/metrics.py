"""What ``driftloop metrics --json`` prints."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from driftloop.reporting.json.base import Output
from driftloop.reporting.prometheus.table import Sample


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
        found = (
            SampleOutput(
                name=one.metric.name,
                type=one.metric.kind,
                help=one.metric.help,
                labels=one.named,
                value=one.value,
            )
            for one in samples
        )
        return cls(samples=tuple(found))
