"""Numbers in odd writing: among words for missing values, with currency, thousands, per cent."""

from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from driftloop.profiling.whole_numbers import Column, text_to_float, text_to_numbers
from driftloop.snapshots.table_source import Source

WORDS_FOR_MISSING = (
    *("-", "--", "?", ".", "\\n", "n/a", "na", "nan", "nil", "none", "null", "missing", "unknown"),
    *("#n/a", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "#null!"),
)
"""What exports write where a number is missing, in lower case."""

_MOSTLY = 0.9
_CODE = r"^[+-]?0\d"
_WAYS = (
    r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$",
    *(
        rf"^[+-]?{before}\s?[+-]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d*)?\s?{after}$"
        for before, after in (("", ""), ("", "%"), (r"\$", ""), ("€", ""), ("£", ""), ("", "€"))
    ),
)
"""How all numbers of a column may be written: plainly, or one decoration for all of them."""


@dataclass(frozen=True, slots=True)
class OddNumbers:
    """A column of text as numbers; `missing` cells, such as `example`, are words for missing."""

    numbers: Column
    missing: int
    example: str

    def note(self, name: str) -> str:
        """Return what counts as missing, as a sentence."""
        single = self.missing == 1
        cells = "cell is not a number and counts" if single else "cells are not numbers and count"
        return f"{name}: {self.missing:,} {cells} as missing, such as {self.example!r}."


def odd_numbers(source: Source, name: str, column: Column, fix: str) -> OddNumbers | None:
    """Return a column of text as numbers where it is one; None for other text.

    Codes such as 007 are other text.

    Raises:
        DataError: if most values are numbers and some neither that nor a word for missing; `fix`
            says what else may be done with the column.
    """
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), None, text)
    odd = pc.fill_null(pc.is_in(pc.utf8_lower(text), pa.array(WORDS_FOR_MISSING)), False)
    rest, count = pc.if_else(odd, None, text), _count(odd)
    if rest.null_count == len(rest) or _count(pc.match_substring_regex(rest, _CODE)):
        return None
    example = text.filter(odd)[0].as_py() if count else ""
    matches = [pc.fill_null(pc.match_substring_regex(rest, way), False) for way in _WAYS]
    present, most = len(rest) - rest.null_count, max(matches, key=_count)
    if _count(most) == present:
        decorated = most is not matches[0]
        plain = pc.replace_substring_regex(rest, r"[^0-9.+-]", "") if decorated else rest
        parsed = _numbers(plain)
        return parsed and OddNumbers(parsed, count, example)
    if _count(reduce(pc.or_, matches)) >= _MOSTLY * present:
        source.refuse(
            name,
            pc.and_(pc.invert(most), pc.is_valid(rest)).to_numpy(),
            lambda row: (
                f"{str(text[row].as_py())[:40]!r} is not a number written like {_count(most):,} of "
                f"{present:,} values"
            ),
            f"correct it or leave it empty, {fix}",
        )
    return None


def _count(cells: Column) -> int:
    return int(pc.sum(cells).as_py() or 0)


def _numbers(text: Column) -> Column | None:
    """Return numbers to the last digit, or None where no type holds them."""
    try:
        whole = text_to_numbers(text)
        numbers = text_to_float(text) if whole is None else whole
    except pa.ArrowInvalid:
        return None
    return None if pa.types.is_string(numbers.type) else numbers
