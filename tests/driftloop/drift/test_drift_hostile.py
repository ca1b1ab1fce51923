"""Columns as they arrive in bad weeks: never a traceback, and never a silent ok."""

import datetime as dt
import json
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.base.findings import Finding
from driftloop.base.serialize import to_json
from driftloop.drift.settings import DriftSettings
from tests.driftloop.cases import FAST, categories, numbers
from tests.driftloop.drift.two_samples import TwoSamples, find_drift

RNG = np.random.default_rng(0)
N = 300
NORMAL = RNG.normal(size=N)
LETTERS = RNG.choice(["a", "b", "c"], N).astype(object)
COUNTS = RNG.integers(0, 4, N)


def gaps(values: Any) -> Any:
    """The values as objects, a third of them None."""
    made = np.asarray(values, dtype=object).copy()
    made[::3] = None
    return made


def statuses(found: tuple[Finding, ...]) -> dict[str, str]:
    return {one.test: one.status for one in found}


@pytest.mark.parametrize(
    "current",
    [
        np.full(N, np.nan),
        np.full(N, None, dtype=object),
        np.full(N, np.inf),
        pd.array([None] * N, dtype="Int64"),
        pd.Series([pd.NaT] * N),
    ],
    ids=["nan", "none", "inf", "nullable", "nat"],
)
def test_lost_numbers_are_drift_of_the_missing_rate_only(current: Any) -> None:
    assert statuses(numbers(NORMAL, current)) == {"none": "inconclusive", "missing_rate": "drift"}


@pytest.mark.parametrize("gone", [np.nan, np.inf, -np.inf])
def test_one_bad_number_changes_nothing(gone: float) -> None:
    """A single NaN must not blind the test of the other values."""
    spoilt = NORMAL.copy()
    spoilt[0] = gone
    assert statuses(numbers(NORMAL, spoilt)) == {"ks": "ok", "missing_rate": "ok"}
    spoilt = NORMAL + 3
    spoilt[0] = gone
    assert statuses(numbers(NORMAL, spoilt)) == {"ks": "drift", "missing_rate": "ok"}


@pytest.mark.parametrize(
    ("reference", "current", "status"),
    [
        (np.ones(N), np.ones(N), "inconclusive"),
        (np.ones(N), np.full(N, 2.0), "drift"),
        (np.ones(N), NORMAL, "drift"),
        (NORMAL, np.ones(N), "drift"),
        (np.zeros(N), np.full(N, 1e-9), "drift"),
        (NORMAL, NORMAL[:1], "inconclusive"),
        (NORMAL, NORMAL[:99], "inconclusive"),
        (NORMAL[:99], NORMAL, "inconclusive"),
        (NORMAL, NORMAL[:100], "ok"),
        (NORMAL, NORMAL[:0], "inconclusive"),
        (NORMAL[:0], NORMAL, "inconclusive"),
        (NORMAL[:0], NORMAL[:0], "inconclusive"),
        (NORMAL, np.array([], dtype=object), "inconclusive"),
        (COUNTS, COUNTS.astype(float), "ok"),
        (COUNTS, pd.array(COUNTS, dtype="Int32"), "ok"),
        (COUNTS > 1, COUNTS > 1, "ok"),
        (COUNTS > 1, (COUNTS > 1).astype("int8"), "ok"),
        (COUNTS > 0, COUNTS > 2, "drift"),
        (NORMAL, NORMAL.astype(str), "inconclusive"),
        (NORMAL, gaps([3, "1", 2] * 100), "inconclusive"),
        (NORMAL, pd.date_range("2026-01-01", periods=N), "inconclusive"),
        (NORMAL, pd.to_timedelta(np.arange(N), unit="s"), "inconclusive"),
        (NORMAL, NORMAL + 1j, "inconclusive"),
        (NORMAL, [[1, 2]] * N, "inconclusive"),
        (NORMAL * 1e300, NORMAL * 1e-300, "drift"),
    ],
)
def test_hostile_numbers(reference: Any, current: Any, status: str) -> None:
    found = numbers(reference, current)
    assert [one.status for one in found if one.test != "missing_rate"] == [status]
    assert all("x" in one.sentence and len(one.sentence) < 300 for one in found)


def test_booleans_with_gaps_are_numbers_still() -> None:
    """Parquet booleans with nulls arrive as objects; a declared numeric flag stays testable."""
    flags = COUNTS > 1
    assert statuses(numbers(gaps(flags), gaps(flags))) == {"chi2": "ok", "missing_rate": "ok"}
    assert statuses(numbers(gaps(COUNTS > 0), gaps(COUNTS > 2)))["chi2"] == "drift"


def test_exact_decimals_are_numbers() -> None:
    """Parquet decimals, the usual type of money, arrive as ``Decimal`` objects."""
    money = np.array([Decimal(f"{value:.2f}") for value in NORMAL], dtype=object)
    assert statuses(numbers(money, money)) == {"ks": "ok"}


@pytest.mark.parametrize(
    ("reference", "current", "status"),
    [
        (LETTERS, LETTERS, "ok"),
        (LETTERS, gaps(LETTERS), "ok"),
        (LETTERS, pd.Categorical(LETTERS, categories=["a", "b", "c", "never"]), "ok"),
        (LETTERS, LETTERS[:0], "inconclusive"),
        (LETTERS, LETTERS[:1], "inconclusive"),
        (LETTERS, np.full(N, np.nan), "inconclusive"),
        (np.full(N, "a"), np.full(N, "a"), "inconclusive"),
        (np.full(N, "a"), np.full(N, "b"), "drift"),
        (np.full(N, "a"), LETTERS, "drift"),
        (LETTERS, ["a", 1, "b"] * 100, "inconclusive"),
        ([["a"], ["b"]] * 150, [["a"], ["b"]] * 150, "ok"),
        (COUNTS, COUNTS.astype(str), "ok"),
        (COUNTS, COUNTS.astype(float), "ok"),
        (COUNTS, pd.array(COUNTS, dtype="Int64"), "ok"),
        (COUNTS, gaps(COUNTS), "ok"),
        (COUNTS, np.where(COUNTS == 0, np.nan, COUNTS), "drift"),
        (COUNTS > 1, gaps(COUNTS > 1), "ok"),
        (COUNTS > 1, pd.array(COUNTS > 1, dtype="boolean"), "ok"),
        (*(pd.date_range("2026-01-01", periods=N),) * 2, "inconclusive"),
        (["", "a", " "] * 100, ["", "a", " "] * 100, "ok"),
    ],
)
def test_hostile_categories(reference: Any, current: Any, status: str) -> None:
    found = categories(reference, current)
    assert [one.status for one in found if one.test in ("chi2", "none")] == [status]
    assert all("x" in one.sentence and len(one.sentence) < 300 for one in found)


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        (COUNTS, gaps(COUNTS.astype(float))),
        (COUNTS, pd.Categorical(COUNTS.astype(float))),
    ],
    ids=["float objects", "float categories"],
)
def test_codes_in_another_type_are_the_same_codes(reference: Any, current: Any) -> None:
    """3 and 3.0 read the same, however a batch stored them."""
    assert statuses(categories(reference, current))["chi2"] == "ok"


def test_day_objects_are_dates() -> None:
    """Parquet date32 arrives as ``datetime.date`` objects: every week would hold new ones."""
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=i % 7) for i in range(N)]
    assert statuses(categories(days, days)) == {"none": "inconclusive"}


def test_ten_thousand_categories() -> None:
    codes, rng = np.arange(10_000).astype(str), np.random.default_rng(2)
    reference, current = rng.choice(codes, (2, 40_000))
    assert set(statuses(categories(reference, current)).values()) == {"ok"}
    crowded = np.where(rng.random(40_000) < 0.5, codes[7], current)
    assert statuses(categories(reference, crowded))["chi2"] == "drift"


def test_a_hundred_thousand_categories() -> None:
    codes, rng = np.arange(100_000).astype(str), np.random.default_rng(2)
    reference, current = rng.choice(codes, (2, 300_000))
    assert set(statuses(categories(reference, current)).values()) == {"ok"}
    crowded = np.where(rng.random(300_000) < 0.5, codes[7], current)
    assert statuses(categories(reference, crowded))["chi2"] == "drift"


def test_exchanged_codes_are_never_ok() -> None:
    """A thousand codes replaced by a thousand others: every value is new."""
    rng = np.random.default_rng(4)
    reference, current = rng.integers(0, 1000, (2, 1500))
    found, *others = categories(reference.astype(str), (current + 5000).astype(str))
    assert found.status == "drift"
    assert [other.test for other in others if other.status == "drift"] == ["new_categories"]
    assert len(found.new_categories) > 700


def test_identifier_is_not_judged_ok() -> None:
    """A column of unique values says nothing about drift, so it cannot be all right."""
    ids = np.arange(4000).astype(str)
    (found,) = categories(ids[:2000], ids[2000:])
    assert found.status == "inconclusive"


def test_new_categories_are_named() -> None:
    current = np.where(np.arange(N) % 3 == 0, "wallet", LETTERS)
    current[1:7:3] = "gift card"
    found, new = categories(LETTERS, current)
    assert found.status == "drift"
    assert (new.test, new.status) == ("new_categories", "drift")
    assert found.new_categories == ("wallet", "gift card")
    assert "never seen before: wallet, gift card (34%)" in found.sentence


def test_column_missing_on_either_side_is_named() -> None:
    there = pd.DataFrame({"x": NORMAL, "c": LETTERS})
    for tables in ((there, there[[]]), (there[[]], there), (there[[]], there[[]])):
        found = find_drift(TwoSamples(*tables, ("x",), ("c",)), DriftSettings(**FAST))
        assert [one.name for one in found] == ["x", "c"]
        assert {one.status for one in found} == {"inconclusive"}
        assert all("is missing" in one.sentence for one in found)


def test_ignored_features_are_not_tested() -> None:
    there = pd.DataFrame({"x": NORMAL, "y": NORMAL, "c": LETTERS})
    settings = DriftSettings(ignore=("x", "c"), **FAST)
    found = find_drift(TwoSamples(there, there + there, ("x", "y"), ("c",)), settings)
    assert [one.name for one in found] == ["y"]


def test_tables_without_rows_or_features() -> None:
    empty = pd.DataFrame({"x": NORMAL[:0], "c": LETTERS[:0]})
    found = find_drift(TwoSamples(empty, empty, ("x",), ("c",)), DriftSettings(**FAST))
    assert [one.status for one in found] == ["inconclusive", "inconclusive"]
    assert find_drift(TwoSamples(empty, empty, (), ()), DriftSettings(**FAST)) == ()


def test_tables_are_not_changed() -> None:
    table = pd.DataFrame({"x": gaps(NORMAL), "c": gaps(LETTERS)})
    before = table.copy(deep=True)
    find_drift(TwoSamples(table, table, ("x",), ("c",)), DriftSettings(**FAST))
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("describe", [numbers, categories])
@pytest.mark.parametrize("seed", range(40))
def test_any_soup_is_survived(describe: Callable[..., Any], seed: int) -> None:
    """Random mixtures of kinds on both sides: findings that fit into strict JSON, no warning."""
    rng = np.random.default_rng(seed)
    soup: list[Any] = [None, np.nan, np.inf, 1, 2.5, 10**25, True, "a", "", pd.NaT, pd.NA, b"x"]
    soup += [dt.date(2026, 1, 1), pd.Timestamp("2026-01-01"), Decimal("1.1"), 1e308, -1e308]
    kinds = rng.choice(len(soup), rng.integers(1, 4), replace=False)

    def made() -> Any:
        rows = int(rng.integers(0, 250))
        values = pd.Series([soup[i] for i in rng.choice(kinds, rows)], dtype=object)
        return values.infer_objects() if rng.random() < 0.5 else values

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = describe(made(), made(), minimum_rows=50)
    assert found
    for load in json.loads(to_json(found)):
        known = load["status"] in {"ok", "warning", "drift"}
        assert known == (load["p_value"] is not None and load["effect_size"] is not None)
