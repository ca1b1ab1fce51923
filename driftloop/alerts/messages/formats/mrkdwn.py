"""Slack's mrkdwn as HTML; whatever it does not know is shown as it stands."""

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial

Look = Mapping[str, str]
"""The attributes of each kind of element: classes on a page, inline styles in a mail."""

_TOKEN = re.compile(
    r"```(?P<block>(?:(?!```).)+)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<reference>[^<>\n]+)>"
    r"|(?<![\w*])\*(?=[^\s*])(?P<bold>[^*\n]*[^\s*])\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\s_])(?P<italic>[^_\n]*[^\s_])_(?![\w_])"
    r"|(?<![\w~])~(?=[^\s~])(?P<strike>[^~\n]*[^\s~])~(?![\w~])"
    r"|:(?P<emoji>[a-z0-9_+-]{2,40}):",
    re.DOTALL,
)
_EMOJI = {
    "bar_chart": "📊",
    "eyes": "👀",
    "large_blue_circle": "🔵",
    "large_orange_circle": "🟠",
    "rotating_light": "🚨",
    "warning": "⚠️",
    "white_check_mark": "✅",
}
_SAFE = ("http://", "https://", "mailto:")
_DEEPEST = 4


def text_html(text: str) -> str:
    """Return text in which only Slack's three entities count, as harmless HTML.

    Control characters and those that reorder text are left out.
    """
    plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    kept = "".join(one for one in plain if one == "\n" or not _dropped(one))
    return html.escape(kept).replace("\n", "<br>")


def mrkdwn_html(text: str, look: Look, depth: int = 0) -> str:
    """Return mrkdwn as HTML: emphasis, code, links, mentions and emoji."""
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts += [text_html(text[end : match.start()]), _token(match, look, depth)]
        end = match.end()
    return "".join((*parts, text_html(text[end:])))


def tag(name: str, look: Look, kind: str, inner: str) -> str:
    """Return an element with the attributes that its kind has."""
    attributes = look.get(kind, "")
    return f"<{name}{' ' if attributes else ''}{attributes}>{inner}</{name}>"


def _token(match: re.Match[str], look: Look, depth: int) -> str:
    kind = str(match.lastgroup)
    found = match[kind]
    if depth > _DEEPEST:
        return text_html(match[0])
    inner = partial(mrkdwn_html, look=look, depth=depth + 1)
    shown: dict[str, Callable[[], str]] = {
        "block": lambda: tag("pre", look, "block", text_html(found.strip("\n"))),
        "code": lambda: tag("code", look, "code", text_html(found)),
        "reference": lambda: _reference(found, look),
        "bold": lambda: tag("strong", look, "bold", inner(found)),
        "italic": lambda: tag("em", look, "italic", inner(found)),
        "strike": lambda: tag("s", look, "strike", inner(found)),
        "emoji": lambda: text_html(_EMOJI.get(found, match[0])),
    }
    return shown[kind]()


def _reference(found: str, look: Look) -> str:
    """Return a link, or a mention of a person, group, channel or everyone."""
    target, _, label = found.partition("|")
    if target.startswith(_SAFE):
        address = html.escape(target.replace("&amp;", "&"))
        attributes = {"link": f'{look.get("link", "")} href="{address}" rel="noopener"'.strip()}
        return tag("a", attributes, "link", text_html(label or target))
    if target.startswith("#"):
        return tag("span", look, "mention", text_html(f"#{label or target[1:]}"))
    if target.startswith(("@", "!")):
        name = label.removeprefix("@") or target[1:].rpartition("^")[2]
        return tag("span", look, "mention", text_html(f"@{name}"))
    return text_html(f"<{found}>")


def _dropped(character: str) -> bool:
    reorders = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return reorders or unicodedata.category(character) in ("Cc", "Cs")
