"""Slack: Block Kit and mrkdwn, within what Slack accepts.

Limits: https://docs.slack.dev/reference/block-kit/blocks, and 13,000 characters a message.
"""

from collections.abc import Iterable, Sequence
from typing import Any

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
    context,
    line,
)
from driftloop.alerts.buttons import Button
from driftloop.alerts.message import Links, Message, link

HEADER_LIMIT = 150
BUTTON_LIMIT = 30  # of the 75 that Slack takes; more is not shown on a phone
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
FIELDS_LIMIT = 10
BLOCKS_LIMIT = 50
TOTAL_LIMIT = 13_000
URL_LIMIT = 2000
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"})
_MARKS = {"plain": "", "bold": "*", "code": "`"}

SlackBlock = dict[str, Any]


def slack_text(message: Message, mention: str = "") -> str:
    """Return the text of the notification, the mentioned people first.

    `mention` is Slack's own markup, such as ``<!here>``.
    """
    text = _cut(_escape(message.text), SECTION_LIMIT)
    return f"{mention} {text}" if mention else text


def slack_blocks(message: Message, mention: str = "", answers: bool = False) -> list[SlackBlock]:
    """Return a message as Block Kit, the mentioned people last; with buttons where it can answer.

    Slack refuses a message with too many blocks or characters. What does not fit is left out and a
    line says where to find it; buttons, links and mentions always stay.
    """
    blocks = [_block(block) for block in message.blocks]
    ending = [_actions(message.buttons)] if answers and message.buttons else []
    ending += [_block(block) for block in message.links.footer]
    ending += [_section(mention)] if mention else []
    if _fits([*blocks, *ending]):
        return [*blocks, *ending]
    ending = [_block(_where_the_rest_is(message.links)), *ending]
    shown: list[SlackBlock] = []
    for block in blocks:
        if not _fits([*shown, block, *ending]):
            break
        shown.append(block)
    return [*shown, *ending]


def mrkdwn(lines: Iterable[Line], limit: int = SECTION_LIMIT) -> str:
    """Return lines as mrkdwn of at most `limit` characters; marks and entities stay whole."""
    shown = ""
    for span in _spans(lines):
        text = _escape(span.text)
        marked = _marked(span, text)
        room = limit - 1 - len(shown)  # one is kept for the "…"
        if len(marked) > room:
            left = min(room + 1 - len(marked) + len(text), len(text) - 1)
            return shown + (_marked(span, _cut(text, left)) if left > 1 else "…")
        shown += marked
    return shown


def size(block: SlackBlock) -> int:
    """Return the number of characters in a block, as Slack counts them (UTF-16 units)."""
    texts = [*block.get("fields", ()), *block.get("elements", ()), block.get("text", {})]
    shown = (text.get("text", "") for text in texts)
    plain = (text if isinstance(text, str) else text["text"] for text in shown)  # a button's label
    return sum(len(text.encode("utf-16-le")) // 2 for text in plain)


def _fits(blocks: Sequence[SlackBlock]) -> bool:
    return len(blocks) <= BLOCKS_LIMIT and sum(map(size, blocks)) <= TOTAL_LIMIT


def _block(block: Block) -> SlackBlock:
    match block:
        case Header(text):
            return {"type": "header", "text": _plain(text, HEADER_LIMIT)}
        case Section(lines):
            return _section(mrkdwn(lines))
        case Fields(pairs):
            cells = [
                mrkdwn((line(bold(label)), line(value)), FIELD_LIMIT) for label, value in pairs
            ]
            return {"type": "section", "fields": [_text(cell) for cell in cells[:FIELDS_LIMIT]]}
        case Context(content):
            return {"type": "context", "elements": [_text(mrkdwn((content,)))]}
        case Picture(url, alt):
            return {"type": "image", "image_url": url, "alt_text": alt}


def _actions(buttons: Sequence[Button]) -> SlackBlock:
    return {"type": "actions", "elements": [_button(button) for button in buttons]}


def _button(button: Button) -> SlackBlock:
    label = _plain(button.label, BUTTON_LIMIT)
    shown = {"type": "button", "action_id": button.identifier, "text": label, "value": button.value}
    if button.confirmation is None:
        return shown
    asked = {"title": _plain("Sure?", HEADER_LIMIT), "text": _plain(button.confirmation, 300)}
    answers = {"confirm": label, "deny": _plain("Cancel", BUTTON_LIMIT)}
    return {**shown, "confirm": {**asked, **answers}}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(_escape(text), limit), "emoji": True}


def _section(text: str) -> SlackBlock:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    # Verbatim keeps Slack from making links of names such as order.date or #channel.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _spans(lines: Iterable[Line]) -> Iterable[Span]:
    for number, item in enumerate(lines):
        start = ("\n" if number else "") + ("• " if item.bullet else "")
        yield from (Span(start), *item.spans) if start else item.spans


def _marked(span: Span, text: str) -> str:
    if span.style == "link":
        url = (span.url or "").replace("&", "&amp;")
        return f"<{url}|{text}>" if 0 < len(url) <= URL_LIMIT else text
    mark = _MARKS[span.style] if text else ""
    return f"{mark}{text}{mark}"


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


def _cut(escaped: str, limit: int) -> str:
    """Shorten escaped text with a final "…", not within an entity such as ``&lt;``."""
    if len(escaped) <= limit:
        return escaped
    shown = escaped[: limit - 1]
    start = shown.rfind("&")
    if start >= 0 and ";" not in shown[start:]:
        shown = shown[:start]
    return shown.rstrip() + "…"


def _where_the_rest_is(links: Links) -> Context:
    places = (
        link("report", links.report),
        link("Prefect run", links.prefect_run),
        link("MLflow run", links.mlflow_run),
    )
    place = next((place for place in places if place is not None), "Prefect run")
    return context("The rest is in the ", place, ".")
