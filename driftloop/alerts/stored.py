"""Stored alerts of the form before neutral blocks, which held Slack's Block Kit and mrkdwn.

They are converted when they are read. The next change of the document stores the new form.
"""

import html
import re
from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]

_MARK = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<url>https?://[^|<>\n]+)\|(?P<link>[^<>\n]+)>"
    r"|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)"
)
_LINKS = {
    "Prefect run": "prefect_run",
    "MLflow run": "mlflow_run",
    "Model version": "model_version",
    "Report": "report",
}


def upgraded_state(state: Document) -> Document:
    """Return a stored state of alerts with neutral blocks; one that has them is returned as is."""
    if not all(_all_mappings(state, key) for key in ("incidents", "past", "posts")):
        return state  # left to validation, which says what is wrong
    return {
        **state,
        "incidents": [_incident(incident) for incident in state.get("incidents", ())],
        "past": [_severity(incident) for incident in state.get("past", ())],
        "posts": [_post(post) for post in state.get("posts", ())],
    }


def upgraded_message(message: Document) -> Document:
    """Return a stored message with neutral blocks; one that has them is returned as is."""
    blocks = message.get("blocks")
    if not isinstance(blocks, list | tuple) or not all(
        isinstance(block, Mapping) and "type" in block for block in blocks
    ):
        return message
    if "links" in message:
        return message  # without blocks, only that tells the two forms apart
    links = _links(blocks[-1]) if blocks else {}
    neutral = [_block(block) for block in (blocks[:-1] if links else blocks)]
    return {
        **message,
        "text": html.unescape(str(message.get("text", ""))),
        "blocks": neutral,
        "links": links,
    }


def _all_mappings(state: Document, key: str) -> bool:
    items = state.get(key, ())
    return isinstance(items, list | tuple) and all(isinstance(item, Mapping) for item in items)


def _incident(incident: Document) -> Document:
    card = incident.get("card")
    if not isinstance(card, Mapping) or not isinstance(card.get("step"), str):
        return incident
    summary = {
        "links": card.get("links", {}),
        "headline": html.unescape(str(card.get("headline", ""))),
        "causes": [_section(text) for text in card.get("causes", ())],
        "action": html.unescape(str(card.get("done", ""))),
        "next_step": _line(card["step"]),
        "most_changed": [_line(text) for text in card.get("worst", ())],
        "small_print": [html.unescape(text) for text in card.get("facts", ())],
    }
    others = {key: value for key, value in _severity(incident).items() if key != "card"}
    return {**others, "summary": summary}


def _severity(incident: Document) -> Document:
    names = {"gravest": "peak_severity"}
    return {names.get(key, key): value for key, value in incident.items()}


def _post(post: Document) -> Document:
    messages = {key: post.get(key) for key in ("message", "line")}
    new = {key: upgraded_message(old) for key, old in messages.items() if isinstance(old, Mapping)}
    return {**post, **new}


def _block(block: Document) -> Document:
    match block:
        case {"type": "header", "text": {"text": text}}:
            return {"kind": "header", "text": html.unescape(text)}
        case {"type": "section", "fields": fields}:
            pairs = [field["text"].partition("\n")[::2] for field in fields]
            return {"kind": "fields", "pairs": [tuple(map(_plain, pair)) for pair in pairs]}
        case {"type": "section", "text": {"text": text}}:
            return _section(text)
        case {"type": "context", "elements": [{"text": text}]}:
            return {"kind": "context", "line": _line(text)}
        case {"type": "image", "image_url": url, "alt_text": alt}:
            return {"kind": "picture", "url": url, "alt": alt}
    return block


def _section(text: str) -> Document:
    return {"kind": "section", "lines": [_line(line) for line in text.split("\n")]}


def _line(text: str) -> Document:
    content = text.removeprefix("• ")
    spans: list[Document] = []
    end = 0
    for match in _MARK.finditer(content):
        style = str(match.lastgroup)
        spans += [_span(content[end : match.start()], "plain"), _span(match[style], style)]
        if style == "link":
            spans[-1] = {**spans[-1], "url": html.unescape(match["url"])}
        end = match.end()
    spans.append(_span(content[end:], "plain"))
    return {"spans": [span for span in spans if span["text"]], "bullet": content != text}


def _span(text: str, style: str) -> Document:
    return {"text": html.unescape(text), "style": style}


def _plain(text: str) -> str:
    return "".join(span["text"] for span in _line(text)["spans"])


def _links(block: Document) -> dict[str, str]:
    """Return the addresses in a line of links; empty for any other block."""
    if block.get("type") != "context" or block.get("kind"):
        return {}
    spans = [span for span in _block(block)["line"]["spans"] if span["text"] != " · "]
    if not all(span["style"] == "link" and span["text"] in _LINKS for span in spans):
        return {}
    return {_LINKS[span["text"]]: span["url"] for span in spans}
