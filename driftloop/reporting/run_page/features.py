"""The features of a report: those that moved with pictures, the others in a table."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from driftloop.alerts.messages.wording import count, number
from driftloop.base.records import Finding, Shape, Status
from driftloop.drift.ranking import by_severity
from driftloop.profiling.effect_sizes import EFFECT_LABELS
from driftloop.profiling.finding_text import format_share
from driftloop.reporting.html.markup import Element, Node, el, group, name, table, text, told
from driftloop.reporting.html.parts import figure, status_badge
from driftloop.reporting.run_page.source import ReportInput, gravest_statuses, pictured

MOST_ROWS = 1000
_MOST_NEW = 8
_OPEN = 20
_SHORT = 240


def features_section(source: ReportInput) -> Node:
    """Return the ranked features, the first ones with both distributions drawn over each other."""
    record = source.record
    if not record.findings:
        said = el("p", "No feature was tested.", class_="dim")
        return el("section", el("h2", "Features"), said, id="features")
    drawn = pictured(record)
    grave, pictures = gravest_statuses(record), source.pictures.features
    cards = [
        _card(one, shape, grave[one.name], _beside(one, record.findings), pictures.get(place))
        for place, (one, shape) in enumerate(drawn)
    ]
    shown = {finding.name for finding, _ in drawn}
    moved = sum(grave[finding.name] != "ok" for finding, _ in drawn)
    rest = [one for one in by_severity(record.findings) if one.name not in shown]
    return el(
        "section",
        el("h2", "Features"),
        el("p", _summary(record.findings)),
        _legend() if cards else None,
        el("div", *cards[:moved], class_="cards") if moved else None,
        _calm(cards[moved:]) if cards[moved:] else None,
        *_rest(rest),
        id="features",
    )


def _summary(findings: Iterable[Finding]) -> str:
    features = [finding for finding in findings if finding.role == "feature"]
    every = len({feature.name for feature in features})
    drifted = len({feature.name for feature in features if feature.status == "drift"})
    return (
        f"{drifted} of {count(every, 'feature')} drifted. First what drifted, then by how much the "
        "change matters: the effect in floors, times the champion's importance."
    )


def _calm(cards: list[Element]) -> Element:
    title = f"{count(len(cards), 'picture')} of what looks as before"
    return el("details", el("summary", title), el("div", *cards, class_="cards"))


def _legend() -> Element:
    return el(
        "p",
        el("span", el("span", class_="swatch before"), " reference"),
        el("span", el("span", class_="swatch now"), " this window"),
        class_="key small",
    )


def _card(
    finding: Finding, shape: Shape, grave: Status, beside: list[Finding], drawn: str | None
) -> Element:
    others = [el("p", status_badge(one.status), " ", *told(one.sentence)) for one in beside]
    role = "" if finding.role == "feature" else f" ({finding.role})"
    return el(
        "article",
        el("h3", name(finding.name), role, " ", status_badge(grave)),
        el("p", *told(finding.sentence)),
        *others,
        _new_categories(finding),
        figure(drawn) if drawn else None,
        el("p", text(_small_print(finding)), class_="small dim"),
        _numbers(shape, finding.new_categories),
        class_="card",
    )


def _beside(finding: Finding, findings: Iterable[Finding]) -> list[Finding]:
    """Return what else was found of a column, such as its missing values, if it moved."""
    return [
        one
        for one in findings
        if one.name == finding.name and one is not finding and one.status != "ok"
    ]


def _new_categories(finding: Finding) -> Node:
    new = finding.new_categories
    if not new:
        return None
    shown: list[Node] = []
    for one in new[:_MOST_NEW]:
        shown += [el("mark", name(one, 40)), " "]
    more = f"and {len(new) - _MOST_NEW} more" if len(new) > _MOST_NEW else ""
    return el("p", el("strong", "Never seen before: "), *shown, more)


def _small_print(finding: Finding) -> str:
    parts = []
    if finding.effect_size is not None:
        label = EFFECT_LABELS.get(finding.effect, finding.effect)
        learned = " (learned)" if finding.learned_floor else ""
        floor = f", floor {number(finding.effect_floor)}{learned}" if finding.effect_floor else ""
        parts.append(f"{label} {number(finding.effect_size)}{floor}")
    if finding.p_adjusted is not None:
        parts.append(f"{finding.test}, adjusted p {finding.p_adjusted:.2g}")
    if finding.importance is not None:
        parts.append(f"importance {format_share(finding.importance)}")
    if finding.unconfirmed:
        parts.append("not confirmed by enough runs yet")
    parts.append(f"{finding.rows_current:,} against {finding.rows_reference:,} values")
    return " · ".join(parts)


def _numbers(shape: Shape, new: Sequence[str]) -> Element:
    """Return the picture as a table, for those who do not see it and for exact shares."""
    fresh = {one[:80] for one in new}
    labels: list[Node] = (
        [_category(label, label in fresh) for label in shape.labels]
        if shape.labels
        else [f"{_edge(low)} to {_edge(high)}" for low, high in _pairs(shape.edges)]
    )
    rows = [
        (label, format_share(before), format_share(now))
        for label, before, now in zip(labels, shape.reference, shape.current, strict=False)
    ]
    first = "category" if shape.labels else "from and to"
    made = table("Shares of rows", (first, "reference", "this window"), rows, hide=True)
    return el("details", el("summary", "Shares in numbers", class_="small"), made)


def _category(label: str, new: bool) -> Node:
    if not new:
        return name(label, 80)
    return el("span", name(label, 80), " ", el("mark", "new"))


def _pairs(edges: Sequence[float]) -> Iterable[tuple[float, float]]:
    return pairwise(edges)


def _edge(value: float) -> str:
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1_000_000 else f"{value:.4g}"


def _rest(findings: list[Finding]) -> tuple[Node, ...]:
    """Return what has no picture: what moved or was not judged, then what looks as before."""
    moved = [finding for finding in findings if finding.status != "ok"]
    calm = [finding for finding in findings if finding.status == "ok"]
    return (
        _results(moved, "moved or not judged", open_=len(moved) <= _OPEN),
        _results(calm, "as before", open_=False),
    )


def _results(findings: list[Finding], what: str, open_: bool) -> Node:
    if not findings:
        return None
    rows = (
        (
            el(
                "span",
                name(finding.name, 80),
                "" if finding.role == "feature" else f" ({finding.role})",
            ),
            status_badge(finding.status),
            el("span", number(finding.effect_size), class_="number"),
            "" if finding.p_adjusted is None else f"{finding.p_adjusted:.2g}",
            el("span", *told(finding.sentence, _SHORT)),
        )
        for finding in findings[:MOST_ROWS]
    )
    heads = ("feature", "status", "effect", "adjusted p", "what changed")
    title = f"{count(len(findings), 'more result')}, {what}"
    left = len(findings) - MOST_ROWS
    note = f"{left:,} more are in record.json of this run."
    said = el("p", note, class_="dim") if left > 0 else None
    inner = table(title, heads, rows, hide=True)
    return el("details", el("summary", title), *group(inner, said), open=open_)
