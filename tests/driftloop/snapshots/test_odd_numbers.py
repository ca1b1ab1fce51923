"""Numbers among words for missing, with currency, thousands and per cent; and what stays text."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from driftloop.base.errors import DataError
from driftloop.snapshots.odd_numbers import OddNumbers, odd_numbers
from driftloop.snapshots.table_source import Source


def read(values: list[str | None]) -> OddNumbers | None:
    column = pa.chunked_array([pa.array(values, pa.string())])
    return odd_numbers(Source(Path("a.csv"), lines=True), "x", column, "or leave it out")


@pytest.mark.parametrize(
    ("values", "numbers", "missing"),
    [
        (["1.5", "-", "2", None], [1.5, None, 2.0, None], 1),
        (["1", "unknown", "N/A", " ", "\\N", "#VALUE!", "3"], [1, *[None] * 5, 3], 4),
        (["$1,234.50", "-$7.00", "$0.5", "?"], [1234.5, -7.0, 0.5, None], 1),
        (["€ 5", "€ 1,000"], [5, 1000], 0),
        (["5 €", "1,000,000.25 €"], [5.0, 1000000.25], 0),
        (["5%", "7.5 %", "-1%"], [5.0, 7.5, -1.0], 0),
        (["1,234", "12"], [1234, 12], 0),
        (["1e5", "None", ".5"], [1e5, None, 0.5], 1),
        ([str(2**63 + 1), "-", "1"], [2**63 + 1, None, 1], 1),
    ],
)
def test_odd_cells_are_missing_and_decorated_numbers_are_numbers(
    values: list[str | None], numbers: list[Any], missing: int
) -> None:
    found = read(values)
    assert found is not None
    assert found.numbers.to_pylist() == numbers
    assert found.missing == missing


@pytest.mark.parametrize(
    "values",
    [
        ["basic", "-", "pro"],
        ["NA", "DE", "-"],  # not a number among them
        ["007", "-", "12"],  # codes
        ["-", "unknown"],
        ["1", "2", "A", "B"],
        [str(10**30), "-"],  # no type holds it
    ],
)
def test_other_text_stays_text(values: list[str | None]) -> None:
    assert read(values) is None


@pytest.mark.parametrize(
    ("values", "line", "said"),
    [
        ([*["7"] * 19, "seven"], 21, "'seven' is not a number written like 19 of 20 values"),
        ([*["$7"] * 19, "€8", "x", "-"], 21, "'€8' is not a number written like 19 of 21 values"),
        (["1,5", *["2.5"] * 20], 2, "'1,5' is not a number written like 20 of 21"),
    ],
)
def test_what_is_nearly_all_numbers_is_refused_with_the_first_odd_cell(
    values: list[str | None], line: int, said: str
) -> None:
    with pytest.raises(DataError) as raised:
        read(values)
    text = str(raised.value)
    assert text.startswith(f"a.csv: column 'x', line {line}: {said}")
    assert text.endswith("correct it or leave it empty, or leave it out")


def test_the_note_has_count_and_example() -> None:
    found = read(["1", "-", "2", "?"])
    assert found is not None
    assert found.note("amount") == (
        "amount: 2 cells are not numbers and count as missing, such as '-'."
    )
