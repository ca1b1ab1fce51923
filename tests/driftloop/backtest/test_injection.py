"""Drift put in on purpose, each kind against a direct computation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.backtest.injection import (
    NEW_CATEGORY,
    Injection,
    inject,
    midpoint,
    parse_injection,
    spread_of,
)
from driftloop.base.errors import ConfigError

START = datetime(2026, 3, 2, tzinfo=UTC)
AT = START + timedelta(days=10)
ROWS = 2000
EARLY = ROWS // 2


def table(**columns: Any) -> pd.DataFrame:
    """Twenty days of rows, half of them before `AT`."""
    rng = np.random.default_rng(0)
    given = {
        "time": pd.date_range(START, periods=ROWS, freq="864s"),
        "amount": rng.integers(0, 100, ROWS),
        "country": rng.choice(["at", "de", "fr"], ROWS),
        "label": rng.integers(0, 2, ROWS),
    }
    return pd.DataFrame({**given, **columns})


def changed(kind: Any, column: str, size: float, **columns: Any) -> tuple[pd.Series, pd.Series]:
    """The column before and after the change; everything else is proven untouched."""
    before = table(**columns)
    after = inject(before, Injection(kind, column, size, AT), "time", spread=7.0)
    pd.testing.assert_frame_equal(before.drop(columns=column), after.drop(columns=column))
    early = after[column][:EARLY].astype(object)
    assert early.equals(before[column][:EARLY].astype(object)), "rows before the moment"
    return before[column][EARLY:], after[column][EARLY:]


def test_shift_moves_by_standard_deviations() -> None:
    before, after = changed("shift", "amount", -0.5)
    assert after.to_numpy() == pytest.approx(before.to_numpy() - 3.5)


def test_scale_multiplies() -> None:
    before, after = changed("scale", "amount", 100)
    assert after.to_numpy() == pytest.approx(before.to_numpy() * 100)


@pytest.mark.parametrize(("column", "size"), [("amount", 0.3), ("country", 0.3), ("country", 1.0)])
def test_missing_empties_a_share(column: str, size: float) -> None:
    before, after = changed("missing", column, size)
    assert after.isna().mean() == pytest.approx(size, abs=0.05)
    kept = after.notna()
    assert after[kept].tolist() == before[kept].tolist()


@pytest.mark.parametrize("dtype", [object, "category"])
def test_new_category_takes_the_place_of_a_share(dtype: Any) -> None:
    country = table().country.astype(dtype)
    before, after = changed("new_category", "country", 0.25, country=country)
    new = after == NEW_CATEGORY
    assert new.mean() == pytest.approx(0.25, abs=0.05)
    assert after[~new].tolist() == before[~new].tolist()


def test_new_category_among_codes_leaves_the_others_exact() -> None:
    """As the text that a model reads, and in one type, which Parquet can hold."""
    codes = pd.array([2**60 + row % 3 for row in range(ROWS)], dtype="Int64")
    codes[0] = pd.NA
    before = table(country=codes)
    after = inject(before, Injection("new_category", "country", 0.5, AT), "time", 7.0)["country"]
    assert pd.isna(after[0])
    kept = (after != NEW_CATEGORY) & after.notna()
    assert kept[1:EARLY].all()
    assert after[kept].tolist() == before["country"][kept].astype(str).tolist()
    assert (after[EARLY:] == NEW_CATEGORY).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("values", [(0, 1), ("no", "yes"), (False, True)])
def test_label_flip_gives_the_other_of_two_labels(values: Any) -> None:
    labels = np.array(values)[np.random.default_rng(1).integers(0, 2, ROWS)]
    before, after = changed("label_flip", "label", 0.4, label=labels)
    assert (before != after).mean() == pytest.approx(0.4, abs=0.05)
    assert set(after) == set(values)


def test_label_flip_of_more_labels_keeps_their_shares() -> None:
    labels = np.random.default_rng(1).choice(["a", "b", "c"], ROWS, p=[0.5, 0.3, 0.2])
    before, after = changed("label_flip", "label", 1.0, label=labels)
    assert before.value_counts().to_dict() == after.value_counts().to_dict()
    assert (before != after).mean() == pytest.approx(1 - 0.25 - 0.09 - 0.04, abs=0.05)


def test_labels_that_have_not_arrived_stay_missing() -> None:
    labels = table().label.astype(float).mask(np.arange(ROWS) % 3 == 0)
    before, after = changed("label_flip", "label", 1.0, label=labels)
    assert after.isna().tolist() == before.isna().tolist()
    known = before.notna()
    assert after[known].tolist() == (1 - before[known]).tolist()


def test_is_the_same_each_time() -> None:
    change = Injection("missing", "country", 0.5, AT)
    first, second = (inject(table(), change, "time", 0.0) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_times_with_a_zone_are_read_as_such() -> None:
    later = table(time=pd.date_range(START, periods=ROWS, freq="864s").tz_convert("Asia/Tokyo"))
    after = inject(later, Injection("scale", "amount", 0.0, AT), "time", 0.0).amount
    assert after[:EARLY].sum() > 0
    assert after[EARLY:].sum() == 0


def test_texts_are_not_moved() -> None:
    with pytest.raises(ConfigError, match=r"--inject scale: 'country' holds .*, not numbers"):
        inject(table(), Injection("scale", "country", 2.0, AT), "time", 0.0)


def parsed(text: str) -> Injection:
    return parse_injection(text, AT, ("amount", "country"), "label")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("shift:amount:0.5", Injection("shift", "amount", 0.5, AT)),
        ("scale:amount:-2", Injection("scale", "amount", -2.0, AT)),
        ("missing:country:1", Injection("missing", "country", 1.0, AT)),
        ("label_flip:0.3", Injection("label_flip", "label", 0.3, AT)),
        ("label_flip:label:0.3", Injection("label_flip", "label", 0.3, AT)),
    ],
)
def test_parsed(text: str, made: Injection) -> None:
    assert parsed(text) == made


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("shift", "write KIND:FEATURE:SIZE, such as shift:amount:0.5, or label_flip:0.3"),
        ("shift:amount", "write KIND:FEATURE:SIZE"),
        ("a:b:c:d", "write KIND:FEATURE:SIZE"),
        (
            "shfit:amount:1",
            "valid: shift, scale, missing, new_category, label_flip (did you mean shift?)",
        ),
        ("shift:amuont:1", "valid: amount, country"),
        ("shift:label:1", "valid: amount, country"),
        ("label_flip:amount:0.3", "valid: label"),
        ("shift:amount:much", "size 'much' is not a number"),
        ("shift:amount:inf", "size inf has to be finite"),
        ("missing:amount:nan", "size nan has to be finite"),
        ("missing:amount:0", "size 0 has to be a share, above 0 up to 1"),
        ("new_category:country:1.5", "size 1.5 has to be a share, above 0 up to 1"),
        ("label_flip:-0.1", "size -0.1 has to be a share"),
    ],
)
def test_errors_name_what_is_valid(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(text)
    assert why in str(error.value)
    assert f"--inject {text!r}" in str(error.value)


def test_middle_is_a_midnight() -> None:
    assert midpoint(START, START + timedelta(days=5)) == START + timedelta(days=2)


def test_spread_is_that_of_normal_numbers_and_minds_no_outliers() -> None:
    rng = np.random.default_rng(1)
    normal = pd.Series(rng.normal(10, 3, 100_000))
    assert spread_of(normal) == pytest.approx(3, rel=0.02)
    wrong = normal.where(np.arange(100_000) % 25 > 0, normal * 100)
    assert wrong.std() > 150
    assert spread_of(wrong) == pytest.approx(3, rel=0.1)
    assert spread_of(pd.Series([0.0] * 90 + [1.0] * 10)) == pytest.approx(
        pd.Series([0.0] * 90 + [1.0] * 10).std()
    )
    assert spread_of(pd.Series(["a", "b"])) == 0.0
