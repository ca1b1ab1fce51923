"""Block Kit pieces that Slack accepts and that hostile names cannot break.

Text from data and configuration (column names, categories, sentences) goes through `escape`
first; the builders then only cut to Slack's limits.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

Block = dict[str, Any]

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
FIELDS_LIMIT = 10
BLOCKS_LIMIT = 50
TOTAL_LIMIT = 13_000
URL_LIMIT = 2000
SENTENCE_LIMIT = 300
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"})
# Surrogates cannot be encoded; format characters reorder or hide text (bidi overrides and such).
_DROPPED = {"Cf", "Cs"}
_BLANKED = {"Cc", "Zl", "Zp"}


def escape(text: object, limit: int = SENTENCE_LIMIT) -> str:
    """Return text as one harmless line: nothing in it formats, mentions, links or reorders."""
    kept = (_harmless(character) for character in str(text)[: limit * 10])
    return cut(" ".join("".join(kept).split()).translate(_ESCAPES), limit)


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    return "" if category in _DROPPED else " " if category in _BLANKED else character


def cut(text: str, limit: int) -> str:
    """Shorten escaped text to `limit` characters with a final "…", not inside `&lt;` or a link."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = kept.rfind(opening)
        if start >= 0 and closing not in kept[start:]:
            kept = kept[:start]
    return kept.rstrip() + "…"


def sentence(text: object) -> str:
    """Return text escaped, shortened and closed with a full stop where it has no ending."""
    line = escape(text)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."


def bullets(texts: Sequence[object], shown: int = 3) -> str:
    """Return the first texts as a list and say how many more the report holds."""
    lines = [f"• {sentence(text)}" for text in texts[:shown]]
    if len(texts) > shown:
        lines.append(f"and {len(texts) - shown} more")
    return "\n".join(lines)


def link(url: str | None, label: str) -> str | None:
    """Return a Slack link, or None where the URL is missing, not HTTP(S) or too long."""
    if url is None or not url.startswith(("http://", "https://")):
        return None
    # Slack ends a link at `>` and its address at `|`.
    address = quote(url, safe="%/:=&?~#+!$,;'@()*[]").replace("&", "&amp;")
    return f"<{address}|{label}>" if len(address) <= URL_LIMIT else None


def header(text: str) -> Block:
    """Return a header of escaped text."""
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": cut(text, HEADER_LIMIT), "emoji": True},
    }


def section(text: str) -> Block:
    """Return a section of escaped mrkdwn."""
    return {"type": "section", "text": _mrkdwn(text, SECTION_LIMIT)}


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return a section of label and value pairs, both escaped."""
    texts = [_mrkdwn(f"*{label}*\n{value}", FIELD_LIMIT) for label, value in pairs]
    return {"type": "section", "fields": texts[:FIELDS_LIMIT]}


def context(text: str) -> Block:
    """Return a line of small print of escaped mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(text, SECTION_LIMIT)]}


def limited(
    blocks: Iterable[Block], ending: Iterable[Block] = (), rest: str = "The rest did not fit."
) -> tuple[Block, ...]:
    """Return as many blocks as Slack takes, then `ending`; where some are left out, `rest` says so.

    Slack counts blocks and the characters of them all, and refuses a message that has too many.
    """
    shown, last = tuple(blocks), tuple(ending)
    if _fit((*shown, *last)):
        return (*shown, *last)
    last = (context(rest), *last)
    kept: list[Block] = []
    for block in shown:
        if not _fit((*kept, block, *last)):
            break
        kept.append(block)
    return (*kept, *last)


def size(block: Block) -> int:
    """Return how many characters of text a block holds, as Slack counts them (UTF-16 units)."""
    texts = [*block.get("fields", ()), *block.get("elements", ()), block.get("text", {})]
    return sum(len(text.get("text", "").encode("utf-16-le")) // 2 for text in texts)


def _fit(blocks: Sequence[Block]) -> bool:
    return len(blocks) <= BLOCKS_LIMIT and sum(map(size, blocks)) <= TOTAL_LIMIT


def _mrkdwn(text: str, limit: int) -> dict[str, Any]:
    # Verbatim keeps Slack from making links of names such as order.date or #channel.
    return {"type": "mrkdwn", "text": cut(text, limit), "verbatim": True}
