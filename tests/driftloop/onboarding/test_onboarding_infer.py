"""Inference: roles, periods, the training period, and notes for the person."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from driftloop.base.errors import DataError
from driftloop.base.periods import Every
from driftloop.config.model_config import ModelConfig
from driftloop.drift.power import rows_for_chi_square, rows_for_ks
from driftloop.onboarding.infer import infer
from driftloop.onboarding.roles import role_of
from driftloop.onboarding.templates import config_yaml
from driftloop.snapshots.options import ColumnRole, Inferred, Options, Target
from driftloop.snapshots.table_source import Source

OPTIONS = Options("at", "y")
ROWS = 2000
RNG = np.random.default_rng(7)


def role(values: Any, name: str = "x", step: str = "6h", every: Every = "week") -> ColumnRole:
    series = pd.Series(values)
    times = pd.Series(pd.date_range("2024-01-01", periods=len(series), freq=step), name="at")
    return role_of(name, series, times, every)


def history(rows: int = ROWS, freq: str = "1h", **columns: Any) -> Source:
    table = pd.DataFrame(
        {
            "at": pd.date_range("2024-01-01", periods=rows, freq=freq).astype("datetime64[us]"),
            "x": np.random.default_rng(1).normal(size=rows),
            "y": np.where(np.arange(rows) % 5 == 0, "yes", "no"),
            **columns,
        }
    )
    return Source(Path("calls.csv"), table, True, {})


def found(source: Source, options: Options = OPTIONS) -> Inferred:
    return infer(source, options)


ROLES = {
    "decimals": (RNG.normal(size=ROWS), "x", "numeric", "distinct values"),
    "integers": (RNG.integers(0, 500, ROWS), "age", "numeric", "0 to 499"),
    "weekday codes": (
        RNG.integers(1, 8, ROWS),
        "day",
        "categorical",
        "7 integers that look like codes",
    ),
    "a count": (RNG.geometric(0.7, ROWS).clip(max=8), "calls", "numeric", "1 to"),
    "far apart": (RNG.choice([12, 24, 36, 60, 120], ROWS), "term", "numeric", "12 to 120"),
    "a count from 0": (RNG.poisson(3, ROWS), "visits", "numeric", "0 to"),
    "a count from 1": (1 + RNG.binomial(9, 0.4, ROWS), "rooms", "numeric", "1 to"),
    "three far apart": (RNG.choice([100, 500, 900], ROWS), "plan", "categorical", "3 integers"),
    "marks": (
        RNG.choice([1, 2, 3, 4, 5], ROWS, p=[0.1, 0.1, 0.2, 0.3, 0.3]),
        "stars",
        "categorical",
        "5 integers that look like codes",
    ),
    "code by name": (
        RNG.choice([200, 301, 404, 500], ROWS),
        "status",
        "categorical",
        "by its name",
    ),
    "flag": (RNG.choice([0, 1], ROWS, p=[0.95, 0.05]), "vip", "categorical", "a flag: 0, 1"),
    "flag with gaps": (RNG.choice([0.0, 1.0, np.nan], ROWS), "vip", "categorical", "a flag: 0, 1"),
    "boolean": (RNG.random(ROWS) < 0.2, "vip", "categorical", "true or false"),
    "words": (RNG.choice(["a", "b", "c"], ROWS), "kind", "categorical", "3 categories"),
    "constant": (["EUR"] * ROWS, "currency", "left out", "constant (EUR)"),
    "row number": (np.arange(ROWS) * 3, "row", "left out", "increases with every row"),
    "id by name": (RNG.integers(0, 900, ROWS), "customer_id", "left out", "by its name"),
    "camel id": (RNG.integers(0, 900, ROWS), "customerId", "left out", "by its name"),
    "hash": ([f"{n:x}-{n}" for n in range(ROWS)], "ref", "left out", "identifier"),
    "prose": ([f"called {n} times" for n in range(ROWS)], "memo", "left out", "free text"),
    "many words": (
        [f"shop {n}" for n in RNG.integers(0, 300, ROWS)],
        "shop",
        "left out",
        "group them",
    ),
    "date": (pd.date_range("2020-01-01", periods=ROWS), "born", "left out", "derive a number"),
    "date text": (["1/2/2020", "2/3/2021"] * (ROWS // 2), "born", "left out", "derive a number"),
}


@pytest.mark.parametrize("case", ROLES)
def test_roles_have_reasons(case: str) -> None:
    values, name, expected, reason = ROLES[case]
    got = role(values, name)
    assert (got.role, got.calendar) == (expected, False)
    assert reason in got.reason
    assert "\n" not in got.reason


@pytest.mark.parametrize("word", ["paid", "humid", "grid", "valid", "MID"])
def test_words_that_end_in_id_are_no_identifiers(word: str) -> None:
    assert role(RNG.integers(0, 900, ROWS), word).role == "numeric"


def test_months_seen_again_next_year_are_calendar() -> None:
    times = pd.date_range("2024-01-01", periods=ROWS, freq="6h")
    seasons = times.month.map(lambda month: "cold" if month in (1, 2, 12) else "warm")
    got = role(seasons)
    assert got.calendar
    assert "follows the month of at" in got.reason


def test_a_slow_index_in_a_short_file_is_no_calendar() -> None:
    times = pd.date_range("2024-01-01", periods=800, freq="6h")
    assert not role(times.month * 1.7).calendar


@pytest.mark.parametrize("style", ["%b", "%B"])
def test_month_names_are_calendar_in_a_short_file_too(style: str) -> None:
    names = pd.date_range("2024-01-01", periods=800, freq="6h").strftime(style).str.lower()
    assert role(names).calendar


def test_weekdays_are_calendar_only_where_a_window_is_a_day() -> None:
    days = pd.date_range("2024-01-01", periods=ROWS, freq="6h").day_of_week
    assert role(days, every="day").calendar
    assert not role(days, every="week").calendar


def test_days_of_the_month_are_calendar_for_weeks_and_not_for_months() -> None:
    days = pd.date_range("2024-01-01", periods=ROWS, freq="6h").day
    assert role(days, every="week").calendar
    assert not role(days, every="month").calendar


def test_the_year_is_calendar() -> None:
    years = pd.date_range("2024-01-01", periods=ROWS, freq="6h").year
    assert role(years).calendar


def test_weeks_are_chosen_where_they_hold_enough_rows() -> None:
    assert found(history()).periods.every == "week"
    sparse = found(history(freq="6h"))
    assert sparse.periods.every == "month"
    assert "28 rows" in sparse.periods.reason


def test_the_training_part_ends_at_the_first_boundary_after_half_of_the_rows() -> None:
    training = found(history()).training
    assert training.until == datetime(2024, 2, 12, tzinfo=UTC)
    assert training.rows == 1008
    busy = history()
    busy.table["at"] = busy.table["at"].where(
        busy.table.index < 1500, busy.table["at"] + pd.Timedelta(days=200)
    )
    assert found(busy).training.until == datetime(2024, 2, 12, tzinfo=UTC)


def test_the_asked_date_counts_and_the_minima_fit_it() -> None:
    training = found(history(), replace(OPTIONS, train_until="2024-01-10")).training
    assert training.rows == 216
    assert training.minimum_rows + training.holdout_rows <= training.rows
    assert training.holdout_per_class == 4


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2024-01-01", "is outside this file; choose a date after 2024-01-01"),
        ("2031-01-01", "is outside this file"),
        ("tomorrow", "--train-until: 'tomorrow' is not a valid date"),
        ("2024-01-03", "holds 48 labelled rows; 100 are needed"),
    ],
)
def test_an_unusable_training_part_is_refused(until: str, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        found(history(), replace(OPTIONS, train_until=until))


def test_a_training_part_of_one_class_is_refused() -> None:
    late = np.where(np.arange(ROWS) > 1900, "yes", "no")
    with pytest.raises(DataError, match="holds only the class 'no'; set a later --train-until"):
        found(history(y=late))


def test_a_holdout_of_one_class_is_refused() -> None:
    early = np.where((np.arange(ROWS) < 300) | (np.arange(ROWS) > 1900), "yes", "no")
    with pytest.raises(DataError, match="only the class 'no' in its newest fifth"):
        found(history(y=early))


def test_rows_of_a_single_period_ask_for_a_shorter_one() -> None:
    with pytest.raises(DataError, match="all rows lie in one month; set a shorter --every"):
        found(history(rows=500), replace(OPTIONS, every="month"))


def test_the_rarer_class_is_positive_unless_another_is_asked_for() -> None:
    target = found(history()).target
    assert (target.task, target.positive) == ("binary", "yes")
    assert target.reason == "the rarer class: 20.0% of the labels"
    assert found(history(), replace(OPTIONS, positive="no")).target.positive == "no"


def test_numeric_labels_keep_their_type() -> None:
    flags = pd.Series((np.arange(ROWS) % 4 == 0).astype(float)).where(np.arange(ROWS) > 9)
    target = found(history(y=flags)).target
    assert (target.positive, type(target.positive)) == (1, int)


def test_more_classes_make_it_multiclass() -> None:
    target = found(history(y=np.arange(ROWS) % 3)).target
    assert (target.task, target.positive, target.classes) == ("multiclass", None, ("0", "1", "2"))


def test_a_file_without_features_is_refused() -> None:
    with pytest.raises(DataError, match=r"no feature is left.*x: constant \(3\)"):
        found(history(x=[3] * ROWS))


def test_names_come_from_the_file_or_are_checked() -> None:
    source = replace(history(), path=Path("My Calls (2024).csv"))
    assert found(source).name == "my-calls-2024"
    with pytest.raises(DataError, match=r"'Bad Name' is not a valid model name.*'bad-name'"):
        found(source, replace(OPTIONS, name="Bad Name"))


def test_a_label_delay_that_is_no_span_is_refused() -> None:
    with pytest.raises(DataError, match="--label-delay: 'soon' is not a duration"):
        found(history(), replace(OPTIONS, label_delay="soon"))


def test_people_are_told_of_flat_columns_small_periods_and_missing_labels() -> None:
    labels = pd.Series(np.where(np.arange(ROWS) % 5 == 0, "yes", "no")).where(
        np.arange(ROWS) % 10 != 3
    )
    flat = np.where(np.arange(ROWS) < 1500, 1.5, RNG.normal(size=ROWS))
    source = history(y=labels, flat=flat)
    notes = " ".join(found(source, replace(OPTIONS, every="day")).notes)
    assert "84 of 84 days hold fewer than 30 rows" in notes
    assert "--every week would hold more" in notes
    assert "200 rows have no label" in notes
    assert "Constant or empty until the training period ends: flat." in notes


def test_columns_set_aside_and_dropped_are_listed_with_their_reasons() -> None:
    source = replace(history(), unusable={"tags": "holds list; derive numbers"})
    inferred = found(source, replace(OPTIONS, drop=("duration",)))
    reasons = {one.name: one.reason for one in inferred.named("left out")}
    assert reasons == {"tags": "holds list; derive numbers", "duration": "as requested: --drop"}


def test_a_person_knows_better_what_a_column_is() -> None:
    days, sizes = RNG.integers(1, 8, ROWS), RNG.normal(size=ROWS).round(1)
    source = history(day=days, size=sizes)
    own = found(source, replace(OPTIONS, numeric=("day",), categorical=("size",)))
    roles = {column.name: (column.role, column.reason) for column in own.columns}
    assert roles["day"] == ("numeric", "as requested: --numeric")
    assert roles["size"] == ("categorical", "as requested: --categorical")
    words = history(word=np.resize(["a", "b"], ROWS))
    with pytest.raises(DataError, match="--numeric: column 'word' holds text"):
        found(words, replace(OPTIONS, numeric=("word",)))


def test_a_quantity_has_no_classes() -> None:
    options = replace(OPTIONS, task="regression")
    own = found(history(y=RNG.normal(size=ROWS)), options)
    assert own.target == Target("regression", (), None, "a quantity, as requested: --task")
    text = config_yaml(own)
    config = ModelConfig.model_validate(yaml.safe_load(text))
    assert (config.task, config.comparison.metric, config.data.positive) == (
        *("regression", "r2"),
        None,
    )


def test_the_shortest_window_with_enough_rows() -> None:
    for freq, every in (("1h", "week"), ("5h", "month"), ("20h", "quarter"), ("60h", "year")):
        assert found(history(freq=freq, rows=1500)).periods.every == every
    thin = found(history(freq="24h", rows=1500), replace(OPTIONS, every="quarter"))
    assert (thin.periods.median, thin.periods.least, thin.periods.small) == (91, 46, 1)
    config = yaml.safe_load(config_yaml(thin))
    assert config["windows"]["current"] == "3 months"
    assert config["drift"]["minimum_rows"] == 46
    assert config["performance"]["minimum_rows"] == 45
    assert ModelConfig.model_validate(config)


def test_the_least_rows_of_a_window_follow_the_power_of_its_tests() -> None:
    """The level of each test is the budget of alarms over runs of a year and features."""
    level, more = 0.5 / (365.25 / 7), {f"z{n}": np.arange(9000) * 0.5 for n in range(19)}
    for columns in ({}, more):
        periods = found(history(rows=9000, **columns)).periods
        needed = rows_for_ks(level / (1 + len(columns)), 4500)
        assert (periods.least, periods.needed) == (needed, needed)
        assert periods.small == (needed > 9000 % 168), "the week that the file ends in"
    letters = np.random.default_rng(0).choice(list("abcd"), 9000, p=[0.5, 0.3, 0.15, 0.05])
    categories = found(history(rows=9000, c=letters))
    shares = [float((letters == one).mean()) for one in "abcd"]
    assert categories.periods.least == max(
        rows_for_chi_square(level / 2, 4500, shares), rows_for_ks(level / 2, 4500)
    )
    text = config_yaml(categories)
    assert "so many find a shift by half a standard deviation in 4 of 5 windows" in text


def test_windows_that_hold_less_than_the_tests_need_are_judged_all_the_same() -> None:
    """Weeks of 42 rows, of which 70 are needed: as many as nine of ten weeks hold."""
    thin = found(history(freq="4h"), replace(OPTIONS, every="week"))
    assert (thin.periods.median, thin.periods.least, thin.periods.needed > 60) == (42, 42, True)
    text = config_yaml(thin)
    assert "minimum_rows: 42  # windows with fewer rows are inconclusive; 9 of 10 weeks" in text
    fewest = found(history(freq="24h"), replace(OPTIONS, every="week"))
    assert (fewest.periods.median, fewest.periods.least) == (7, 30)


def test_a_training_part_that_repeats_itself_gets_a_season_as_its_reference() -> None:
    days = np.arange(365 * 12)
    noise = np.random.default_rng(3).normal(size=len(days))
    source = history(rows=len(days), freq="24h", x=np.cos(2 * np.pi * days / 365.25) + noise)
    inferred = found(source, replace(OPTIONS, every="month"))
    assert inferred.season is not None
    assert (inferred.season.cycle, inferred.season.around) == ("year", 1)
    assert "of how x differs from month to month" in inferred.season.reason
    config = yaml.safe_load(config_yaml(inferred))
    assert config["windows"]["reference"] == {"kind": "season", "cycle": "year", "around": 1}
    assert ModelConfig.model_validate(config)
    quarter = found(source, replace(OPTIONS, every="quarter"))
    assert quarter.season is not None
    assert quarter.season.around == 0


def test_weekdays_are_a_season_of_daily_windows() -> None:
    hours = np.arange(24 * 7 * 12)
    x = np.random.default_rng(3).normal(size=len(hours)) + 2 * ((hours // 24) % 7 >= 5)
    inferred = found(history(rows=len(hours), x=x), replace(OPTIONS, every="day"))
    assert inferred.season is not None
    assert inferred.season.cycle == "week"
    assert found(history(rows=len(hours)), replace(OPTIONS, every="day")).season is None


def test_a_trend_or_two_cycles_are_no_season() -> None:
    days = np.arange(365 * 12)
    trend = history(
        rows=len(days), freq="24h", x=days / 900 + np.random.default_rng(3).normal(size=len(days))
    )
    assert found(trend, replace(OPTIONS, every="quarter")).season is None
    few = history(rows=365 * 4, freq="24h", x=np.cos(2 * np.pi * days[: 365 * 4] / 365.25))
    assert found(few, replace(OPTIONS, every="month")).season is None


def test_a_training_period_that_does_not_hold_still_is_named() -> None:
    rows = np.arange(ROWS * 2)
    early, rng = rows < 3.8 * 168, np.random.default_rng(4)
    source = history(
        ROWS * 2,
        warm=rng.normal(size=len(rows)) + 3 * early,
        trend=rng.normal(size=len(rows)) + rows / len(rows) * 3,
    )
    (note,) = [note for note in found(source).notes if "still" in note]
    assert note.startswith("The training period does not hold still by itself")
    assert "`warm` warms up: the first 3 of its 11 windows differ from the later ones" in note
    assert "`trend` trends over its 11 windows" in note
    assert "`x`" not in note
    assert not [note for note in found(history(ROWS * 2)).notes if "still" in note]
