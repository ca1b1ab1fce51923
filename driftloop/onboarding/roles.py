"""Column roles: a quantity, a category, or nothing a model should read.

The rules, in their order; the first that holds decides.

- Dates are left out: a model cannot read a date that never comes again.
- A column with one value throughout the file is left out: it carries no information, neither for
  the model nor for a drift test.
- Identifiers are left out: texts of which most are different, whole numbers that rise with
  every row, and columns named like ``customer_id`` with more than 50 different values.
- Whole numbers too long for a float, which models read quantities as, are codes: categories up to
  200 different values, and left out beyond.
- Text of more than 200 different values is left out; with fewer it is a category, like true/false.
- Whole numbers are codes, and so categories, where there are two of them, three, or up to 12 that
  lie close together (weekdays 1 to 7) and are not counts. A count begins at its most common value
  and is rare in its upper half (number of earlier calls), or begins at 0 or 1, rises to it and
  falls to a thin end. A name such as ``status_code`` decides too.
- All other numbers are quantities.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import join_names
from driftloop.base.periods import Every
from driftloop.profiling.whole_numbers import EXACT_BELOW, lost_digits
from driftloop.snapshots.options import ColumnRole

MOST_CODES = 12
MOST_CATEGORIES = 200  # the estimators group the categories beyond
_MOST_PARTS = 366
_ID_NAME = re.compile(r"(?:^|[^a-zA-Z])(?i:id|uuid|guid)$|[a-z](?:Id|ID|Uuid|UUID)$")
_CODE_NAME = re.compile(r"(?:^|[^a-zA-Z])(?:code|type|status|category|class|kind|zone|region)$")
_DATE_TEXT = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?$"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

Texts = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Column:
    """The non-missing values of a column and what every rule needs of them, computed once."""

    name: str
    present: "pd.Series[Any]"
    distinct: int
    kind: Literal["date", "flag", "text", "whole", "number"]

    def left_out(self, reason: str) -> ColumnRole:
        return ColumnRole(self.name, "left out", reason)

    def category(self, reason: str) -> ColumnRole:
        return ColumnRole(self.name, "categorical", reason)


def role_of(
    name: str,
    values: "pd.Series[Any]",
    times: "pd.Series[Any] | None" = None,
    every: Every = "week",
) -> ColumnRole:
    """Return the role of a feature column, with the reason in one line.

    Without times nothing is known of how it follows the calendar.
    """
    present = values.dropna()
    column = _Column(name, present, present.nunique(), _kind(present))
    rules = (_date, _constant, _identifier, _long, _text, _flag, _code, _quantity)
    role = next(role for rule in rules if (role := rule(column)) is not None)
    if role.role == "left out" or times is None or column.distinct > _MOST_PARTS:
        return role
    moves = _calendar(values, times, every)
    return role if moves is None else replace(role, reason=f"{role.reason}; {moves}", calendar=True)


def _kind(present: "pd.Series[Any]") -> Literal["date", "flag", "text", "whole", "number"]:
    if pd.api.types.is_datetime64_any_dtype(present):
        return "date"
    if present.dtype == bool or (present.dtype == object and set(present.map(type)) == {bool}):
        return "flag"
    if not pd.api.types.is_numeric_dtype(present):
        return "text"
    if pd.api.types.is_integer_dtype(present):
        return "whole"
    numbers = present.to_numpy(dtype=float)
    if lost_digits(present):
        return "number"  # as codes they could not be told apart
    whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    return "whole" if whole else "number"


def _date(column: _Column) -> ColumnRole | None:
    is_date = column.kind == "date"
    if column.kind == "text":
        rows = column.present.value_counts()
        dates = rows.index.astype(str).str.match(_DATE_TEXT)
        is_date = bool(rows[dates].sum() > 0.95 * rows.sum())
    advice = "dates; derive a number from them, such as an age in days or the hour of day"
    return column.left_out(advice) if is_date else None


def _constant(column: _Column) -> ColumnRole | None:
    if column.distinct > 1:
        return None
    return column.left_out(f"constant ({_short(column.present.iloc[0])}); add it once it varies")


def _identifier(column: _Column) -> ColumnRole | None:
    present, distinct = column.present, column.distinct
    if distinct <= 50:
        return None
    if _ID_NAME.search(column.name) and column.kind in ("text", "whole"):
        return column.left_out(f"identifier, by its name ({distinct:,} values)")
    if column.kind == "text" and distinct > 0.9 * len(present):
        spaces = float(present.astype(str).str.count(" ").median())
        what = "free text" if spaces >= 2 else "identifier"
        return column.left_out(f"{what}: nearly every row has a different text")
    if column.kind == "whole" and present.is_monotonic_increasing and present.is_unique:
        return column.left_out("identifier: a number that increases with every row")
    return None


def _long(column: _Column) -> ColumnRole | None:
    """Take what a float cannot hold to the last digit for codes."""
    if column.kind != "whole":
        return None
    ends = int(column.present.min()), int(column.present.max())
    digits = max(len(str(abs(end))) for end in ends)
    if max(map(abs, ends)) < EXACT_BELOW:
        return None
    what = f"whole numbers of up to {digits} digits"
    if column.distinct > MOST_CATEGORIES:
        return column.left_out(
            f"{what}, {column.distinct:,} different; group them, {MOST_CATEGORIES} at most"
        )
    return column.category(f"{column.distinct} codes, {what}: {_values(column)}")


def _text(column: _Column) -> ColumnRole | None:
    if column.kind != "text":
        return None
    distinct = column.distinct
    if distinct > min(MOST_CATEGORIES, max(MOST_CODES, len(column.present) / 2)):
        return column.left_out(
            f"text with {distinct:,} distinct values; group them into {MOST_CATEGORIES} at most"
        )
    return column.category(f"{distinct} categories: {_values(column)}")


def _flag(column: _Column) -> ColumnRole | None:
    if column.kind == "flag":
        return column.category("true or false")
    if column.kind == "whole" and column.distinct == 2:
        return column.category(f"a flag: {_values(column)}")
    return None


def _code(column: _Column) -> ColumnRole | None:
    present, distinct = column.present, column.distinct
    if column.kind != "whole" or distinct > MOST_CATEGORIES:
        return None
    if _CODE_NAME.search(column.name.lower()):
        return column.category(f"codes, by its name ({distinct} integers)")
    close = int(present.max()) - int(present.min()) < 2 * distinct
    if distinct > MOST_CODES or not (close or distinct <= 3) or (close and _is_count(present)):
        return None
    return column.category(f"{distinct} integers that look like codes: {_values(column)}")


def _is_count(present: "pd.Series[Any]") -> bool:
    """Say whether shares fall from the smallest value to a rare upper half, or rise and fall."""
    rows = present.value_counts().sort_index()
    counts, most = rows.to_numpy(dtype=float), int(rows.to_numpy().argmax())
    if most == 0:
        return bool(counts[len(counts) // 2 :].sum() < 0.25 * counts.sum())
    noise = 2 * np.sqrt(counts)
    rises = np.diff(counts[: most + 1]) > -noise[:most]
    falls = np.diff(counts[most:]) < noise[most:-1]
    least = {0: 4, 1: 6}.get(rows.index[0], MOST_CODES)  # codes begin at 1 more often than at 0
    thin = len(counts) >= least and counts[-1] < 0.25 * counts[most]
    return bool(thin and rises.all() and falls.all())


def _calendar(values: "pd.Series[Any]", times: "pd.Series[Any]", every: Every) -> str | None:
    """Return how a column follows the calendar of the time column, or None.

    It does if equal parts of the calendar have equal values. At least two parts have to recur, so
    that a slow change is not mistaken for the calendar; names of months are enough by themselves.
    """
    if _names_month(values, times.dt.month) or _equals(values, times.dt.year):
        return f"follows the calendar of {times.name}"
    codes = pd.factorize(values)[0]
    for part, (place, cycle) in _parts(times, every).items():
        if _determined(codes, place.to_numpy(), cycle.to_numpy()):
            return f"follows the {part} of {times.name}"
    return None


def _parts(
    times: "pd.Series[Any]", every: Every
) -> dict[str, tuple["pd.Series[Any]", "pd.Series[Any]"]]:
    """Return the parts of the calendar that differ between windows, each with its cycle."""
    day = times.dt
    parts = {"month": (day.month, day.year)}
    if every != "month":
        parts["day of the month"] = (day.day, day.year * 12 + day.month)
    if every == "day":
        weeks = day.normalize() - pd.to_timedelta(day.day_of_week, unit="D")
        parts["weekday"] = (day.day_of_week, weeks)
    return parts


def _determined(codes: Texts, place: Texts, cycle: Texts) -> bool:
    table = pd.DataFrame({"code": codes, "place": place, "cycle": cycle}).drop_duplicates()
    by_place = table.groupby("place")
    same = bool((by_place["code"].nunique() == 1).all())
    recurring = int((by_place["cycle"].nunique() > 1).sum())
    return same and recurring >= 2 and table["code"].nunique() > 1


def _names_month(values: "pd.Series[Any]", month: "pd.Series[Any]") -> bool:
    if _equals(values, month):
        return True
    pairs = pd.DataFrame({"value": values, "month": month}).drop_duplicates()
    names = pairs["month"].map(lambda number: _MONTHS[number - 1])
    return bool((pairs["value"].astype(str).str.lower().str[:3] == names).all())


def _equals(values: "pd.Series[Any]", part: "pd.Series[Any]") -> bool:
    if not pd.api.types.is_numeric_dtype(values) or values.dtype == bool:
        return False
    return bool((values.to_numpy(dtype=float, na_value=np.nan) == part.to_numpy()).all())


def _quantity(column: _Column) -> ColumnRole:
    low, high = _short(column.present.min()), _short(column.present.max())
    reason = f"{low} to {high}, {column.distinct:,} distinct values"
    return ColumnRole(column.name, "numeric", reason)


def _values(column: _Column) -> str:
    """Return examples: the most common texts, the lowest numbers."""
    present = column.present
    ordered = present.value_counts().index if column.kind == "text" else sorted(present.unique())
    return join_names((_short(value) for value in ordered), 3)


def _short(value: object) -> str:
    number = isinstance(value, int | float | np.number)
    long = isinstance(value, int | np.integer) and abs(int(value)) >= EXACT_BELOW
    text = f"{value:g}" if number and not long else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 24 else f"{text[:21]}..."
