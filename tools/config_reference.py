"""The reference of every key of a configuration, written from the models that check it.

``python -m tools.config_reference docs/configuration-reference.md`` writes it, as
`make schema` does.
"""

import json
import sys
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from driftloop.config.model_config import ModelConfig
from tools.json_schemas import json_schema

Part = dict[str, Any]
_HEAD = """\
# Configuration reference

Every key of `configs/<model>.yaml`: where it is written, what it takes, its default and its
meaning. Written from the code by `make schema`; do not edit it.
[configuration.md](configuration.md) explains how the parts work together, and has an example.

A path `quality[].increase` is the key `increase` of an item of the list `quality`. Where there are
several kinds, each has a table of its own.
"""
_TABLE = "| path | type | default | meaning |\n| --- | --- | --- | --- |"
_BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
_SCALARS = {"boolean": "true or false", "integer": "whole number", "number": "number"}
_DURATION = ["7 days"]


def reference() -> str:
    """Return the whole page, in Markdown."""
    pages = _Pages(json_schema("config"), dict(_models(ModelConfig)))
    return "\n".join([_HEAD, *pages.section("", "ModelConfig")]).rstrip("\n") + "\n"


def _models(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield every model of a configuration with each name that a schema may have for it."""
    yield model.__name__, model
    yield f"{model.__module__}.{model.__name__}".replace(".", "__"), model
    for field in model.model_fields.values():
        for held in _held(field.annotation):
            yield from _models(held)


def _held(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _held(part)


class _Pages:
    """The sections of a schema; a model that is used at several places is described once."""

    def __init__(self, schema: Part, models: dict[str, type[BaseModel]]) -> None:
        self.schema = schema
        self.models = models
        self.paths: dict[str, str] = {}

    def section(self, path: str, name: str) -> Iterator[str]:
        """Yield the table of a model, and then what its keys hold."""
        model = self.schema["$defs"].get(name, self.schema)
        keys = {key: part for key, part in model["properties"].items() if key != "kind"}
        if keys:
            yield _TABLE
            for key, part in keys.items():
                yield self._row(f"{path}{key}", part, self.models[name].model_fields[key])
            yield ""
        for key, part in keys.items():
            yield from self._below(f"{path}{key}", part)

    def _below(self, path: str, part: Part) -> Iterator[str]:
        """Yield a section for each model that a key may hold."""
        names, place = list(_names(part)), path + ("[]" if part.get("type") == "array" else "")
        if not any(name not in self.paths or _kind(self.schema["$defs"][name]) for name in names):
            return
        level = "##" if "." not in path and "[" not in path else "###"
        yield from (f"{level} {path}", "")
        for name in names:
            model = self.schema["$defs"][name]
            kind = _kind(model)
            if kind:
                yield from (f"**`kind: {kind}`** {_line(model)}", "")
            elif _line(model) and level == "###":
                yield from (_line(model), "")
            if name in self.paths:
                yield from (
                    f"Its keys are those under [{self.paths[name]}](#{_anchor(self.paths[name])}).",
                    "",
                )
            else:
                self.paths[name] = path
                yield from self.section(f"{place}.", name)

    def _row(self, path: str, part: Part, field: FieldInfo) -> str:
        cells = (f"`{path}`", self.type_of(part), _default(field), field.description or "")
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    def type_of(self, part: Part) -> str:
        """Return what may be written, in words."""
        if "$ref" in part:
            return self._model(part)
        choices = part.get("anyOf") or part.get("oneOf")
        if choices:
            return self._choice(choices)
        if "enum" in part or "const" in part:
            return _either([f"`{json.dumps(value)}`".replace('"', "") for value in _values(part)])
        if part.get("type") == "array":
            least = part.get("minItems")
            more = f", at least {least}" if least else ""
            return f"list of {self.type_of(part['items']).removeprefix('one of ')}{more}"
        if part.get("type") == "object":
            return f"name → {self.type_of(part['additionalProperties'])}"
        return _scalar(part)

    def _choice(self, choices: list[Part]) -> str:
        some = [choice for choice in choices if choice.get("type") != "null"]
        nothing = " or nothing" if len(some) < len(choices) else ""
        if kinds := [kind for choice in some if (kind := self._kind_of(choice))]:
            return f"one of {', '.join(f'`{kind}`' for kind in kinds)}{nothing}"
        return _either(list(dict.fromkeys(map(self.type_of, some)))) + nothing

    def _model(self, part: Part) -> str:
        kind = self._kind_of(part)
        return f"one of `{kind}`" if kind else "keys of its own"

    def _kind_of(self, part: Part) -> str | None:
        return _kind(self.schema["$defs"][_name(part)]) if "$ref" in part else None


def _names(part: Part) -> Iterator[str]:
    """Yield the names of the models that a key may hold."""
    if "$ref" in part:
        yield _name(part)
    for choice in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        yield from _names(choice)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from _names(part[key])


def _name(part: Part) -> str:
    return str(part["$ref"]).rpartition("/")[2]


def _kind(model: Part) -> str | None:
    kind = model.get("properties", {}).get("kind", {}).get("const")
    return None if kind is None else str(kind)


def _line(model: Part) -> str:
    """Return the first paragraph of a model's description."""
    return " ".join(model.get("description", "").split("\n\n")[0].split()).replace("``", "`")


def _values(part: Part) -> list[Any]:
    return list(part["enum"]) if "enum" in part else [part["const"]]


def _scalar(part: Part) -> str:
    """Return a number with its bounds, or what kind of text it is."""
    kind = part.get("type", "")
    if kind in _SCALARS:
        bounds = [f"{sign} {part[name]:.10g}" for name, sign in _BOUNDS.items() if name in part]
        return ", ".join([_SCALARS[kind], *bounds])
    if part.get("examples") == _DURATION:
        return "duration"
    if "examples" in part:
        return f"text, such as `{part['examples'][0]}`"
    forms = {"date-time": "date or time", "time": "time of day"}
    return forms.get(part.get("format", ""), "text, not empty" if part.get("minLength") else "text")


def _either(texts: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _default(field: FieldInfo) -> str:
    """Return the default as it would be written."""
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(field.json_schema_extra, dict):  # where the default depends on what is installed
        value = field.json_schema_extra.get("default", value)
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        kind = getattr(value, "kind", None)
        return f"`{{kind: {kind}}}`" if kind else "below"
    if isinstance(value, tuple):
        return ", ".join(f"`{getattr(item, 'kind', _text(item))}`" for item in value) or "empty"
    return f"`{_text(value)}`" if value not in ("", {}) else "empty"


def _text(value: Any) -> str:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return f"{value:.10g}"


def _anchor(heading: str) -> str:
    """Return the anchor that Git hosts give a heading."""
    return "".join(sign for sign in heading.lower() if sign.isalnum() or sign in "_-")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(reference(), encoding="utf-8")
    print(target)
