"""HTML pages from Jinja2 templates that no name in the data can break.

Autoescape is on and a missing variable is an error. `text` is applied to every value that a
template prints, so no template can forget it.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from driftloop.alerts.blocks import Line
from driftloop.alerts.messages.formats.html import lines_html
from driftloop.alerts.messages.wording import count, duration, interval, number, score, scored
from driftloop.base.periods import format_time
from driftloop.base.scores import metric_name, score_text, shown_ends
from driftloop.decision.outcome import OUTCOME_STYLES
from driftloop.profiling.finding_text import format_p, format_share

MAX_TEXT = 600
"""Characters of one value; a longer one ends in an ellipsis."""
_SAFE_SCHEMES = ("http://", "https://", "#")
_CELL = re.compile("<td(?=[ >])")
_LOCAL_ADDRESS = re.compile(r"[A-Za-z0-9_./-]+")


def render_page(template: str, **context: object) -> str:
    """Return the page of a template, named by its path below ``driftloop/reporting``."""
    return environment().get_template(template).render(context)


def text(value: object, limit: int = MAX_TEXT) -> str:
    """Return a value as text without control and bidirectional characters, cut to `limit`.

    Escaping is left to Jinja.
    """
    visible = "".join(map(_visible, str(value)[: limit * 2]))
    return visible if len(visible) <= limit else f"{visible[: limit - 1].rstrip()}…"


def name(value: object, limit: int = 120) -> Markup:
    """Return the name of a column, category or model, isolated from the text direction around."""
    return Markup("<bdi>{}</bdi>").format(text(value, limit))


def sentence(value: object, limit: int = MAX_TEXT) -> Markup:
    """Return a sentence in which what stands between backticks is shown as a name."""
    parts = text(value, limit).split("`")
    if len(parts) % 2 == 0:  # a name with a backtick of its own
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    code = Markup("<code><bdi>{}</bdi></code>")
    return Markup("").join(code.format(part) if i % 2 else part for i, part in enumerate(parts))


def lines(of_message: Sequence[Line]) -> Markup:
    """Return lines of a message as HTML."""
    return Markup(lines_html(of_message))  # noqa: S704 - lines_html escapes


def labelled(rows: Markup, heads: Sequence[str]) -> Markup:
    """Return the rows of a table whose cells bear the heads of their columns as `data-head`.

    The first column is a heading itself.
    """
    parts = []
    for row in str(rows).split("<tr"):
        cells = _CELL.split(row)
        later = zip(heads[1:], cells[1:], strict=False)
        parts.append(cells[0] + "".join(f'<td data-head="{head}"{cell}' for head, cell in later))
    return Markup("<tr".join(parts))  # noqa: S704 - a template wrote and escaped it


def safe_address(address: str) -> str | None:
    """Return an address that leads to a page, None for one that could run code."""
    leads = address.startswith(_SAFE_SCHEMES) or _LOCAL_ADDRESS.fullmatch(address)
    return address if leads else None


@cache
def environment() -> Environment:
    """Return the templates of this package, with the filters and functions that they use."""
    environment = Environment(
        loader=PackageLoader("driftloop.reporting", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else text(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        text,
        name,
        sentence,
        lines,
        labelled,
        safe_address,
        format_time,
        format_p,
        format_share,
        score,
    )
    environment.filters.update({function.__name__: function for function in filters})
    environment.filters["metric_name"] = metric_name
    functions = (count, interval, duration, number, scored, score_text, shown_ends)
    environment.globals.update({function.__name__: function for function in functions})
    environment.globals["outcome_styles"] = OUTCOME_STYLES
    return environment


def _visible(character: str) -> str:
    blanks = {"Cf": "", "Cs": "", "Cc": " ", "Zl": " ", "Zp": " "}
    return blanks.get(unicodedata.category(character), character)
