"""The sender for the terminal."""

from dataclasses import dataclass

from rich.console import Console

from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.incident import Receipt
from driftloop.alerts.message import SMALL_STEPS
from driftloop.alerts.outgoing import OutgoingMessage
from tasks.alerts.senders.base import ThreadlessSender
from tasks.alerts.senders.terminal import draw, draw_line


@dataclass(frozen=True, slots=True)
class ConsoleSender(ThreadlessSender):
    """Draws messages in the terminal."""

    channel: ConsoleChannel | SlackChannel
    title: str
    console: Console

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Draw the message, titled with its incident; a small step in an incident is a line."""
        # One terminal shows one registry, so that its name before the incident tells nothing.
        incident = outgoing.incident and outgoing.incident.rpartition("/")[2]
        if incident and outgoing.kind in SMALL_STEPS:
            draw_line(outgoing.message, self.console, incident)
        else:
            title = f"{self.title} · {incident}" if incident else self.title
            draw(outgoing.message, self.console, title)
        return Receipt("console", outgoing.key)
