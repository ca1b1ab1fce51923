"""The strip of past runs: a cell a run, as a row of builds is shown."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from driftloop.alerts.messages.wording import count, interval, number
from driftloop.base.periods import format_time
from driftloop.decision.outcome import OUTCOME_STYLES, Outcome
from driftloop.promotion.ledger import MOVES, Entry
from driftloop.reporting.html.markup import Element, Node, el, table, text
from driftloop.reporting.html.parts import outcome_badge
from driftloop.reporting.run_page.past import Episode, RunPoint, point_of_record
from driftloop.reporting.run_page.source import ReportInput

MOST_CELLS = 60


class Looked(Protocol):
    """A run that looked from a moment and ended somehow."""

    @property
    def as_of(self) -> datetime:
        """The moment."""

    @property
    def outcome(self) -> Outcome:
        """How it ended."""


def history_section(source: ReportInput) -> Node:
    """Return the strip of the newest runs up to this one, its key, and the same as a table."""
    here = point_of_record(source.run_id, source.record)
    points = (*source.past, here)[-MOST_CELLS:]
    cells = [_cell(point, mark) for point, mark in zip(points, _marks(points, source), strict=True)]
    told = strip_sentence(points)
    return el(
        "section",
        el("h2", "Past runs"),
        el("p", told),
        el("ol", *cells, class_="strip", aria_label=told),
        el("p", *_key(points), class_="key small", aria_hidden="true"),
        _table(points, source.ledger),
        id="history",
    )


def strip_sentence(points: Iterable[Looked]) -> str:
    """Return what a strip shows, in words: how many runs ended how, and since when."""
    every = tuple(points)
    found = Counter(looked.outcome for looked in every)
    parts = [
        f"{found[outcome]} {OUTCOME_STYLES[outcome].word}"
        for outcome in OUTCOME_STYLES
        if found[outcome]
    ]
    since = f" since {format_time(every[0].as_of)}" if every else ""
    return f"{count(len(every), 'run')}{since}: {', '.join(parts) or 'none yet'}."


def point_line(point: RunPoint) -> str:
    """Return a run in a line of plain text."""
    parts = [format_time(point.as_of), OUTCOME_STYLES[point.outcome].word]
    if point.score is not None and point.metric:
        parts.append(f"{point.metric} {number(point.score)}{interval(point.low, point.high)}")
    if point.champion:
        parts.append(f"version {point.champion}")
    return ", ".join(parts)


def moves_between(ledger: Iterable[Entry], points: tuple[RunPoint, ...]) -> dict[int, list[Entry]]:
    """Return the moves of the champion by the place of the newest run they are not after."""
    found: dict[int, list[Entry]] = {}
    for entry in ledger:
        if entry.kind not in MOVES:
            continue
        places = [place for place, point in enumerate(points) if point.as_of >= entry.as_of]
        if places and (places[0] > 0 or points[0].as_of == entry.as_of):
            found.setdefault(places[0], []).append(entry)
    return found


def _marks(points: tuple[RunPoint, ...], source: ReportInput) -> list[tuple[bool, bool]]:
    """Return for each run whether an incident went on, and whether the champion changed."""
    moved = moves_between(source.ledger, points)
    return [
        (_in_incident(source.episodes, point), place in moved) for place, point in enumerate(points)
    ]


def _in_incident(episodes: Iterable[Episode], point: RunPoint) -> bool:
    return any(episode.covers(point.as_of) for episode in episodes)


def _cell(point: RunPoint, marks: tuple[bool, bool]) -> Element:
    look = OUTCOME_STYLES[point.outcome]
    incident, moved = marks
    said = point_line(point)
    said += ", in an incident" if incident else ""
    said += ", the champion changed" if moved else ""
    star = el("span", "★", class_="star", aria_hidden="true") if moved else None
    return el(
        "li",
        el("span", look.sign, class_="sign", aria_hidden="true"),
        star,
        el("span", text(said), class_="unseen"),
        class_=f"{look.tone}{' incident' if incident else ''}",
        title=text(said),
    )


def _key(points: Iterable[RunPoint]) -> list[Node]:
    shown: set[Outcome] = {point.outcome for point in points}
    parts: list[Node] = []
    for outcome, look in OUTCOME_STYLES.items():
        if outcome in shown:
            mark = el("span", look.sign, class_=f"sign chip {look.tone}")
            parts.append(el("span", mark, f" {look.word}"))
    parts.append(el("span", el("span", "★", class_="chip plain"), " champion changed"))
    parts.append(el("span", el("span", " ", class_="chip plain incident"), " incident open"))
    return parts


def _table(points: tuple[RunPoint, ...], ledger: tuple[Entry, ...]) -> Element:
    moved = moves_between(ledger, points)
    rows = [
        (
            format_time(point.as_of),
            outcome_badge(point.outcome),
            text(point.action or "none", 40),
            _scored(point),
            text(point.champion, 40),
            el("code", text(point.rev[:10])) if point.rev else "",
            "; ".join(
                f"{one.kind.replace('_', ' ')} {one.version}" for one in moved.get(place, ())
            ),
        )
        for place, point in enumerate(points)
    ]
    heads = ("run", "verdict", "action", "score", "version", "data", "champion changed")
    inner = table("Past runs, the newest first", heads, reversed(rows), hide=True)
    return el("details", el("summary", "All runs as a table"), inner)


def _scored(point: RunPoint) -> str:
    if point.score is None:
        return "no labels"
    return number(point.score) + interval(point.low, point.high)
