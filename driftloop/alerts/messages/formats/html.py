"""HTML: a page that looks like a Slack channel, an e-mail, and the lines of a report."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.alerts.blocks import Line, clean
from driftloop.alerts.message import Message, Severity

if TYPE_CHECKING:
    from jinja2 import Environment

_COLOURS: dict[Severity, str] = {
    "page": "#c62828",
    "warning": "#b26a00",
    "info": "#1264a3",
    "good": "#2e7d32",
}
_KINDS = ("header", "section", "fields", "field", "context", "picture", "code", "link")
_CHANNEL = {kind: f'class="{kind}"' for kind in _KINDS}
# Mail programs ignore style sheets.
_MAIL = {
    "header": 'style="margin:0;font-size:18px;line-height:1.3"',
    "section": 'style="margin:0"',
    "fields": 'role="presentation" cellpadding="0" cellspacing="0" width="100%"',
    "field": 'width="50%" valign="top" style="padding:2px 12px 6px 0"',
    "context": 'style="margin:0;color:#5c5c5c;font-size:12px"',
    "picture": 'style="max-width:100%"',
    "code": 'style="font-family:Consolas,Menlo,monospace;background:#f2f2f2;padding:1px 4px"',
    "link": 'style="color:#1264a3"',
}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?[+-]\d{2}:\d{2}")


def channel_html(title: str, posts: Sequence[tuple[Message, Sequence[Message]]]) -> str:
    """Return a page that shows messages and their threads as a Slack channel does.

    It needs no network: styles and pictures are in it.
    """
    return _rendered(
        "channel.html.j2", _CHANNEL, title=clean(title), posts=[_post(*post) for post in posts]
    )


def email_html(message: Message) -> str:
    """Return a mail's HTML body: one table with inline styles, for any mail program."""
    return _rendered("mail.html.j2", _MAIL, message=message, colour=_COLOURS[message.severity])


def lines_html(lines: Sequence[Line]) -> str:
    """Return lines as an HTML fragment without classes or styles."""
    return str(_environment().get_template("blocks.html.j2").module.lines(lines, {}))  # type: ignore[attr-defined]  # a macro


def _post(parent: Message, replies: Sequence[Message]) -> dict[str, Any]:
    """Return a message and its replies, each with its time, or that of the message before it."""
    times = [_time(message) for message in (parent, *replies)]
    first = next(filter(None, times), "")
    timed = [
        (message, time or first) for message, time in zip((parent, *replies), times, strict=True)
    ]
    return {"parent": timed[0], "replies": timed[1:]}


def _time(message: Message) -> str:
    """Return the moment in a message's key, or nothing."""
    match = _TIME.search(message.key)
    return f"{datetime.fromisoformat(match[0]):%d %b, %H:%M}" if match else ""


def _rendered(template: str, attributes: Mapping[str, str], **values: Any) -> str:
    from markupsafe import Markup

    marked = {kind: Markup(f" {text}") for kind, text in attributes.items()}  # noqa: S704 (constants)
    return _environment().get_template(template).render(attributes=marked, **values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader

    folder = Path(__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
