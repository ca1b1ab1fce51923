"""The colours of the pages, read from their style sheet, and the contrast between two of them."""

import re
from collections.abc import Mapping
from pathlib import Path

import driftloop.reporting.html

Palette = Mapping[str, str]
BASE_CSS = (Path(driftloop.reporting.html.__file__).parent / "base.css").read_text()


def _palette(css: str) -> Palette:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))


_light, _, _dark = BASE_CSS.partition("(prefers-color-scheme: dark)")
LIGHT, DARK = _palette(_light), _palette(_dark)


def contrast(first: str, second: str) -> float:
    """The contrast of two colours such as ``#1a1f26``, 1 to 21.

    Source: WCAG 2.1, relative luminance and contrast ratio.
    """
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
