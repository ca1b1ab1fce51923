"""Results of the commands about alerts in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from driftloop.alerts.responses import DeliveryReport, TestAlert


def channels_view(test: TestAlert) -> Iterable[RenderableType]:
    """Yield whether a test message reached each channel."""
    yield test.sentence
    for channel in test.channels:
        mark = Text("reached", "green") if channel.delivered else Text("not reached", "red")
        yield Text.assemble(f"  {channel.channel}: ", mark, f" {channel.sentence}")


def delivery_view(delivery: DeliveryReport) -> Iterable[RenderableType]:
    """Yield what was delivered, and why the rest was not."""
    yield delivery.sentence
    yield from (Text(error, style="red") for error in delivery.errors)
