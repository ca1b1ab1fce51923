import pytest

from driftloop.alerts.messages.formats.sparkline import before_and_after, sparkline
from driftloop.base.distribution import Shape


@pytest.mark.parametrize(
    ("shares", "top", "drawn"),
    [
        ([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0], None, "▁▁▂▃▄▅▆▇█"),
        ([0.1] * 3, None, "███"),
        ([0.1] * 3, 0.2, "▄▄▄"),
        ([0.4], 0.2, "█"),
        ([], None, ""),
        ([0.0, 0.0], None, "▁▁"),
        ([float("nan"), 1.0], 1.0, "▁█"),
        ([-1.0, 1.0], None, "▁█"),
    ],
)
def test_sparkline(shares: list[float], top: float | None, drawn: str) -> None:
    assert sparkline(shares, top) == drawn


def test_change_has_one_scale_and_fits_a_phone() -> None:
    one = Shape("x", ("a", "b"), (), (0.5, 0.5), (0.0, 1.0))
    assert before_and_after(one) == "▄▄ → ▁█"
    many = Shape("x", (), tuple(range(25)), (1 / 24,) * 24, (1 / 24,) * 24)
    before, now = before_and_after(many).split(" → ")
    assert len(before) == len(now) == 8
