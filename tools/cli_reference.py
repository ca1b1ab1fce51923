"""The reference of the commands, written from the commands and the records that they print.

``python -m tools.cli_reference docs/cli.md`` writes it, as `make schema` does. What is written by
hand is in ``cli_notes.md`` beside this file: what comes before the commands, and notes on some.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from typer.models import ArgumentInfo

from flows.cli.app import COMMANDS, load_command
from tools.json_schemas import PRINTED, json_schema

NOTES = Path(__file__).with_name("cli_notes.md")
SHARED = {"workspace", "json", "verbose"}
"""Options of all commands, described once."""
Part = dict[str, Any]
Command = Callable[..., None]


def commands() -> dict[str, Command]:
    """Return every command by its name, in the order of ``driftloop --help``."""
    return {name: load_command(name) for name in COMMANDS}


def reference() -> str:
    """Return the whole page, in Markdown."""
    notes = _notes()
    table = ["| command | what it does |", "| --- | --- |"]
    table += [f"| [`{name}`](#{name}) | {_help(call)} |" for name, call in commands().items()]
    parts = [notes.pop("").replace("{commands}", "\n".join(table))]
    last = notes.pop("make")
    for name, call in commands().items():
        parts.append("\n\n".join(_section(name, call, notes.pop(name, ""))))
    if notes:
        raise ValueError(f"{NOTES} has notes on {', '.join(notes)}, which are not commands")
    return "\n\n".join((*parts, f"## make\n\n{last}")) + "\n"


def _notes() -> dict[str, str]:
    """Return the hand-written parts by command; what comes first has no name."""
    first, *rest = re.split(r"^## command (\S+)\n", NOTES.read_text(encoding="utf-8"), flags=re.M)
    return {"": first.strip(), **dict(zip(rest[::2], map(str.strip, rest[1::2]), strict=True))}


def _help(call: Command) -> str:
    return " ".join((call.__doc__ or "").split())


def _section(name: str, call: Command, notes: str) -> Iterator[str]:
    options = [_Option(parameter) for parameter in inspect.signature(call).parameters.values()]
    own = [option for option in options if option.name not in SHARED or name == "init"]
    arguments = "".join(f" {option.flag}" for option in own if option.positional)
    yield f"## {name}"
    yield _help(call)
    yield f"```\ndriftloop {name}{arguments}{' [options]' if options else ''}\n```"
    rows = [option.row for option in own if option.name not in {"json", "verbose"}]
    if rows:
        yield "\n".join(["| argument or option | meaning |", "| --- | --- |", *rows])
    if notes:
        yield notes
    if name in PRINTED:
        yield f"With `--json` ([schema](schemas/{name}.schema.json)):"
        fields = _Fields(json_schema(name))
        yield "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *fields.rows()])


class _Option:
    """An argument or an option of a command, read from its annotation."""

    def __init__(self, parameter: inspect.Parameter) -> None:
        kind, self.info = get_args(parameter.annotation)
        choices = [choice for choice in get_args(kind) if choice is not NoneType]
        optional = NoneType in get_args(kind)
        self.kind: Any = choices[0] if optional else kind
        if get_origin(self.kind) is list:
            self.kind = get_args(self.kind)[0]
        self.name = parameter.name
        self.default = parameter.default
        self.positional = isinstance(self.info, ArgumentInfo)
        self.required = parameter.default is inspect.Parameter.empty

    @property
    def flag(self) -> str:
        """How it is written."""
        if self.positional:
            return self.name.upper() if self.required else f"[{self.name.upper()}]"
        named = [self.info.default, *(self.info.param_decls or ())]
        flags = [flag for flag in named if str(flag).startswith("-")]
        return ", ".join(flags or (f"--{self.name.replace('_', '-')}",))

    @property
    def row(self) -> str:
        """Its row in the table of a command."""
        needed = " Required." if self.required and not self.positional else ""
        shown = self.default not in (None, "", False) and not self.required
        default = f" Default: `{self.default}`." if shown else ""
        flags = ", ".join(f"`{flag}`" for flag in self.flag.split(", "))
        return f"| {flags}{self._value()} | {_cell(self.info.help)}{default}{needed} |"

    def _value(self) -> str:
        if self.positional or self.kind is bool:
            return ""
        if get_origin(self.kind) is Literal:
            return " " + " or ".join(f"`{choice}`" for choice in get_args(self.kind))
        if issubclass(self.kind, StrEnum):
            return " " + " or ".join(f"`{choice.value}`" for choice in self.kind)
        return {int: " N", Path: " PATH"}.get(self.kind, " TEXT")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


class _Fields:
    """The fields of a printed record; a record that is used at several places is described once."""

    def __init__(self, schema: Part) -> None:
        self.schema = schema
        self.first_at: dict[str, str] = {}

    def rows(self) -> Iterator[str]:
        """Yield the rows of the table; fields of one type without a meaning share a row."""
        alike = groupby(self._rows(self.schema, ""), lambda row: row[1:] if not row[2] else row)
        for _, group in alike:
            rows = list(group)
            names = ", ".join(f"`{row[0]}`" for row in rows)
            yield f"| {names} | {_cell(rows[0][1])} | {_cell(rows[0][2])} |"

    def _rows(self, record: Part, path: str) -> Iterator[tuple[str, str, str]]:
        for name, part in record["properties"].items():
            field = path + name
            reference = next(_references(part), None)
            below = self.schema["$defs"][reference] if reference else {}
            meaning = part.get("description") or _line(below)
            if reference in self.first_at:
                meaning = f"{meaning} Its fields are those of `{self.first_at[reference]}`.".strip()
            yield field, self._type(part), meaning
            if reference and reference not in self.first_at:
                place = field + ("[]" if "array" in _types(part) else "")
                self.first_at[reference] = place
                yield from self._rows(below, f"{place}.")

    def _type(self, part: Part) -> str:
        if "anyOf" in part:
            return " or ".join(dict.fromkeys(map(self._type, part["anyOf"])))
        if "$ref" in part:
            return "object"
        if "enum" in part or "const" in part:
            values = part["enum"] if "enum" in part else [part["const"]]
            return ", ".join(f"`{value}`" for value in values)
        if part.get("type") == "array":
            return f"list of {self._type(part['items'])}"
        return "time" if part.get("format") == "date-time" else str(part.get("type", "any"))


def _references(part: Part) -> Iterator[str]:
    """Yield the names of the records that a field may hold."""
    if "$ref" in part:
        yield str(part["$ref"]).rpartition("/")[2]
    for choice in part.get("anyOf", ()):
        yield from _references(choice)
    if isinstance(part.get("items"), dict):
        yield from _references(part["items"])


def _types(part: Part) -> set[str]:
    return {part.get("type", ""), *(choice.get("type", "") for choice in part.get("anyOf", ()))}


def _line(record: Part) -> str:
    """Return the first paragraph of a record's description, without the command's name."""
    text = record.get("description", "").split("\n\n")[0].split("; ``driftloop")[0]
    return " ".join(text.split()).replace("``", "`").rstrip(".") + "." if text else ""


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(reference(), encoding="utf-8")
    print(target)
