"""Records as JSON, in two forms: whole, as they are stored, and as ``--json`` prints them.

What is stored has every field of a dataclass and nothing else. What is printed is what the
annotations of the same dataclass say: `UNPRINTED` leaves a field out, a ``computed_field`` adds
one, a ``serialization_alias`` gives it the documented name. NaN and infinities are null in both.
Tags hold single values as text, each in its `Form`.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field, PlainSerializer, TypeAdapter

from driftloop.base.periods import Window, parse_time
from driftloop.base.scores import Level, Score

LONGEST_TAG = 4900
"""Characters of a long text that a tag keeps; MLflow refuses more than 5,000."""

UNPRINTED: Any = Field(exclude=True)
"""Marks a field that is stored, and that ``--json`` does not print."""


def _score(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


RoundedScore = Annotated[float, PlainSerializer(_score)]
"""A score that is printed with six decimals, and as null where it is undefined."""
RoundedRate = Annotated[float, PlainSerializer(lambda value: round(value, 2), return_type=float)]
"""A finite number that is printed with two decimals."""


def to_plain(value: Any) -> Any:
    """Return a record as dicts, lists, numbers and ISO times; NaN and infinities become None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: to_plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_json(value: Any) -> str:
    """Return a record as strict JSON text, with every field, as it is stored."""
    return json.dumps(to_plain(value), allow_nan=False, ensure_ascii=False)


def printed_json(record: Any) -> str:
    """Return what ``--json`` prints of a record: one object on one line."""
    kind: Any = type(record)
    return adapter(kind).dump_json(record, by_alias=True).decode()


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what serialises a type of records as its annotations say."""
    return TypeAdapter(kind)


class Form(NamedTuple):
    """The way from a value to the text of a tag and back."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _json(value: Any) -> str:
    return json.dumps(to_plain(value))


def _finite(text: str) -> float | None:
    value = float(text)
    return value if value == value else None


def _windows(text: str) -> tuple[Window, ...]:
    spans = json.loads(text)
    return tuple(Window(parse_time(span["start"]), parse_time(span["end"])) for span in spans)


def _level(text: str) -> Level:
    stored = json.loads(text)
    return Level(stored["metric"], float(stored["value"]), parse_time(stored["at"]))


def _segments(scores: Mapping[str, Score]) -> str:
    """Return the scores, each as a list after the name of its segment."""
    return _shortened([[name, *astuple(score)[:5]] for name, score in scores.items()])


def _shortened(parts: Sequence[Any]) -> str:
    """Return as many of the first parts as a tag holds."""
    parts = [*parts]
    while len(text := _json(parts)) > LONGEST_TAG:
        parts.pop()
    return text


TEXT = Form(str, str)
COUNT = Form(str, int)
NUMBER = Form(repr, _finite)
SECONDS = Form("{:.3f}".format, _finite)
TIME = Form(datetime.isoformat, parse_time)
FLAG = Form(lambda flag: str(flag).lower(), lambda text: text == "true")
WORDS = Form(" ".join, lambda text: tuple(text.split()))
NAMES = Form(_shortened, lambda text: tuple(json.loads(text)))
WINDOWS = Form(_json, _windows)
LEVEL = Form(_json, _level)
SCORE = Form(lambda score: _json(asdict(score)), lambda text: Score(**json.loads(text)))
SEGMENTS = Form(_segments, lambda text: {part[0]: Score(*part[1:]) for part in json.loads(text)})
