"""Values changed in the text of a configuration, which stays as it is otherwise."""

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from driftloop.base.errors import ConfigError

MARK = "# driftloop tune: "
"""Begins each line of the comment on what was chosen; an earlier one is replaced."""

_SECTION, _WIDTH = "decision", 100
Edit = tuple[int, int, str]
"""Characters from one place to another, and what stands there then."""


def with_values(text: str, values: Mapping[tuple[str, ...], Any], comment: str) -> str:
    """Return YAML with values set by their place and a comment above ``decision``.

    In a list of fields with a ``kind``, a place names the kind; None takes such an item away. What
    is absent is added; comments, order, quotes and line ends of all else stay.

    Raises:
        ConfigError: if a place cannot be changed so; it says what to write by hand.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError("holds no fields; expected model, data, features")
    edits = [_edit(text, root, place, value, newline) for place, value in values.items()]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return _with_comment(text, comment, newline)


def _edit(text: str, node: yaml.Node, place: tuple[str, ...], value: Any, newline: str) -> Edit:
    where, wanted = ".".join(place), value
    parent = node
    for depth, part in enumerate(place):
        child = _child(node, part)
        if child is None:
            value = _nested(place[depth:], value)
            if isinstance(node, yaml.MappingNode):
                return _insertion(text, node, f"{part}: {_flow(value[part])}", newline)
            break
        parent, node = node, child
    if value is None and isinstance(parent, yaml.SequenceNode):
        return _removal(text, parent, node, where)
    plain = isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">")
    if not plain:
        raise ConfigError(
            f"{where} cannot be changed in this text: write {where}: {wanted} by hand"
        )
    start, end = node.start_mark.index, node.end_mark.index
    return start, end, _flow(value) if end > start else f" {_flow(value)}"


def _removal(text: str, items: yaml.SequenceNode, item: yaml.Node, where: str) -> Edit:
    """Return the edit that takes an item out of a list, with its lines or its comma."""
    place, start = items.value.index(item), item.start_mark.index
    if items.flow_style and len(items.value) > 1:
        if place + 1 < len(items.value):
            return start, items.value[place + 1].start_mark.index, ""
        return items.value[place - 1].end_mark.index, item.end_mark.index, ""
    begin = text.rfind("\n", 0, start) + 1
    if len(items.value) == 1 or text[begin:start].strip() != "-":
        raise ConfigError(f"{where} cannot be taken out of this text: remove it by hand")
    end = text.find("\n", _last_of(item).end_mark.index - 1)
    return begin, end + 1 if end >= 0 else len(text), ""


def _last_of(node: yaml.Node) -> yaml.Node:
    """Return the last value in a node; the end of a block is where the next thing begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _nested(place: tuple[str, ...], value: Any) -> Any:
    for part in reversed(place):
        value = {part: value}
    return value


def _child(node: yaml.Node, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode):
        return next((item for item in node.value if _kind(item) == part), None)
    return None


def _kind(node: yaml.Node) -> str | None:
    kind = _child(node, "kind") if isinstance(node, yaml.MappingNode) else None
    return kind.value if isinstance(kind, yaml.ScalarNode) else None


def _insertion(text: str, node: yaml.MappingNode, line: str, newline: str) -> Edit:
    """Return the edit that adds a key to a mapping: behind its first line, or in its braces."""
    if node.flow_style:
        place = node.start_mark.index + 1
        return place, place, line + (", " if node.value else "")
    key, value = node.value[0]
    indent = " " * key.start_mark.column
    if isinstance(value, yaml.ScalarNode) and value.end_mark.line == key.start_mark.line:
        place = text.find("\n", value.end_mark.index)
        if place >= 0:
            return place + 1, place + 1, f"{indent}{line}{newline}"
    place = key.start_mark.index
    return place, place, f"{line}{newline}{indent}"


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("...").rstrip("\n")


def _with_comment(text: str, comment: str, newline: str) -> str:
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(MARK)]
    begins = re.compile(rf"[\"']?{_SECTION}[\"']?\s*:")
    place = next((at for at, line in enumerate(lines) if begins.match(line)), len(lines))
    if place == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    wrapped = textwrap.wrap(comment, _WIDTH - len(MARK), break_long_words=False)
    lines[place:place] = [f"{MARK}{line}{newline}" for line in wrapped]
    return "".join(lines)
