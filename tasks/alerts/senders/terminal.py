"""Drawing a message in the terminal as a person would see it in Slack."""

import html
import re
from typing import Any

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from driftloop.alerts.message import Message, Severity

_COLOURS: dict[Severity, str] = {
    "page": "red",
    "warning": "yellow",
    "info": "blue",
    "good": "green",
}
_MARKUP = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)"
    r"|<(?P<url>https?://[^|>\n]+)\|(?P<label>[^>\n]+)>"
    r"|<[@!#](?:subteam\^)?(?P<who>[^|>\n]+)(?:\|[^>\n]*)?>"
)


_WIDTH = 88
_LINES = 2


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
        width=min(console.width, _WIDTH),
    )
    console.print(panel)


def draw_line(message: Message, console: Console, title: str) -> None:
    """Print how the message begins, on two lines at most, as a reply to what was drawn before."""
    sections = (block["text"] for block in message.blocks if "text" in block)
    said = next((section["text"] for section in sections), message.text)
    text = Text("↳ ", style="dim").append(f"{title}: ", style="dim")
    text.append_text(_text(" ".join(said.split())))
    width = min(console.width, _WIDTH) - 4
    lines = text.wrap(console, width)
    if len(lines) > _LINES:
        last = lines[_LINES - 1]
        last.truncate(width - 2)
        last.append(" …", style="dim")
    for row, line in enumerate(lines[:_LINES]):
        console.print(Padding(line, (0, 0, 0, 4 if row else 2), expand=False))


def _block(block: dict[str, Any]) -> RenderableType:
    if block["type"] == "header":
        return _text(block["text"]["text"], "bold")
    if block["type"] == "divider":
        return Rule(style="dim")
    if block["type"] == "image":
        return Text(f"[picture: {block.get('alt_text', '')}]", style="dim")
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
        text.append(_marked(match))
        end = match.end()
    return text.append(html.unescape(mrkdwn[end:]))


def _marked(match: re.Match[str]) -> Text:
    if match["code"]:
        return Text(html.unescape(match["code"]), style="cyan")
    if match["bold"]:
        return Text(html.unescape(match["bold"]), style="bold")
    if match["who"]:
        return Text(f"@{html.unescape(match['who'])}", style="bold")
    return Text(html.unescape(f"{match['label']} ({match['url']})"))
