"""Colours and style of the pages, for light and dark, paper and phone.

Every pair of text and ground in `TEXT_PAIRS` keeps the contrast that WCAG 2.1 asks of text, 4.5.
"""

from collections.abc import Mapping

Palette = Mapping[str, str]
LIGHT: Palette = {
    "ground": "#f4f6f8",
    "card": "#ffffff",
    "ink": "#1a1f26",
    "dim": "#55606d",
    "line": "#d7dde4",
    "link": "#0a5aa0",
    "good": "#17642f",
    "good-soft": "#e2f4e7",
    "warn": "#7f4d00",
    "warn-soft": "#fcefd2",
    "bad": "#ab1f18",
    "bad-soft": "#fde8e7",
    "blind": "#63399a",
    "blind-soft": "#f0e9fa",
    "plain": "#55606d",
    "plain-soft": "#eceff3",
    "before": "#5a8fc4",
    "now": "#c2410c",
}
DARK: Palette = {
    "ground": "#0f1419",
    "card": "#181f27",
    "ink": "#e7eaee",
    "dim": "#a5b0bc",
    "line": "#33404d",
    "link": "#74b9ff",
    "good": "#7bd694",
    "good-soft": "#143020",
    "warn": "#f2b865",
    "warn-soft": "#37290f",
    "bad": "#ff958d",
    "bad-soft": "#421c1b",
    "blind": "#c9abf6",
    "blind-soft": "#2c2244",
    "plain": "#a5b0bc",
    "plain-soft": "#242d37",
    "before": "#5b8fc2",
    "now": "#ff9552",
}
_TONES = ("good", "warn", "bad", "blind", "plain")
TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *((ink, ground) for ink in ("ink", "dim", "link", *_TONES) for ground in ("card", "ground")),
    *((tone, f"{tone}-soft") for tone in _TONES),
    *(("ink", f"{tone}-soft") for tone in _TONES),
)
DRAWN_PAIRS = (("before", "card"), ("now", "card"))
"""Parts of pictures and their ground, of which WCAG 2.1 asks 3."""


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours such as ``#1a1f26``, 1 to 21.

    Source: WCAG 2.1, relative luminance and contrast ratio.
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _variables(palette: Palette) -> str:
    return " ".join(f"--{name}: {value};" for name, value in palette.items())


def _tones() -> str:
    return "\n".join(
        f".{tone} {{ color: var(--{tone}); background: var(--{tone}-soft); "
        f"border-color: var(--{tone}); }}"
        for tone in _TONES
    )


_BASE = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans",
  "DejaVu Sans", Arial, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: 2px; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible,
summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link);
  outline-offset: 2px; border-radius: 4px; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .9em; }
code { background: var(--plain-soft); border-radius: 4px; padding: .05em .3em; }
pre { background: var(--plain-soft); border-radius: 8px; padding: .8em 1em; margin: .5em 0;
  white-space: pre-wrap; }
pre code { background: none; padding: 0; }
h1, h2, h3 { line-height: 1.25; margin: 0; }
h2 { font-size: 1.25rem; margin-bottom: .5rem; }
h3 { font-size: 1rem; }
p { margin: .4em 0; }
.dim { color: var(--dim); } .small { font-size: .875rem; }
.number, td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.badge { display: inline-block; padding: .05em .6em; border-radius: 999px; font-size: .85rem;
  font-weight: 600; border: 1px solid; white-space: nowrap; }
.sign { font-family: "DejaVu Sans", "Segoe UI Symbol", "Noto Sans Symbols 2", sans-serif; }
.wide { overflow-x: auto; position: relative; margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
caption { text-align: left; color: var(--dim); font-size: .875rem; padding: 0 0 .4em; }
th, td { text-align: left; vertical-align: top; padding: .45em .9em .45em 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; min-width: 4.5em; }
th { font-weight: 600; } thead th { color: var(--dim); font-size: .8125rem; white-space: nowrap; }
table.many { min-width: 40rem; }
tbody tr:last-child > * { border-bottom: 0; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
"""


def style_of(*parts: str) -> str:
    """Return the style sheet of a page: colours by scheme, what all pages share, and its own."""
    light, dark = _variables(LIGHT), _variables(DARK)
    schemes = (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )
    return "\n".join((schemes, _BASE.strip(), _tones(), *(part.strip() for part in parts)))
