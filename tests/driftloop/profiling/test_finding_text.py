import re

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
        (0.123456, "0.123"),
        (-3.5, "-3.5"),
        (1234.5, "1,230"),
        (123456.7, "123,000"),
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
        "`amount` rose from 50.5 to 100 (median), a large move; 55% of the new values lie "
        "above the reference's 95th percentile."
    )


def test_numbers_that_fell_beyond_the_tail() -> None:
    text = describe_numbers("amount", NumericPair.of(HUNDRED, HUNDRED - 50))
    assert "fell from 50.5 to 0.5" in text
    assert "lie below the reference's 5th percentile" in text


def test_numbers_that_stayed_but_narrowed() -> None:
    text = describe_numbers("amount", NumericPair.of(HUNDRED, np.full(100, 50.5)))
    assert text == "`amount` unchanged at 50.5 (median); its spread fell from 49.5 to 0."


def test_categories_name_the_one_that_moved_most() -> None:
    old, new = np.array(["a", "b"]).repeat([80, 20]), np.array(["a", "b"]).repeat([30, 70])
    text = describe_categories("device", CategoricalPair.of(old, new))
    assert text in {
        "`device`: a fell from 80% to 30%.",
        "`device`: b rose from 20% to 70%.",
    }


def test_shares_that_print_the_same_are_unchanged() -> None:
    old, new = ["no"] * 950 + ["yes"] * 50, ["no"] * 949 + ["yes"] * 51
    text = describe_categories("label", CategoricalPair.of(old, new))
    assert text == "`label`: no unchanged at 95%."


def test_categories_never_seen_are_named_most_frequent_first() -> None:
    old = np.array(["a"] * 100)
    new = np.array(["a", "e", "d", "c", "b"]).repeat([40, 30, 15, 10, 5])
    text = describe_categories("device", CategoricalPair.of(old, new))
    assert text.endswith("never seen before: e, d, c and 1 more (60%).")


def test_missing() -> None:
    text = describe_missing("device", 0.034, 0.85)
    assert text == "`device` is missing in 85% of the rows, previously 3.4%."


@pytest.mark.parametrize(
    ("centre", "spread", "shift", "said"),
    [
        (293.0, 1.0, 4.0, r"rose from 29\d(\.\d)? to 29\d(\.\d)? \(median\), a large move"),
        (7.4, 0.02, -0.08, r"fell from 7\.\d+ to 7\.3\d+ \(median\), a large move"),
        (4e-10, 1e-10, 8e-10, r"rose from 4e-10 to 1.2e-09 \(median\), a large move"),
        (1e12, 1e-2, 4e-2, r"rose from [\d,]+ to [\d,]+\.04 \(median\), a large move"),
        (293.0, 1.0, 0.3, r"rose from 29\d(\.\d)? to 29\d(\.\d)? \(median\);"),
        (293.0, 100.0, 1.0, r"stayed near 29\d(\.\d)? \(median\);"),
    ],
)
def test_a_move_is_measured_by_the_spread_and_never_by_the_size_of_the_numbers(
    centre: float, spread: float, shift: float, said: str
) -> None:
    before = centre + spread * np.linspace(-2, 2, 401)
    text = describe_numbers("x", NumericPair.of(before, before + shift))
    assert re.search(said, text), text
    if moved := re.search("from (.*) to (.*) \\(median", text):
        assert moved[1] != moved[2]
