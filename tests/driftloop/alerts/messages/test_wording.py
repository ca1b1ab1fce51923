from datetime import timedelta

import pytest

from driftloop.alerts.messages.wording import duration, interval, number
from tests.driftloop.alerts.messages.message_records import AS_OF


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.84213, "0.842"),
        (0.0, "0.000"),
        (0.007, "0.007"),
        (0.00041234, "0.00041"),
        (12408.4, "12,400"),
        (12.4, "12.4"),
        (124.04, "124"),
        (None, "unknown"),
        (float("nan"), "unknown"),
    ],
)
def test_number(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_interval_is_silent_without_bounds() -> None:
    assert interval(None, 1.0) == ""
    assert interval(-0.004, 0.031, "+") == " (-0.004 to +0.031)"


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(1, "1 minute"), (119, "119 minutes"), (120, "2 hours"), (2880, "2 days"), (-5, "0 minutes")],
)
def test_lasted(minutes: int, shown: str) -> None:
    assert duration(AS_OF, AS_OF + timedelta(minutes=minutes)) == shown
