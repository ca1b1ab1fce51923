"""Quiet years: the rows lie within their weeks, and rates have the intervals of tables."""

import pandas as pd
import pytest

from benchmarks.harm_streams import START, WEEK, generated
from benchmarks.years import _line, _rate, _together, _with_times


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0.00 (0.00 to 0.37)"), (2, "0.20 (0.02 to 0.72)")]
)
def test_a_rate_has_the_interval_that_tables_give_of_a_poisson_count(
    count: int, words: str
) -> None:
    """Pearson & Hartley, Biometrika Tables: of 0 at most 3.69, of 2 from 0.242 to 7.22."""
    assert _rate(count, 10) == words


def test_every_week_keeps_its_rows() -> None:
    stream = generated("stationary", 300, 0, 2)
    rows = _with_times(stream.table, 300)
    weeks = (rows["at"] - pd.Timestamp(START.replace(tzinfo=None))) // pd.Timedelta(WEEK)
    assert weeks.value_counts().eq(300).all()
    assert rows["at"].is_monotonic_increasing
    assert rows["at"].is_unique


def test_years_add_up() -> None:
    year = {"causes": {"drift": 1}, "weeks": {"warning": 2}, "posts": {}, "retrained": 5}
    quiet = {"causes": {}, "weeks": {}, "posts": {}, "retrained": 4}
    both = _together([{"years": [year, quiet]}], "stationary", 300)
    assert (both["years"], both["causes"], both["retrained"]) == (2, {"drift": 1}, 9)
    assert _line(both)[:4] == ["stationary", "300", "2", "0.50 (0.01 to 2.79)"]
