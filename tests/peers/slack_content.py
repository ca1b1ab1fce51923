"""What Slack refuses in a message, as its reference of Block Kit and chat.postMessage says."""

from collections.abc import Iterator
from typing import Any

SECTION, FIELD, FIELDS, HEADER, BLOCKS = 3000, 2000, 10, 150, 50
TEXT, ALL_BLOCKS, BLOCK_ID, ALT, BUTTONS, BUTTON, URL = 40_000, 13_000, 255, 2000, 25, 75, 3000

Answer = dict[str, Any]


def refuse(error: str, *details: str, **more: Any) -> Answer:
    """Return Slack's answer to what it does not take."""
    extra = {"response_metadata": {"messages": list(details)}} if details else {}
    return {"ok": False, "error": error, **extra, **more}


def content_problem(body: dict[str, Any]) -> Answer | None:
    """Return the refusal of a message, or None if it is good."""
    blocks, text = body.get("blocks"), body.get("text") or ""
    if blocks is not None and not isinstance(blocks, list):
        return refuse("invalid_blocks_format")
    if not text and not blocks:
        return refuse("no_text")
    if "\0" in text or any("\0" in each for each in texts(blocks)):
        return refuse("invalid_arguments", "[ERROR] must not hold a null byte")
    if len(text) > TEXT:
        return refuse("msg_too_long")
    if found := _block_problems(blocks or []):
        return refuse("invalid_blocks", *found)
    if sum(map(len, texts(blocks))) > ALL_BLOCKS:
        return refuse("msg_blocks_too_long")
    return _metadata_problem(body.get("metadata"))


def texts(value: Any) -> Iterator[str]:
    """Yield every text that is shown in blocks."""
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("text", "alt_text") and isinstance(item, str):
                yield item
            else:
                yield from texts(item)


def _metadata_problem(metadata: Any) -> Answer | None:
    if metadata is None:
        return None
    good = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    return None if good else refuse("invalid_metadata_format")


def _block_problems(blocks: list[Any]) -> list[str]:
    if len(blocks) > BLOCKS:
        return [f"[ERROR] no more than {BLOCKS} items allowed [json-pointer:/blocks]"]
    found, ids = [], set()
    for index, block in enumerate(blocks):
        problem = _block_problem(block)
        if isinstance(block, dict) and (block_id := block.get("block_id")) is not None:
            if block_id in ids or not 1 <= len(block_id) <= BLOCK_ID:
                problem = problem or "bad block_id"
            ids.add(block_id)
        if problem:
            found.append(f"[ERROR] {problem} [json-pointer:/blocks/{index}]")
    return found


def _block_problem(block: Any) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "header":
        return _text_problem(block.get("text"), HEADER, ("plain_text",))
    if kind == "section":
        return _section_problem(block)
    if kind == "context":
        return _elements_problem(block.get("elements"))
    if kind == "image":
        return _image_problem(block)
    if kind == "actions":
        return _actions_problem(block.get("elements"))
    return None if kind == "divider" else f"unsupported type: {kind}"


def _section_problem(block: dict[str, Any]) -> str | None:
    if "text" not in block and "fields" not in block:
        return "missing required field: text"
    if "text" in block and (problem := _text_problem(block["text"], SECTION)):
        return problem
    return _fields_problem(block["fields"]) if "fields" in block else None


def _fields_problem(fields: Any) -> str | None:
    if not isinstance(fields, list) or not 1 <= len(fields) <= FIELDS:
        return f"must be 1 to {FIELDS} items"
    return next(filter(None, (_text_problem(text, FIELD) for text in fields)), None)


def _elements_problem(elements: Any) -> str | None:
    if not isinstance(elements, list) or not 1 <= len(elements) <= FIELDS:
        return f"must be 1 to {FIELDS} items"
    problems = (
        _image_problem(item)
        if isinstance(item, dict) and item.get("type") == "image"
        else _text_problem(item, SECTION)
        for item in elements
    )
    return next(filter(None, problems), None)


def _image_problem(block: dict[str, Any]) -> str | None:
    if not block.get("alt_text") or len(block["alt_text"]) > ALT:
        return "missing required field: alt_text"
    if bool(block.get("image_url")) == bool(block.get("slack_file")):
        return "exactly one of image_url and slack_file"
    return None if len(block.get("image_url") or "") <= URL else "image_url is too long"


def _actions_problem(elements: Any) -> str | None:
    if not isinstance(elements, list) or not 1 <= len(elements) <= BUTTONS:
        return f"must be 1 to {BUTTONS} items"
    for item in elements:
        if not isinstance(item, dict) or item.get("type") != "button":
            return "unsupported element"
        if problem := _text_problem(item.get("text"), BUTTON, ("plain_text",)):
            return problem
        if len(item.get("url", "")) > URL or len(item.get("action_id", "")) > BLOCK_ID:
            return "url or action_id is too long"
    return None


def _text_problem(
    text: Any, limit: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
) -> str | None:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return "bad text object"
    content = text.get("text")
    if not isinstance(content, str) or not content:
        return "must be more than 0 characters"
    return f"must be less than {limit + 1} characters" if len(content) > limit else None
