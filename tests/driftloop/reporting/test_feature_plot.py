"""The picture of the worst features: a small PNG, whatever the names are."""

import warnings

import pytest

from driftloop.base.distribution import Shape
from driftloop.reporting.feature_plot import draw_feature_plot

NUMBERS = Shape("amount", (), (0.0, 1.0, 2.5, 900.0), (0.3, 0.3, 0.4), (0.1, 0.2, 0.7))
LEVELS = (*(f"level {number}" for number in range(12)), "other")
CATEGORIES = Shape("country", LEVELS, (), (1 / 13,) * 13, (1 / 13,) * 13)


def dimensions(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_up_to_three_panels(count: int) -> None:
    png = draw_feature_plot((NUMBERS, CATEGORIES, NUMBERS, NUMBERS, NUMBERS)[:count], "payments")
    width, height = dimensions(png)
    assert height == 420
    assert width == int(150 * (2.25 * min(max(count, 1), 3) + 0.3))
    assert len(png) < 100_000


@pytest.mark.parametrize(
    "name",
    [
        "$\\frac{$",
        "\x00\x07",
        "\u202egpj.exe",
        "<b>&amp;",
        "漢字 🚨 \ud800",
        "x" * 5_000,
        "",
        "`$_{",
    ],
)
def test_hostile_names_are_drawn_as_they_stand(name: str) -> None:
    shapes = (
        Shape(name, (name, "other"), (), (0.5, 0.5), (0.1, 0.9)),
        Shape(name, (), (0.0, 1.0), (1.0,), (1.0,)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(draw_feature_plot(shapes, name)) < 100_000


def test_the_same_shapes_give_the_same_picture() -> None:
    assert draw_feature_plot((NUMBERS,), "payments") == draw_feature_plot((NUMBERS,), "payments")
