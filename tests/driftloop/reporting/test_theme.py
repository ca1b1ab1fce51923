"""The palette can be read in light and dark, and pictures follow it."""

from pathlib import Path

import pytest

from driftloop import reporting
from driftloop.reporting.html.svg import INKS, inline_svg
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


def test_a_drawing_becomes_part_of_the_page() -> None:
    drawn = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg width="9pt" viewBox="0 0 9 9">'
        "<metadata>x</metadata>"
        f'<defs><path id="a"/></defs><g id="b"><use xlink:href="#a" style="fill: {INKS["ink"]}" '
        'x="1.23456"/><text>0.735</text></g></svg>'
    )
    made = inline_svg(drawn, 'before "now" <b>', "p-")
    assert made.startswith('<svg role="img" aria-label="before &quot;now&quot; &lt;b&gt;"')
    assert '<path id="p-a"/>' in made
    assert 'href="#p-a" style="fill: var(--ink)" x="1.23"' in made
    assert 'id="b"' not in made
    assert "<text>0.735</text>" in made
    assert "metadata" not in made
