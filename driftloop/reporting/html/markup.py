"""HTML that cannot be broken by what it shows: text is escaped where it is put in, always.

A page is a tree of elements. Strings in it are text; only `Drawing` is taken as it stands.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_VOID = {"br", "hr", "img", "input", "meta"}
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_ADDRESSES = {"href", "src"}
_SAFE = ("http://", "https://", "#")
_LOCAL = re.compile(r"[A-Za-z0-9_./-]+")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"
)
"""A page may style itself and run its own script, and ask nobody for anything."""
LONGEST = 600
"""Characters of one piece of text; longer ones end in an ellipsis."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Markup that driftloop drew itself, such as a picture; it is not escaped."""

    markup: str


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its attributes and children."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple["Node", ...]


Node = Element | Drawing | str | None
Value = str | int | float | bool | None


def el(name: str, /, *children: Node, **attributes: Value) -> Element:
    """Return an element; ``class_`` is `class`, ``aria_label`` is `aria-label`.

    True gives an attribute without a value, False and None give none. An address that is neither
    HTTP, local nor of this page gives none either.

    Raises:
        ValueError: if a name is none that HTML knows.
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    for one in (name, *named):
        if not _NAME.fullmatch(one):
            raise ValueError(f"{one!r} is no name of an element or attribute")
    return Element(name, tuple(_attributes(named)), children)


def group(*children: Node) -> tuple[Node, ...]:
    """Return the children that are there."""
    return tuple(child for child in children if child is not None)


def text(value: object, limit: int = LONGEST) -> str:
    """Return a value as harmless text: no control characters, nothing that reorders, not endless.

    Escaping is left to `render`.
    """
    kept = "".join(_harmless(one) for one in str(value)[: limit * 2])
    return kept if len(kept) <= limit else f"{kept[: limit - 1].rstrip()}…"


def name(value: object, limit: int = 120) -> Element:
    """Return the name of a column, category or model, whose direction of writing stays its own."""
    return el("bdi", text(value, limit))


def told(sentence: object, limit: int = LONGEST) -> tuple[Node, ...]:
    """Return a sentence in which what stands between backticks is a name."""
    parts = text(sentence, limit).split("`")
    if len(parts) % 2 == 0:  # a name with a backtick of its own
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return tuple(
        el("code", el("bdi", part)) if place % 2 else part for place, part in enumerate(parts)
    )


def render(node: Node) -> str:
    """Return a tree as HTML."""
    return "".join(_rendered(node))


def page(title: str, style: str, *body: Node, script: str = "") -> str:
    """Return a complete page that needs nothing else."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("title", text(title, 200)),
        Drawing(f"<style>{style}</style>"),
    )
    code = Drawing(f"<script>{script}</script>") if script else None
    whole = el("html", head, el("body", *body, code), lang="en")
    return f"<!DOCTYPE html>\n{render(whole)}\n"


def table(
    caption: str, heads: Iterable[str], rows: Iterable[Iterable[Node]], hide: bool = False
) -> Element:
    """Return a table whose first column names its rows, in a frame that scrolls by itself."""
    top = el("tr", *(el("th", head, scope="col") for head in heads))
    body = [_row(tuple(cells)) for cells in rows]
    titled = el("caption", caption, class_="unseen" if hide else None)
    many = "many" if len(top.children) > 4 else None
    made = el("table", titled, el("thead", top), el("tbody", *body), class_=many)
    return el("div", made, class_="wide", tabindex=0, role="region", aria_label=caption)


def _row(cells: tuple[Node, ...]) -> Element:
    first, *rest = cells
    return el("tr", el("th", first, scope="row"), *(el("td", cell) for cell in rest))


def _attributes(named: dict[str, Value]) -> Iterator[tuple[str, str]]:
    for key, value in named.items():
        if value is None or value is False:
            continue
        if key in _ADDRESSES and not _leads(str(value)):
            continue
        yield key, "" if value is True else str(value)


def _leads(address: str) -> bool:
    return address.startswith(_SAFE) or _LOCAL.fullmatch(address) is not None


def _rendered(node: Node) -> Iterator[str]:
    if node is None:
        return
    if isinstance(node, Drawing):
        yield node.markup
    elif isinstance(node, str):
        yield html.escape(node, quote=False)
    else:
        shown = "".join(f' {key}="{html.escape(value)}"' for key, value in node.attributes)
        yield f"<{node.name}{shown}>"
        if node.name not in _VOID:
            for child in node.children:
                yield from _rendered(child)
            yield f"</{node.name}>"


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Cs"):
        return ""
    return " " if category in ("Cc", "Zl", "Zp") else character
