"""Tables of any kind as data frames, and the roles of their columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import DataError, valid_choices
from driftloop.onboarding.roles import role_of
from driftloop.profiling.reference_profile import Features
from driftloop.profiling.whole_numbers import to_frame


@dataclass(frozen=True, slots=True)
class Roles:
    """The features of two tables, and why each other column is left out."""

    features: Features
    left_out: dict[str, str]


def frame_of(table: Any, which: str) -> pd.DataFrame:
    """Return a table as a data frame; whole numbers keep every digit.

    Args:
        table: a pandas data frame, or any table that offers an Arrow stream
            (``__arrow_c_stream__``), as those of polars, DuckDB and pyarrow do.
        which: the name of the argument, for errors.

    Raises:
        DataError: if it is neither, or has two columns of one name.
    """
    if isinstance(table, pd.DataFrame):
        frame = table
    elif hasattr(table, "__arrow_c_stream__"):
        import pyarrow as pa

        frame = to_frame(pa.table(table))
    else:
        raise DataError(
            f"{which} is a {type(table).__name__}; pass a pandas data frame or a table of polars, "
            "DuckDB or Arrow"
        )
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{which} has several columns named {twice[0]!r}; rename all but one")
    return frame.set_axis(names, axis="columns")


def roles_in(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    numeric: Iterable[str],
    categorical: Iterable[str],
    ignore: Iterable[str],
    time: str | None,
) -> Roles:
    """Return the named features, and those that the other columns of the reference look like.

    Raises:
        DataError: if a name is in no table or stands in two lists, or no feature is left.
    """
    named = {"numeric": tuple(numeric), "categorical": tuple(categorical), "ignore": tuple(ignore)}
    _check_names(named, reference)
    names: dict[str, list[str]] = {"numeric": [*numeric], "categorical": [*categorical]}
    left_out = dict.fromkeys(named["ignore"], "as requested")
    left_out |= {time: "the time column"} if time else {}
    for name in reference.columns:
        if name not in left_out and name not in (*named["numeric"], *named["categorical"]):
            role = role_of(name, reference[name])
            if role.role == "left out":
                left_out[name] = role.reason
            else:
                names[role.role].append(name)
    left_out |= {name: "not in the reference" for name in current.columns if name not in reference}
    if not any(names.values()):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise DataError(f"no feature is left ({reasons}); name some as numeric or categorical")
    return Roles(Features(tuple(names["numeric"]), tuple(names["categorical"])), left_out)


def require_columns(role: str, names: Iterable[str], table: pd.DataFrame, which: str) -> None:
    """Check that the columns of a role are in a table; raises `DataError` with those there are."""
    for name in names:
        if name not in table:
            choices = valid_choices(name, [str(column) for column in table.columns])
            raise DataError(f"{role}: no such column in the {which}; {choices}")


def _check_names(named: dict[str, tuple[str, ...]], reference: pd.DataFrame) -> None:
    seen: dict[str, str] = {}
    for which, names in named.items():
        for name in names:
            require_columns(which, [name], reference, "reference")
            if name in seen:
                raise DataError(f"{name!r} is named under {seen[name]} and {which}; choose one")
            seen[name] = which


def times_of(table: pd.DataFrame, time: str, which: str) -> npt.NDArray[np.datetime64]:
    """Return the times of the rows (rows,) in UTC; one without a zone is taken as UTC.

    Raises:
        DataError: if the column is missing, holds no times, or has gaps.
    """
    require_columns("time", [time], table, which)
    if pd.api.types.is_numeric_dtype(table[time].dtype):  # pandas would take them for nanoseconds
        raise DataError(f"time: {time!r} does not hold times, but numbers; see pandas.to_datetime")
    try:
        moments = pd.to_datetime(table[time], utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise DataError(f"time: {time!r} does not hold times: {error}") from None
    if moments.isna().any():
        raise DataError(f"time: {time!r} is missing in {int(moments.isna().sum()):,} rows")
    return moments.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
