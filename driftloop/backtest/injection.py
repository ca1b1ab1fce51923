"""Injection of drift into data, to measure how soon it would be detected."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from driftloop.base.errors import ConfigError, valid_choices
from driftloop.base.periods import naive, parse_time

if TYPE_CHECKING:
    import pandas as pd

Mask = npt.NDArray[np.bool_]
Kind = Literal["shift", "scale", "missing", "new_category", "label_flip"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NEW_CATEGORY = "injected"


@dataclass(frozen=True, slots=True)
class Injection:
    """A change of one column from a moment on.

    ``shift`` moves numbers by `size` spreads (standard deviations, were they normal), ``scale``
    multiplies them by `size`, ``missing`` empties a share `size` of the values, and
    ``new_category`` puts a category never seen in place of a share `size`. ``label_flip`` gives a
    share `size` of the labelled rows the other of two labels, or where there are more the label of
    another row: the relation to the inputs changes and the inputs do not.
    """

    kind: Kind
    column: str
    size: float
    at: datetime


def parse_injection(text: str, at: datetime, features: tuple[str, ...], label: str) -> Injection:
    """Return the injection that is written as ``shift:amount:0.5`` or ``label_flip:0.3``."""
    parts = text.split(":")
    if parts[0] == "label_flip" and len(parts) == 2:
        parts = ["label_flip", label, parts[1]]
    if len(parts) != 3:
        raise ConfigError(
            f"--inject {text!r}: write KIND:FEATURE:SIZE, such as shift:amount:0.5, or "
            "label_flip:0.3"
        )
    kind, column, written = parts
    if kind not in KINDS:
        raise ConfigError(f"--inject {text!r}: kind {valid_choices(kind, KINDS)}")
    valid = (label,) if kind == "label_flip" else features
    if column not in valid:
        raise ConfigError(f"--inject {text!r}: feature {valid_choices(column, valid)}")
    return Injection(kind, column, _size(text, kind, written), at)


def _size(text: str, kind: str, written: str) -> float:
    try:
        size = float(written)
    except ValueError:
        raise ConfigError(f"--inject {text!r}: size {written!r} is not a number") from None
    if not np.isfinite(size):
        raise ConfigError(f"--inject {text!r}: size {written} has to be finite")
    if kind not in ("shift", "scale") and not 0 < size <= 1:
        raise ConfigError(f"--inject {text!r}: size {written} has to be a share, above 0 up to 1")
    return size


def inject(table: "pd.DataFrame", injection: Injection, time: str, spread: float) -> "pd.DataFrame":
    """Return the table with the change in the rows from its moment on; other rows are as before.

    `time` is the name of the time column, `spread` that of the column over the whole history (see
    `spread_of`), for ``shift``.

    Raises `ConfigError` if a change of numbers is requested in a column of texts.
    """
    import pandas as pd

    times = pd.to_datetime(table[time], utc=True).dt.tz_localize(None)
    late = (times >= naive(injection.at)).to_numpy()
    changed = table.copy()
    column = changed[injection.column]
    if injection.kind in ("shift", "scale") and not pd.api.types.is_numeric_dtype(column):
        raise ConfigError(
            f"--inject {injection.kind}: {injection.column!r} holds {column.dtype}, not numbers"
        )
    rng = np.random.default_rng(len(table) + int(late.sum()))
    changed[injection.column] = _changed(column, injection, late, spread, rng)
    return changed


def _changed(
    column: "pd.Series[Any]",
    injection: Injection,
    late: Mask,
    spread: float,
    rng: np.random.Generator,
) -> "pd.Series[Any]":
    if injection.kind == "shift":
        return column.astype(float) + late * injection.size * spread
    if injection.kind == "scale":
        scaled: pd.Series[Any] = column.astype(float) * np.where(late, injection.size, 1.0)
        return scaled
    hit = late & (rng.random(len(column)) < injection.size)
    if injection.kind == "missing":
        return column.mask(hit)
    if injection.kind == "new_category":
        return _as_text(column).mask(hit, NEW_CATEGORY)
    return _flipped(column, hit & column.notna().to_numpy(), rng)


def _as_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return codes as the text that a model reads, as a new category is not a number among them."""
    import pandas as pd

    from driftloop.profiling.columns import category_text

    text = pd.Series(None, index=column.index, dtype=object)
    text[column.notna()] = category_text(column[column.notna()])
    return text


def _flipped(column: "pd.Series[Any]", hit: Mask, rng: np.random.Generator) -> "pd.Series[Any]":
    flipped = column.copy()
    flipped[hit] = rng.permutation(column[hit].to_numpy())
    if column.nunique() == 2:
        first, second = column.dropna().unique()
        flipped[hit] = np.where(column[hit] == first, second, first)
    return flipped


def spread_of(column: "pd.Series[Any]") -> float:
    """Return the spread of numbers: what the interquartile range of a normal distribution implies.

    A week in which a feed sent cents for euros does not make it large. The standard deviation
    where more than half of the values are equal; 0 for texts.

    Source: Rousseeuw & Croux, Alternatives to the Median Absolute Deviation, JASA 88, 1993.
    """
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(column):
        return 0.0
    low, high = column.astype(float).quantile([0.25, 0.75])
    return float((high - low) / 1.349 if high > low else column.astype(float).std())


def midpoint(start: datetime, end: datetime) -> datetime:
    """Return the moment in the middle of a span, at midnight."""
    moment = parse_time(start + (end - start) / 2)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
