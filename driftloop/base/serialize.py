"""Records as JSON, in two forms: whole, as they are stored, and as ``--json`` prints them.

What is stored has every field of a dataclass and nothing else. What is printed is what the
annotations of the same dataclass say: `UNPRINTED` leaves a field out, a ``computed_field`` adds
one, a ``serialization_alias`` gives it the documented name. NaN and infinities are null in both.
"""

import dataclasses
import json
import math
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, TypeAdapter

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
