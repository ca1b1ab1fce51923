"""Small pieces that several sections and pages share."""

from collections.abc import Iterable

from driftloop.alerts.links import Links
from driftloop.alerts.messages.formats.mrkdwn import Look as Attributes
from driftloop.alerts.messages.formats.mrkdwn import mrkdwn_html
from driftloop.base.records import QualityFinding
from driftloop.decision.outcome import OUTCOME_STYLES, Outcome, Tone
from driftloop.reporting.html.markup import Drawing, Element, Node, el, name, table, text, told

_MRKDWN: Attributes = {}
_STATUSES: dict[str, tuple[str, str, Tone]] = {
    "ok": ("✓", "as before", "good"),
    "warning": ("!", "close to a limit", "warn"),
    "drift": ("▲", "drifted", "bad"),
    "inconclusive": ("?", "not judged", "blind"),
    "failed": ("✖", "failed", "bad"),
    "passed": ("✓", "passed", "good"),
    "refused": ("✖", "refused", "bad"),
    "not_run": ("?", "could not run", "blind"),
    "fell": ("▼", "fell", "bad"),
    "unclear": ("!", "unclear", "warn"),
    "holds": ("✓", "holds", "good"),
}


def badge(sign: str, word: str, tone: Tone) -> Element:
    """Return a sign and a word in a tone; the sign is not read aloud."""
    mark = el("span", sign, class_="sign", aria_hidden="true")
    return el("span", mark, f" {word}", class_=f"badge {tone}")


def status_badge(status: str) -> Element:
    """Return the badge of a status; one that is not known is told as not judged."""
    return badge(*_STATUSES.get(status, ("?", status, "blind")))


def outcome_badge(outcome: Outcome) -> Element:
    """Return the badge of how a run ended."""
    look = OUTCOME_STYLES[outcome]
    return badge(look.sign, look.word, look.tone)


def mrkdwn(told_text: str) -> Node:
    """Return a paragraph of escaped mrkdwn, as messages hold it, as HTML."""
    return Drawing(mrkdwn_html(told_text, _MRKDWN))


def check_table(checks: Iterable[QualityFinding]) -> Element:
    """Return the checks with their column, status and sentence."""
    rows = (
        (
            text(check.check.replace("_", " "), 60),
            name(check.column) if check.column is not None else el("span", "all", class_="dim"),
            status_badge(check.status),
            el("span", *told(check.sentence)),
        )
        for check in checks
    )
    return table("Checks that did not pass", ("check", "column", "status", "what was seen"), rows)


def figure(drawn: str, broad: bool = False) -> Element:
    """Return a picture; a broad one keeps its size on a phone and scrolls from its newest end."""
    if not broad:
        return el("figure", Drawing(drawn))
    return el(
        "figure", Drawing(drawn), class_="broad", tabindex=0, role="group", aria_label="Picture"
    )


def link_list(links: Links, own: bool = False) -> Element | None:
    """Return the addresses there are as a list, or None; `own` leaves out the report."""
    named = (
        (links.prefect_run, "Prefect run"),
        (links.mlflow_run, "MLflow run"),
        (links.model_version, "Model version"),
        (None if own else links.report, "Report"),
    )
    shown = [el("li", el("a", label, href=address)) for address, label in named if address]
    return el("ul", *shown, class_="links") if shown else None
