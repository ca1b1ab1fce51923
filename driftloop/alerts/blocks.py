"""Neutral blocks: the parts of a message, without the markup of any channel.

Text is kept as people read it. Each channel has a formatter that escapes it, marks it up and keeps
to the channel's limits; see `driftloop.alerts.messages.formats`.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

SENTENCE_LIMIT = 300
# Surrogates cannot be encoded; format characters reorder or hide text (bidi overrides and such).
_DROPPED = {"Cf", "Cs"}
_BLANKED = {"Cc", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style; a link has a URL."""

    text: str
    style: Literal["plain", "bold", "code", "link"] = "plain"
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or one item of a bulleted list."""

    spans: tuple[Span, ...]
    bullet: bool = False

    @property
    def plain(self) -> str:
        """The text without style."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Header:
    """The headline of a message."""

    text: str
    kind: Literal["header"] = "header"


@dataclass(frozen=True, slots=True)
class Section:
    """A paragraph of one or more lines."""

    lines: tuple[Line, ...]
    kind: Literal["section"] = "section"

    @property
    def lead(self) -> str:
        """The first line without style."""
        return self.lines[0].plain if self.lines else ""

    @property
    def short(self) -> str:
        """The first line and the first bullet below it, without style."""
        return " ".join([self.lead, *(line.plain for line in self.lines[1:2] if line.bullet)])


@dataclass(frozen=True, slots=True)
class Fields:
    """Labelled values, to be set in two columns."""

    pairs: tuple[tuple[str, str], ...]
    kind: Literal["fields"] = "fields"


@dataclass(frozen=True, slots=True)
class Context:
    """A line of small print."""

    line: Line
    kind: Literal["context"] = "context"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and its description for those who do not see it."""

    url: str
    alt: str
    kind: Literal["picture"] = "picture"


Block = Annotated[Header | Section | Fields | Context | Picture, Field(discriminator="kind")]


def clean(text: object, limit: int = SENTENCE_LIMIT) -> str:
    """Return a text from data or configuration as one line without control characters.

    Names that sentences mark with backticks stand in quotes, as in any prose.
    """
    shown = "".join(map(_without_control, str(text)[: limit * 10])).replace("`", "'")
    return cut(" ".join(shown.split()), limit)


def _without_control(character: str) -> str:
    category = unicodedata.category(character)
    return "" if category in _DROPPED else " " if category in _BLANKED else character


def cut(text: str, limit: int) -> str:
    """Shorten text to `limit` characters, with a final "…"."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def sentence(text: object) -> str:
    """Return text cleaned, shortened and closed with a full stop where it has no ending."""
    cleaned = clean(text)
    return cleaned if cleaned.endswith((".", "!", "?", "…")) else f"{cleaned}."


def bold(text: str) -> Span:
    """Return bold text."""
    return Span(text, "bold")


def code(text: str) -> Span:
    """Return a name or a command."""
    return Span(text, "code")


def line(*parts: Span | str, bullet: bool = False) -> Line:
    """Return a line of texts, each with its style."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return Line(tuple(span for span in spans if span.text), bullet)


def section(*lines: Line | Span | str) -> Section:
    """Return a paragraph, each argument a line of it."""
    return Section(tuple(item if isinstance(item, Line) else line(item) for item in lines))


def context(*parts: Span | str) -> Context:
    """Return a line of small print."""
    return Context(line(*parts))


def bullets(texts: Sequence[object]) -> tuple[Line, ...]:
    """Return the first three texts as bulleted sentences, and a line on how many more there are."""
    items = tuple(line(sentence(text), bullet=True) for text in texts[:3])
    left = len(texts) - 3
    return (*items, line(f"and {left} more")) if left > 0 else items


def joined(parts: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans with a dot between them."""
    spans = [span for part in parts for span in (Span(" · "), part)]
    return tuple(spans[1:])
