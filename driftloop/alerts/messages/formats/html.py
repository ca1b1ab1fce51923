"""Messages as HTML: a fragment, a page that looks like a Slack channel, and an e-mail."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from driftloop.alerts.blocks import Block
from driftloop.alerts.message import Message, Severity
from driftloop.alerts.messages.formats.mrkdwn import Look, mrkdwn_html, tag, text_html

_KINDS = (
    *("header", "section", "fields", "field", "context", "divider", "image", "caption"),
    *("code", "block", "mention", "link"),
)
PAGE: Look = {kind: f'class="{kind}"' for kind in _KINDS}
_COLOURS: dict[Severity, str] = {
    "page": "#c62828",
    "warning": "#b26a00",
    "info": "#1264a3",
    "good": "#2e7d32",
}
MAIL: Look = {
    "header": 'style="margin:0;font-size:18px;line-height:1.3"',
    "section": 'style="margin:0"',
    "fields": 'role="presentation" cellpadding="0" cellspacing="0" width="100%"',
    "field": 'width="50%" valign="top" style="padding:2px 12px 6px 0"',
    "context": 'style="margin:0;color:#5c5c5c;font-size:12px"',
    "divider": 'style="border:0;border-top:1px solid #dddddd;margin:0"',
    "caption": 'style="margin:0;color:#5c5c5c;font-size:12px"',
    "code": 'style="font-family:Consolas,Menlo,monospace;background:#f2f2f2;padding:1px 4px"',
    "block": 'style="font-family:Consolas,Menlo,monospace;background:#f2f2f2;padding:8px;'
    'white-space:pre-wrap;margin:0"',
    "mention": 'style="font-weight:bold"',
    "link": 'style="color:#1264a3"',
    "image": 'style="max-width:100%"',
}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?[+-]\d{2}:\d{2}")
_DRAWN = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=]+")


def message_html(message: Message) -> str:
    """Return the blocks of a message as an HTML fragment with classes to style it by."""
    blocks = "\n".join(block_html(block, PAGE) for block in message.blocks)
    return f'<div class="message {message.severity}">\n{blocks}\n</div>'


def channel_html(title: str, posts: Sequence[tuple[Message, Sequence[Message]]]) -> str:
    """Return a page that shows messages and their threads as a Slack channel does.

    It needs no network: styles are in it, and pictures elsewhere are shown as links.
    """
    body = "\n".join(_post(parent, replies) for parent, replies in posts)
    name = text_html(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<header class="channel"># {name}</header>\n<main>\n{body}\n</main>\n</body>\n</html>\n'
    )


def email_html(message: Message) -> str:
    """Return a mail's HTML body: one table with inline styles, for any mail program."""
    rows = "\n".join(
        f'<tr><td style="padding:0 16px 12px">{block_html(block, MAIL)}</td></tr>'
        for block in message.blocks
    )
    colour = _COLOURS[message.severity]
    table = (
        'role="presentation" cellpadding="0" cellspacing="0" width="100%" '
        f'style="max-width:600px;border-top:4px solid {colour};background:#ffffff;color:#1d1c1d;'
        'font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:1.5"'
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
        f'<body style="margin:0;padding:12px;background:#ffffff">\n<table {table}>\n'
        f'<tr><td style="padding:12px 0 0"></td></tr>\n{rows}\n</table>\n</body>\n</html>\n'
    )


def block_html(block: Block, look: Look) -> str:
    """Return one block as HTML; a block of an unknown type gives nothing."""
    kind = block.get("type")
    if kind == "header":
        return tag("h3", look, "header", text_html(block["text"]["text"]))
    if kind == "section":
        return _section(block, look)
    if kind == "context":
        inner = " ".join(_element(one, look) for one in block["elements"])
        return tag("p", look, "context", inner)
    if kind == "divider":
        return f"<hr {look.get('divider', '')}>"
    return _image(block, look) if kind == "image" else ""


def _section(block: Block, look: Look) -> str:
    parts = []
    if "text" in block:
        parts.append(tag("p", look, "section", _text(block["text"], look)))
    if "fields" in block:
        cells = [tag("td", look, "field", _text(one, look)) for one in block["fields"]]
        pairs = ["".join(cells[start : start + 2]) for start in range(0, len(cells), 2)]
        parts.append(tag("table", look, "fields", "".join(f"<tr>{pair}</tr>" for pair in pairs)))
    return "".join(parts)


def _element(element: dict[str, Any], look: Look) -> str:
    return _image(element, look) if element.get("type") == "image" else _text(element, look)


def _text(text: dict[str, Any], look: Look) -> str:
    said = text.get("text", "")
    return text_html(said) if text.get("type") == "plain_text" else mrkdwn_html(said, look)


def _image(block: Block, look: Look) -> str:
    """Return a picture that is in the address itself, else a link to it."""
    address, told = str(block.get("image_url", "")), text_html(str(block.get("alt_text", "")))
    if _DRAWN.fullmatch(address):
        return f'<img {look.get("image", "")} src="{address}" alt="{told}">'
    plain = mrkdwn_html(f"<{address}|picture>", look) if address.startswith("http") else "Picture"
    return tag("p", look, "caption", f"{plain}: {told}")


def _post(parent: Message, replies: Sequence[Message]) -> str:
    moment = next((found for reply in (parent, *replies) if (found := _moment(reply))), "")
    thread = ""
    if replies:
        noun = "reply" if len(replies) == 1 else "replies"
        inner = "\n".join(_said(reply, _moment(reply) or moment) for reply in replies)
        lead = f'<div class="count">{len(replies)} {noun}</div>'
        thread = f'\n<div class="thread">{lead}\n{inner}\n</div>'
    return f'<section class="post">\n{_said(parent, moment)}{thread}\n</section>'


def _said(message: Message, moment: str) -> str:
    return (
        '<article><div class="avatar" aria-hidden="true">d</div><div class="said">'
        f'<div class="who"><b>driftloop</b> <span class="app">APP</span> <time>{moment}</time>'
        f"</div>\n{message_html(message)}\n</div></article>"
    )


def _moment(message: Message) -> str:
    """Return the moment that a message's key names, or nothing."""
    match = _TIME.search(message.key)
    return f"{datetime.fromisoformat(match[0]):%d %b, %H:%M}" if match else ""


_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1d1c1d; --dim: #616061;
  --line: #dddddd; --link: #1264a3; --code: #c01343; --patch: #f6f6f6; --called: #fdf2d0; }
@media (prefers-color-scheme: dark) { :root { --ground: #1a1d21; --text: #d1d2d3;
  --dim: #9a9b9e; --line: #3a3d42; --link: #4aa3df; --code: #e8912d; --patch: #222529;
  --called: #4a3f1d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.46 Lato,
  "Helvetica Neue", Helvetica, Arial, "Noto Color Emoji", sans-serif; }
.channel { position: sticky; top: 0; padding: 10px 14px; background: var(--ground);
  border-bottom: 1px solid var(--line); font-weight: 700; }
main { max-width: 760px; }
.post { padding: 10px 12px 6px; }
.post + .post { border-top: 1px solid var(--line); }
article { display: flex; gap: 9px; margin-bottom: 10px; }
.avatar { flex: none; width: 34px; height: 34px; border-radius: 6px; background: #0b5fa5;
  color: #fff; font-weight: 700; font-size: 19px; line-height: 34px; text-align: center; }
.said { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.app { padding: 0 3px; border-radius: 2px; background: var(--patch); color: var(--dim);
  font-size: 10px; font-weight: 700; }
time, .context, .caption, .count { color: var(--dim); font-size: 12.5px; }
.header { margin: 2px 0 6px; font-size: 17.5px; line-height: 1.3; }
.section, .context, .caption { margin: 0 0 8px; }
.fields { width: 100%; border-collapse: collapse; margin-bottom: 4px; }
.field { width: 50%; padding: 0 10px 6px 0; vertical-align: top; }
.code, .block { border: 1px solid var(--line); border-radius: 3px; background: var(--patch);
  font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
.code { padding: 0 3px; color: var(--code); }
.block { padding: 8px; margin: 0 0 8px; white-space: pre-wrap; }
.mention { padding: 0 2px; border-radius: 3px; background: var(--called); color: var(--link); }
.link { color: var(--link); text-decoration: none; }
.divider { border: 0; border-top: 1px solid var(--line); margin: 8px 0; }
.image { max-width: 100%; border-radius: 6px; }
.thread { margin-left: 16px; padding-left: 12px; border-left: 3px solid var(--line); }
.thread .avatar { width: 24px; height: 24px; font-size: 14px; line-height: 24px; }
.count { margin-bottom: 8px; font-weight: 700; color: var(--link); }
"""
