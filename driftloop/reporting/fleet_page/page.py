"""One page for all models: a table to sort, search and filter, readable without JavaScript too."""

from collections.abc import Sequence
from datetime import datetime

from driftloop.alerts.messages.wording import count, interval, lasted, number
from driftloop.base.periods import format_time
from driftloop.decision.outcome import OUTCOME_STYLES, Outcome, Tone
from driftloop.reporting.fleet_page.rows import ModelRow, fleet_sentence, gravest_first
from driftloop.reporting.fleet_page.style import SCRIPT, STYLE
from driftloop.reporting.html.markup import Drawing, Element, Node, el, group, name, page, text
from driftloop.reporting.html.parts import badge, outcome_badge
from driftloop.reporting.html.theme import style_of

_WIDTH, _HEIGHT, _EDGE = 96.0, 26.0, 3.0
_HEADS = (
    ("model", "Model"),
    ("verdict", "Verdict"),
    ("score", "Score"),
    ("incident", "Incident"),
    ("champion", "Champion"),
    ("run", "Last run"),
    ("data", "Data"),
    ("links", "Links"),
)
_HOVER = 160
_SEVERITIES = {"info": 1, "warning": 2, "page": 3}


def dashboard_page(rows: Sequence[ModelRow], now: datetime) -> str:
    """Return the page; `now` is the moment that ages are counted up to."""
    ordered = gravest_first(rows)
    told = fleet_sentence(ordered)
    head = el("tr", *(_head(key, label) for key, label in _HEADS))
    body = [_row(row, place, now) for place, row in enumerate(ordered)]
    made = el(
        "table",
        el("caption", "All models, those that need somebody first", class_="unseen"),
        el("thead", head),
        el("tbody", *body),
        id="models",
    )
    top = el(
        "header",
        el("h1", "driftloop"),
        el("p", told, class_="sum"),
        el("p", f"As of {format_time(now)} UTC. All times are UTC.", class_="small dim"),
    )
    region = el("div", made, class_="wide", tabindex=0, role="region", aria_label="All models")
    main = el("main", _tools(ordered), *group(region))
    return page("driftloop: all models", style_of(STYLE), top, main, script=SCRIPT)


def trend(scores: Sequence[float | None], metric: str | None) -> Element | None:
    """Return the scores as a small line with words for it, or None where there are none."""
    known = [(place, score) for place, score in enumerate(scores) if score is not None]
    if not known:
        return None
    values = [score for _, score in known]
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = (_WIDTH - 2 * _EDGE) / max(len(scores) - 1, 1)
    spots = [
        (_EDGE + place * step, _HEIGHT - _EDGE - (score - low) / span * (_HEIGHT - 2 * _EDGE))
        for place, score in known
    ]
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in spots)
    end_x, end_y = spots[-1]
    words = (
        f"{metric or 'score'} of {count(len(values), 'run')}: {number(values[0])} to "
        f"{number(values[-1])}, between {number(min(values))} and {number(max(values))}"
    )
    shape = f'<polyline points="{line}"/><circle cx="{end_x:.0f}" cy="{end_y:.0f}" r="2.6"/>'
    return el(
        "svg",
        el("title", text(words)),
        Drawing(shape),
        class_="trend",
        role="img",
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
    )


def _head(key: str, label: str) -> Element:
    if key == "links":
        return el("th", label, scope="col")
    mark = el("span", class_="arrow", aria_hidden="true")
    button = el("button", label, mark, type="button", data_key=key)
    return el("th", button, scope="col", aria_sort="none")


def _tools(rows: Sequence[ModelRow]) -> Element:
    """Return search and filters; they are shown where JavaScript runs."""
    present = [outcome for outcome in OUTCOME_STYLES if any(row.outcome == outcome for row in rows)]
    verdicts = [el("option", OUTCOME_STYLES[one].word, value=one) for one in present]
    return el(
        "form",
        el("label", "Search ", el("input", type="search", id="search", autocomplete="off")),
        el(
            "label",
            "Verdict ",
            el("select", el("option", "all", value=""), *verdicts, id="verdict"),
        ),
        el("label", el("input", type="checkbox", id="incident"), " open incident"),
        el("label", el("input", type="checkbox", id="unwatched"), " not watched"),
        el("output", id="shown", aria_live="polite", class_="dim small"),
        class_="tools",
        hidden=True,
        role="search",
    )


def _row(row: ModelRow, place: int, now: datetime) -> Element:
    keys: dict[str, str | int] = {
        "data_verdict": row.outcome,
        "data_rank": place,
        "data_grave": _grave(row.outcome),
        "data_score": "" if row.score is None else f"{row.score:.6g}",
        "data_incident": _SEVERITIES.get(row.incident_severity or "", 0),
        "data_champion": "" if row.promoted_at is None else f"{row.promoted_at.timestamp():.0f}",
        "data_run": "" if row.as_of is None else f"{row.as_of.timestamp():.0f}",
        "data_data": (row.rev or "")[:10],
        "data_unwatched": int(row.unwatched),
    }
    rev: Node = el("code", text(row.rev[:10])) if row.rev else el("span", "none", class_="dim")
    cells = (
        _verdict(row),
        _score(row),
        _incident(row, now),
        _champion(row, now),
        _last_run(row, now),
        (rev,),
        _links(row),
    )
    told = [el("td", *said) for said in cells]
    first = el("th", name(row.model, 63), scope="row")
    return el("tr", first, *told, **keys)


def _grave(outcome: Outcome) -> int:
    return list(OUTCOME_STYLES).index(outcome)


def _verdict(row: ModelRow) -> tuple[Node, ...]:
    if row.problem is not None:
        mark = badge("✖", "cannot be looked at", "bad")
        return mark, el("p", text(row.problem, 300), class_="small")
    if not row.sentence:
        return (outcome_badge(row.outcome),)
    sentence = row.sentence.replace("`", "")
    said = el("p", text(sentence, 300), class_="small")
    why = el("details", el("summary", "why", class_="small"), said)
    return el("span", outcome_badge(row.outcome), title=text(sentence, _HOVER)), " ", why


def _score(row: ModelRow) -> tuple[Node, ...]:
    if row.score is None:
        drawn = trend(row.scores, row.metric)
        return group(drawn, el("span", "no labels yet", class_="dim small"))
    held = el("span", number(row.score), class_="number")
    edge = interval(row.low, row.high).strip()
    under = el("span", f"{text(row.metric or '', 30)} {edge}", class_="dim small block")
    return el("div", trend(row.scores, row.metric), held, class_="held"), under


def _incident(row: ModelRow, now: datetime) -> tuple[Node, ...]:
    since = row.incident_since
    if since is None:
        return (el("span", "none", class_="dim"),)
    tone: Tone = "bad" if row.incident_severity in ("page", "warning") else "warn"
    sign = {"page": "▲▲", "warning": "▲"}.get(row.incident_severity or "", "!")
    long = f"since {since:%Y-%m-%d} ({lasted(since, now)})"
    mark = badge(sign, text(row.incident_severity or "open", 20), tone)
    return mark, el("span", long, class_="small block")


def _champion(row: ModelRow, now: datetime) -> tuple[Node, ...]:
    if row.champion is None:
        return (el("span", "none", class_="dim"),)
    age = f", {lasted(row.promoted_at, now)}" if row.promoted_at is not None else ""
    said = el("span", f"v{text(row.champion, 20)}{age}", class_="number")
    return group(
        said, el("span", text(row.move, 120), class_="dim small block") if row.move else None
    )


def _last_run(row: ModelRow, now: datetime) -> tuple[Node, ...]:
    if row.as_of is None:
        return (el("span", "never", class_="dim"),)
    ago = el("span", f"{lasted(row.as_of, now)} ago", class_="number")
    late = badge("!", "stale", "warn") if row.stale else None
    return group(ago, late, el("span", format_time(row.as_of), class_="dim small block"))


def _links(row: ModelRow) -> tuple[Node, ...]:
    every = (("Report", row.report), *row.links)
    shown: list[Node] = []
    for label, address in every:
        if address:
            shown += [
                el("a", label, href=address),
                " ",
            ]
    return tuple(shown) or (el("span", "none", class_="dim"),)
