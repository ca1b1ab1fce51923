"""The terminal, where a message is drawn as a person would see it in Slack."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from driftloop.alerts.blocks import (
    Block,
    Context,
    Fields,
    Header,
    Line,
    Picture,
    Section,
    Span,
    bold,
    line,
)
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import SMALL_STEPS, Message, OutgoingMessage, Receipt, Severity
from tasks.alerts.senders.base import Sender

_COLOURS: dict[Severity, str] = {
    "page": "red",
    "warning": "yellow",
    "info": "blue",
    "good": "green",
}
_STYLES = {"plain": "", "bold": "bold", "code": "cyan", "link": ""}
SCREEN: ContextVar[Console | None] = ContextVar("screen", default=None)
"""The console on which something else is drawn, too: two on one terminal write into each other."""
_WIDTH = 88
_LINES = 2


@dataclass(frozen=True, slots=True)
class ConsoleSender(Sender):
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


def draw(message: Message, console: Console, title: str) -> None:
    """Print the message as a panel."""
    parts: list[RenderableType] = []
    for block in message.all_blocks:
        parts += [_block(block), Text()]
    panel = Panel(
        Group(*parts[:-1]),
        title=Text(title, style="dim"),
        title_align="left",
        border_style=_COLOURS[message.severity],
        box=ROUNDED,
        padding=(0, 1),
        width=min(console.width, _WIDTH),
    )
    console.print(panel)


def draw_line(message: Message, console: Console, title: str) -> None:
    """Print how the message begins, on two lines at most, as a reply to what was drawn before."""
    text = Text("↳ ", style="dim").append(f"{title}: ", style="dim")
    first = next((block for block in message.blocks if isinstance(block, Section)), None)
    text.append_text(_lines(first.lines, " ") if first is not None else Text(message.text))
    width = min(console.width, _WIDTH) - 4
    lines = text.wrap(console, width)
    if len(lines) > _LINES:
        last = lines[_LINES - 1]
        last.truncate(width - 2)
        last.append(" …", style="dim")
    for row, wrapped in enumerate(lines[:_LINES]):
        console.print(Padding(wrapped, (0, 0, 0, 4 if row else 2), expand=False))


def _block(block: Block) -> RenderableType:
    match block:
        case Header(text):
            return Text(text, style="bold")
        case Section(lines):
            return _lines(lines)
        case Fields(pairs):
            return _fields(pairs)
        case Context(content):
            return _lines((content,), style="dim")
        case Picture(_, alt):
            return Text(f"[picture: {alt}]", style="dim")


def _fields(pairs: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 4, 1, 0), pad_edge=False)
    cells = [_lines((line(bold(label)), line(value))) for label, value in pairs]
    for index in range(0, len(cells), 2):
        grid.add_row(*cells[index : index + 2])
    return grid


def _lines(lines: Sequence[Line], between: str = "\n", style: str = "") -> Text:
    """Return lines as rich text, which never takes a name for its own markup."""
    return Text(between, style=style).join(_line(item, style) for item in lines)


def _line(content: Line, style: str) -> Text:
    text = Text("• " if content.bullet else "", style=style)
    return text.append_text(Text.assemble(*map(_span, content.spans)))


def _span(span: Span) -> tuple[str, str | Style]:
    if span.url:  # a live link where the terminal knows them, and its address where not
        return f"{span.text} ({span.url})", Style(link=span.url)
    return span.text, _STYLES[span.style]
