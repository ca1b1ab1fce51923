import numpy as np
import pytest

from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.finding_text import (
    describe_categories,
    describe_missing,
    describe_numbers,
    format_number,
    format_share,
)

HUNDRED = np.arange(1.0, 101)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.123456, "0.1235"),
        (-3.5, "-3.5"),
        (1234.5, "1234"),
        (123456.7, "123,457"),
        (-20000, "-20,000"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize("value", [1e300, -1e20])
def test_number_of_any_size_is_short(value: float) -> None:
    assert len(format_number(value)) <= 28


@pytest.mark.parametrize(("value", "text"), [(0, "0%"), (0.034, "3.4%"), (0.5, "50%"), (1, "100%")])
def test_share(value: float, text: str) -> None:
    assert format_share(value) == text


@pytest.mark.parametrize("value", [0.0004, 0.9996])
def test_share_of_some_is_neither_none_nor_all(value: float) -> None:
    """'missing in 100% of the rows' sends people to look for an outage that is none."""
    assert format_share(value) not in {"0%", "0.0%", "100%"}


def test_numbers_that_rose_beyond_the_tail() -> None:
    text = describe_numbers("amount", NumericPair.of(HUNDRED, HUNDRED + 50))
    assert text == (
        "`amount` rose from 50.5 to 100.5 (median); 55% of the new values lie above the "
        "reference's 95th percentile."
    )


def test_numbers_that_fell_beyond_the_tail() -> None:
    text = describe_numbers("amount", NumericPair.of(HUNDRED, HUNDRED - 50))
    assert "fell from 50.5 to 0.5" in text
    assert "lie below the reference's 5th percentile" in text


def test_numbers_that_stayed_but_narrowed() -> None:
    text = describe_numbers("amount", NumericPair.of(HUNDRED, np.full(100, 50.5)))
    assert text == "`amount` stayed near 50.5 (median); its middle half spans 0, previously 49.5."


def test_categories_name_the_one_that_moved_most() -> None:
    old, new = np.array(["a", "b"]).repeat([80, 20]), np.array(["a", "b"]).repeat([30, 70])
    text = describe_categories("device", CategoricalPair.of(old, new))
    assert text in {
        "`device`: a fell from 80% to 30%.",
        "`device`: b rose from 20% to 70%.",
    }


def test_categories_never_seen_are_named_most_frequent_first() -> None:
    old = np.array(["a"] * 100)
    new = np.array(["a", "e", "d", "c", "b"]).repeat([40, 30, 15, 10, 5])
    text = describe_categories("device", CategoricalPair.of(old, new))
    assert text.endswith("never seen before: e, d, c and 1 more (60%).")


def test_missing() -> None:
    text = describe_missing("device", 0.034, 0.85)
    assert text == "`device` is missing in 85% of the rows, previously 3.4%."
