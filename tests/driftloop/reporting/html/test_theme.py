"""The palette can be read in light and dark, and pictures follow it."""

import math
import re
from pathlib import Path

import pytest

from driftloop import reporting
from driftloop.reporting.html.svg import INKS, Drawing
from tests.driftloop.reporting.palette import BASE_CSS, DARK, LIGHT, Palette, contrast

TONES = ("good", "warn", "bad", "blind", "plain")
TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *((ink, ground) for ink in ("ink", "dim", "link", *TONES) for ground in ("card", "ground")),
    *((tone, f"{tone}-soft") for tone in TONES),
    *(("ink", f"{tone}-soft") for tone in TONES),
)
DRAWN_PAIRS = (("before", "card"), ("now", "card"))
both = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@both
def test_text_can_be_read(palette: Palette) -> None:
    assert len(TEXT_PAIRS) > 20
    found = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in TEXT_PAIRS}
    assert {pair: round(value, 2) for pair, value in found.items() if value < 4.5} == {}


@both
def test_pictures_can_be_seen(palette: Palette) -> None:
    found = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in DRAWN_PAIRS}
    assert {pair: round(value, 2) for pair, value in found.items() if value < 3} == {}


def test_the_palettes_name_the_same_colours() -> None:
    assert len(LIGHT) == 18
    assert set(LIGHT) == set(DARK)
    assert set(INKS) <= set(LIGHT)


def test_the_style_needs_no_network() -> None:
    styles = [path.read_text() for path in Path(reporting.__file__).parent.rglob("*.css")]
    assert len(styles) == 3
    assert "prefers-color-scheme: dark" in BASE_CSS
    for style in styles:
        assert "url(" not in style
        assert "@import" not in style


def test_a_drawing_is_part_of_the_page_and_says_what_it_shows() -> None:
    draw = Drawing(9, 9.5)
    draw.line([(0, 1.23456), (2, math.nan), (3, 4), (5, -0.001)], "ink")
    draw.dot((math.inf, 1), 2, "bad")
    draw.text((1, 2), "a < b\u202e\x00")
    made = draw.element('before "now" <b>')
    assert made.startswith('<svg role="img" aria-label="before &quot;now&quot; &lt;b&gt;"')
    assert 'viewBox="0 0 9 9.5"' in made
    assert 'd="M 0 1.23 M 3 4 L 5 -0" style="fill: none; stroke: var(--ink)' in made
    assert "a &lt; b" in made
    assert not {"\u202e", "\x00", "inf", "nan"} & {*made, *re.findall("inf|nan", made)}
