"""Drawing a message in the terminal as a person would see it in Slack."""

import html
import re
from typing import Any

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from driftloop.messages.message import Message, Severity

_COLOURS: dict[Severity, str] = {
    "page": "red",
    "warning": "yellow",
    "info": "blue",
    "good": "green",
}
_MARKUP = re.compile(r"\*(?P<bold>[^*\n]+)\*|<(?P<url>[^|>\n]+)\|(?P<label>[^>\n]+)>")


def draw(message: Message, console: Console, title: str) -> None:
    """Print the message as a panel."""
    parts: list[RenderableType] = []
    for block in message.blocks:
        parts += [_block(block), Text()]
    panel = Panel(
        Group(*parts[:-1]),
        title=Text(title, style="dim"),
        title_align="left",
        border_style=_COLOURS[message.severity],
        box=ROUNDED,
        padding=(0, 1),
        width=min(console.width, 88),
    )
    console.print(panel)


def _block(block: dict[str, Any]) -> RenderableType:
    if block["type"] == "header":
        return _text(block["text"]["text"], "bold")
    if block["type"] == "context":
        return Text(" ").join(_text(item["text"], "dim") for item in block["elements"])
    if "fields" in block:
        return _fields(block["fields"])
    return _text(block["text"]["text"])


def _fields(fields: list[dict[str, Any]]) -> Table:
    grid = Table.grid(padding=(0, 4, 1, 0), pad_edge=False)
    cells = [_text(field["text"]) for field in fields]
    for index in range(0, len(cells), 2):
        grid.add_row(*cells[index : index + 2])
    return grid


def _text(mrkdwn: str, style: str = "") -> Text:
    """Return Slack's markup as rich text; anything else in it is shown as it stands."""
    text, end = Text(style=style), 0
    for match in _MARKUP.finditer(mrkdwn):
        text.append(html.unescape(mrkdwn[end : match.start()]))
        if match["bold"]:
            text.append(html.unescape(match["bold"]), style="bold")
        else:
            text.append(html.unescape(f"{match['label']} ({match['url']})"))
        end = match.end()
    return text.append(html.unescape(mrkdwn[end:]))
