"""What predictions were worth: trouble's cost and a promotion's gain, against sums by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftloop.base.findings import Performance
from driftloop.base.periods import Window
from driftloop.base.tags import PastRun
from driftloop.decision.worth import worth_of

NOW = datetime(2026, 3, 30, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def performance(value: float | None, status: str = "ok", rows: int = 100) -> Performance:
    fields: Any = ("accuracy", Window(NOW - WEEK, NOW), rows, 0.8, 0.7, 0.9, None, status, "said")
    return Performance(*fields, value=value)


def past(
    weeks: float, value: float | None, status: str = "ok", champion: str = "2", rows: int = 100
) -> PastRun:
    at = NOW - weeks * WEEK
    fields: Any = ("monitor", at, at, "ok", "none", False, status, champion, False)
    return PastRun(*fields, value=value, rows=rows)


def told(now: Performance, *runs: PastRun, currency: str = "EUR") -> str | None:
    return worth_of(now, "2", runs, NOW, currency).worth


def test_nothing_is_said_without_a_value() -> None:
    assert told(performance(None), past(1, 1.0)) is None
    plain = told(performance(1.5), currency="")
    assert plain == "A row was worth 1.50, the 100 labelled rows 150."


def test_what_trouble_has_cost_so_far() -> None:
    """(2 - 1) x 100 now, (2 - 0.5) x 200 a week ago; a run within that week counts no row twice."""
    runs = (past(0.5, 0.0, "fell"), past(1, 0.5, "falling", rows=200), past(2, 2.0), past(3, 9.0))
    text = told(performance(1.0, "fell"), *runs)
    few = worth_of(performance(1.0, "fell"), "2", runs, NOW, "EUR").balance
    assert few == "cost 400 EUR since 2026-03-23"
    assert text is not None
    assert text.endswith(
        " Since the run of 2026-03-23, when performance fell, that is 400 EUR less in 2 windows "
        "than at the 2.00 EUR a row of the last window before."
    )
    assert "less" not in (told(performance(1.0, "fell"), past(1, 0.5, "fell")) or "")
    assert "less" not in (told(performance(3.0, "fell"), past(1, 2.0)) or "")


@pytest.mark.parametrize(("value", "said"), [(3.0, "150 EUR more"), (0.5, "100 EUR less")])
def test_what_a_promotion_brought(value: float, said: str) -> None:
    """100 rows of now and 100 at 1.5 a week ago, against the 1.0 a row of version 1."""
    runs = (past(1, 1.5 if value == 3.0 else 0.5), past(2, 1.0, champion="1"))
    now = performance(value if value < 1 else 2.0)
    text, few = told(now, *runs), worth_of(now, "2", runs, NOW, "EUR").balance
    did = "brought" if "more" in said else "cost"
    assert few == f"version 2 {did} {said.rpartition(' ')[0]}"
    assert text is not None
    assert f"In the 2 windows that version 2 has served, that is {said} than at the 1.00" in text
    assert text.endswith("a row of the last window of version 1.")
    assert "version" not in (told(performance(1.0), past(1, 1.0)) or "")
