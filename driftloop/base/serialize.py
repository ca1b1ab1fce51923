"""Records as plain JSON types."""

import dataclasses
import json
import math
from datetime import datetime
from typing import Any


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


def to_json(value: Any, indent: int | None = None) -> str:
    """Return a record as strict JSON text."""
    return json.dumps(to_plain(value), indent=indent, allow_nan=False, ensure_ascii=False)
