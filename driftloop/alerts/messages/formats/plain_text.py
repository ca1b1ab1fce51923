"""Plain text, for channels without markup."""

from collections.abc import Iterator

from driftloop.alerts.blocks import Block, Context, Fields, Header, Line, Picture, Section, Span
from driftloop.alerts.message import Message


def to_text(message: Message) -> str:
    """Return the message as readable lines: one paragraph per block, links as ``label: url``."""
    paragraphs = ("\n".join(_lines(block)).strip() for block in message.all_blocks)
    return "\n\n".join(filter(None, paragraphs)) or message.text


def title(message: Message) -> str:
    """Return the header of the message as one line, or its text where it has none."""
    headers = (block.text for block in message.blocks if isinstance(block, Header))
    return " ".join(next(headers, message.text).split())


def links(message: Message) -> tuple[tuple[str, str], ...]:
    """Return the URL and label of every link in the message, in order, each URL once."""
    labels: dict[str, str] = {}
    for block in message.all_blocks:
        for span in _spans(block):
            if span.url is not None:
                labels.setdefault(span.url, span.text)
    return tuple(labels.items())


def _lines(block: Block) -> list[str]:
    match block:
        case Header(text):
            return [text]
        case Section(lines):
            return [_line(line) for line in lines]
        case Fields(pairs):
            return [f"{label}: {value}" for label, value in pairs]
        case Context(line):
            return [_line(line)]
        case Picture(_, alt):
            return [alt]


def _line(line: Line) -> str:
    spans = (f"{span.text}: {span.url}" if span.url else span.text for span in line.spans)
    return ("• " if line.bullet else "") + "".join(spans)


def _spans(block: Block) -> Iterator[Span]:
    if isinstance(block, Section):
        for line in block.lines:
            yield from line.spans
    elif isinstance(block, Context):
        yield from block.line.spans
