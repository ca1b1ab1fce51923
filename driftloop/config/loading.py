"""Loading configuration files, with one clear line for what is wrong with one."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from driftloop.base.errors import ConfigError, join_names, valid_choices
from driftloop.base.settings import Settings, family_members
from driftloop.config.model_config import ModelConfig

_NOT_IN_BASE_60 = {
    "tag:yaml.org,2002:int": re.compile(
        r"[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$"
    ),
    "tag:yaml.org,2002:float": re.compile(
        r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}


class _StrictLoader(yaml.SafeLoader):
    """YAML without silent surprises: a key written twice is an error, 22:00 a time and no number.

    YAML 1.1 reads 22:00 in base 60, as 1320.
    """

    yaml_implicit_resolvers: ClassVar = {  # type: ignore[misc]
        first: [(tag, _NOT_IN_BASE_60.get(tag, pattern)) for tag, pattern in resolvers]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is written twice", node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def load_config(path: Path) -> ModelConfig:
    """Return the configuration in a YAML file; a `ConfigError` says which value is not valid."""
    return config_of(_read(path), str(path))


def config_in(text: str, place: str) -> ModelConfig:
    """Return the configuration in a YAML text; a `ConfigError` begins with its `place`."""
    return config_of(_parsed(text, place), place)


def config_of(raw: dict[str, Any], place: str) -> ModelConfig:
    """Return the configuration of plain values; a `ConfigError` begins with their `place`."""
    try:
        return ModelConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{place}: {_explain(error, raw)}") from None


def load_configs(folder: Path) -> tuple[tuple[ModelConfig, ...], tuple[str, ...]]:
    """Return the configurations in a folder, and the errors of those that are not valid."""
    good, bad = [], []
    for path in sorted(folder.glob("*.yaml")):
        try:
            good.append(load_config(path))
        except ConfigError as error:
            bad.append(str(error))
    return tuple(good), tuple(bad)


def find_config(folder: Path, model: str) -> Path:
    """Return the file ``<model>.yaml``; raises `ConfigError` with the models there are."""
    path = folder / f"{model}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.yaml"))
        raise ConfigError(f"{folder}: no such model; {valid_choices(model, known)}")
    return path


def config_hash(config: ModelConfig) -> str:
    """Return twelve hex digits that identify the configuration's meaning, not its text.

    When a run starts, how data arrive and what is removed are not part of it: a verdict depends on
    the commit of the data and not on the way there.
    """
    plain = config.model_dump(mode="json", exclude={"schedule", "arrivals", "retention"})
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return _parsed(text, str(path))


def _parsed(text: str, path: str) -> Any:
    try:
        raw = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        content = "is empty" if raw is None else f"holds {_shown(raw)}"
        raise ConfigError(f"{path}: {content}, expected fields such as model, data, features")
    return raw


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "a list"
    return "fields" if isinstance(value, dict) else "text" if len(str(value)) > 60 else repr(value)


def _explain(error: ValidationError, raw: Any) -> str:
    """Return the first error as ``field: message`` with what was received and what is valid."""
    errors = error.errors(include_url=False)
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    place = _place(first["loc"], raw)
    more = f" ({len(errors) - 1} more errors)" if len(errors) > 1 else ""
    return f"{place or 'the file'}: {_message(first)}{more}"


def _place(location: tuple[int | str, ...], raw: Any) -> str:
    """Return the path of a field as written in the file, without the names of union members."""
    parts: list[str] = []
    node = raw
    for part in location:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif part.startswith("<"):
            continue  # the tag of a union member without a kind
        elif isinstance(node, dict) and part not in node and part in _kinds():
            continue
        elif node is not None and not isinstance(node, dict | list):
            break  # the members that a choice of types was tried with
        else:
            parts.append(f".{part}" if parts else part)
        node = _child(node, part)
    return "".join(parts)


def _child(node: Any, part: int | str) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def _message(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {valid_choices(error['loc'][-1], _owner(error['loc']))}"
    if kind == "missing":
        return "is required and missing"
    if kind == "union_tag_invalid":
        valid = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
        return f"unknown kind; {valid_choices(context['tag'], valid)}"
    if kind == "value_error":
        return str(context["error"])
    shown = f"received {_shown(error['input'])}"
    if kind in {"union_tag_not_found", "model_attributes_type", "model_type"}:
        kinds, fields = _union_kinds(error["loc"]), _owner((*error["loc"], ""))
        form = f"kind: one of {join_names(kinds)}" if kinds else join_names(fields)
        return f"needs fields ({form}), {shown}"
    if kind == "tuple_type":
        return f"needs a list, {shown}"
    if kind == "too_short":
        return f"needs {context['min_length']} or more values, {shown}"
    return f"{error['msg'].lower()}, {shown}"


def _union_kinds(location: tuple[int | str, ...]) -> list[str]:
    """Return the kinds that may stand at a place, if it is one for a member of a union."""
    owner: Any = ModelConfig
    for part in (part for part in location if isinstance(part, str)):
        if not _is_settings(owner) or part not in owner.model_fields:
            return []
        annotation = owner.model_fields[part].annotation
        owner = _settings_of(annotation) or annotation
    fields = [member.model_fields for member in _members(annotation)]
    return [names["kind"].default for names in fields if "kind" in names]


def _members(annotation: Any) -> Iterator[type[BaseModel]]:
    if _is_settings(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _members(part)


def _owner(location: tuple[int | str, ...]) -> list[str]:
    """Return the valid keys of the settings that hold an unknown key."""
    owner: Any = ModelConfig
    annotation: Any = None
    for part in (part for part in location[:-1] if isinstance(part, str)):
        if part.startswith("<"):
            owner = next(_members(annotation), None)
        elif _is_settings(owner) and part in owner.model_fields:
            annotation = owner.model_fields[part].annotation
            owner = _settings_of(annotation)
        else:
            owner = _kinds().get(part, owner)
    return sorted(owner.model_fields) if _is_settings(owner) else []


def _is_settings(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


def _settings_of(annotation: Any) -> Any:
    if _is_settings(annotation):
        return annotation
    return next((arg for arg in getattr(annotation, "__args__", ()) if _is_settings(arg)), None)


def _kinds() -> dict[str, type[Settings]]:
    """Every member of every union, by its kind."""
    members = family_members(Settings)
    return {member.model_fields["kind"].default: member for member in members}
