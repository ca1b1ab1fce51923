"""SVG plots as part of a page: colours that follow the colour scheme, and alternative text.

Plots are drawn in the colours of `INKS`, which stand for the colours of the page.
"""

import html
import re
from collections.abc import Mapping

from driftloop.reporting.html.rendering import text

INKS: Mapping[str, str] = {
    "ink": "#010203",
    "dim": "#010204",
    "line": "#010205",
    "before": "#010206",
    "now": "#010207",
    "card": "#010208",
    "warn": "#010209",
    "plain-soft": "#01020a",
    "good": "#01020b",
    "bad": "#01020c",
}
_BEFORE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
_LEFT_OUT = re.compile(r"<metadata>.*?</metadata>|<style\b.*?</style>|<!--.*?-->", re.DOTALL)
_OPENING = re.compile(r"<svg\b[^>]*>")
_BOX = re.compile(r'viewBox="([^"]*)"')
_FONT = re.compile(r"font-family: [^;\"]*;? ?")
_ID = re.compile(r'(?<![\w:])id="([^"]*)"')
_USED = re.compile(r'(?:href="#|url\(#)([^")]+)')
_BLANK = re.compile(r"\s+")
_EMPTY = re.compile(r"<defs>\s*</defs>|<defs/>")
_DECIMALS = re.compile(r"(\d+\.\d\d)\d+")
_TAG = re.compile(r"<[^>]*>")
_STILL = re.compile(r' transform="rotate\(-0 [^"]*\)"')


def inline_svg(drawn: str, alt_text: str, prefix: str) -> str:
    """Return a document that is drawn in the colours of `INKS` as an element of a page.

    `alt_text` says what it shows. Ids begin with `prefix`, so that no two plots share one.
    """
    body = _OPENING.sub("", _LEFT_OUT.sub("", _BEFORE.sub("", drawn)), count=1)
    for old, new in ((_FONT, ""), (_STILL, ""), (_EMPTY, ""), (_BLANK, " ")):
        body = old.sub(new, body)
    body = _TAG.sub(lambda match: _DECIMALS.sub(r"\1", match[0]), body)
    body = _with_ids(body, prefix)
    for name, colour in INKS.items():
        body = body.replace(colour, f"var(--{name})")
    box = _BOX.search(drawn)
    label = html.escape(text(alt_text))
    opening = (
        f'<svg role="img" aria-label="{label}" viewBox="{box[1] if box else "0 0 1 1"}" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<title>{label}</title>"
    )
    return opening + body.strip()


def _with_ids(body: str, prefix: str) -> str:
    """Keep the ids that something refers to, with this plot's prefix."""
    used = set(_USED.findall(body))

    def prefixed(match: re.Match[str]) -> str:
        return f'id="{prefix}{match[1]}"' if match[1] in used else ""

    body = _ID.sub(prefixed, body).replace("<g >", "<g>")
    return _USED.sub(lambda match: match[0].replace(f"#{match[1]}", f"#{prefix}{match[1]}"), body)
