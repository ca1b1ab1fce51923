"""A message as plain text, for channels that know no markup."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from driftloop.alerts.message import Message

_LINK = re.compile(r"<(?P<url>(?:https?://|mailto:)[^|>\n]+)(?:\|(?P<label>[^>\n]+))?>")
_MENTION = re.compile(r"<(?P<mark>[@!#])(?P<name>[^|>\n]+)(?:\|(?P<label>[^>\n]+))?>")
_STRONG = re.compile(r"(?<![\w*])\*(?P<text>[^*\n]+)\*(?![\w*])")
_CODE = re.compile(r"`(?P<text>[^`\n]+)`")


def to_text(message: Message) -> str:
    """Return the message as readable lines: a paragraph a block, links as ``label: url``."""
    parts = ("\n".join(lines(block)) for block in message.blocks)
    return "\n\n".join(part for part in parts if part) or plain(message.text)


def title(message: Message) -> str:
    """Return the header of the message as one plain line, or its text where it has none."""
    for block in message.blocks:
        if block.get("type") == "header":
            return " ".join(plain(block["text"]["text"]).split())
    return " ".join(plain(message.text).split())


def links(message: Message) -> tuple[tuple[str, str], ...]:
    """Return the address and label of every link in the message, in order, each once."""
    found: dict[str, str] = {}
    for block in message.blocks:
        for text in _texts(block):
            for match in _LINK.finditer(text):
                url = html.unescape(match["url"])
                found.setdefault(url, html.unescape(match["label"] or match["url"]))
    return tuple(found.items())


def plain(mrkdwn: str) -> str:
    """Return Slack's markup without the markup; a mention becomes a name, a date its text."""
    text = _LINK.sub(_link, mrkdwn)
    text = _CODE.sub(r"\g<text>", _STRONG.sub(r"\g<text>", _MENTION.sub(_name, text)))
    return html.unescape(text)


def lines(block: Mapping[str, Any]) -> list[str]:
    """Return the lines of one block; a field is one line, a block without words none."""
    if "fields" in block:
        texts = [plain(text).strip() for text in _texts(block)]
        return [re.sub(r":?\n", ": ", text, count=1) for text in texts]
    return [line for text in _texts(block) for line in plain(text).strip().splitlines()]


def _link(match: re.Match[str]) -> str:
    return f"{match['label']}: {match['url']}" if match["label"] else match["url"]


def _name(match: re.Match[str]) -> str:
    """Return ``@here``, ``@U012ABC`` or ``#general``; a date's own text."""
    sign = "#" if match["mark"] == "#" else "@"
    if label := match["label"]:
        return label if match["name"].startswith("date^") else sign + label.lstrip("@#")
    return sign + match["name"].removeprefix("subteam^")


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a block as Slack holds them; a button with an address is a link."""
    if isinstance(block.get("text"), Mapping):
        yield str(block["text"]["text"])
    for item in (*block.get("fields", ()), *block.get("elements", ())):
        text = item.get("text", "")
        if isinstance(text, Mapping):
            text = f"<{item['url']}|{text['text']}>" if item.get("url") else text["text"]
        if text or item.get("alt_text"):
            yield str(text or item["alt_text"])
    if block.get("type") == "image":
        yield str(block.get("alt_text", ""))
