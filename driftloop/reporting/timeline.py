"""A model's history in a few lines of text, one column per run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from driftloop.alerts.messages.formats.sparkline import LEVELS
from driftloop.alerts.messages.wording import number
from driftloop.decision.outcome import OUTCOME_STYLES, Tone
from driftloop.reporting.run_report.past_runs import History, RunPoint

LABEL = 10
_CELL = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a history: its label, its characters, and the tone of each character, if any."""

    label: str
    text: str
    tones: tuple[Tone | None, ...] = ()


def timeline(history: History, width: int = 80) -> tuple[Line, ...]:
    """Return the lines of the newest runs that fit into `width` characters."""
    room = max(width - LABEL, 10)
    runs = history.runs[-room:]
    cell = _CELL if len(runs) * _CELL <= room else 1
    lines = (
        Line("", _months(runs, cell)),
        _outcomes(runs, cell),
        Line("score", _spread((_levels(runs)), cell)),
        Line("version", _versions(runs, cell)),
        Line("changed", _spread(_moved(history, runs), cell)),
        Line("incident", _spread(_incidents(history, runs), cell, fill=True)),
    )
    return tuple(line for line in lines if line.text.strip() or line.label in ("runs", "score"))


def score_range(runs: Iterable[RunPoint]) -> str:
    """Return the range of the scores, and the newest of them."""
    known = [run for run in runs if run.score is not None]
    scores = [run.score for run in known if run.score is not None]
    if not scores:
        return "no score yet: labels are missing"
    last, metric = number(scores[-1]), known[-1].metric
    return f"{metric} {number(min(scores))} to {number(max(scores))}, last {last}"


def _outcomes(runs: tuple[RunPoint, ...], cell: int) -> Line:
    signs = [OUTCOME_STYLES[run.outcome].sign for run in runs]
    tones: list[Tone | None] = []
    for run in runs:
        tones += [OUTCOME_STYLES[run.outcome].tone, *[None] * (cell - 1)]
    return Line("runs", _spread(signs, cell), tuple(tones))


def _months(runs: tuple[RunPoint, ...], cell: int) -> str:
    """Mark the first run of each month, if there is room between the marks."""
    places = [
        (place * cell, _month(run.as_of))
        for place, run in enumerate(runs)
        if place == 0 or (run.as_of.month != runs[place - 1].as_of.month)
    ]
    return _placed(places)


def _month(moment: datetime) -> str:
    return f"{moment:%Y}" if moment.month == 1 else f"{moment:%b}"


def _versions(runs: tuple[RunPoint, ...], cell: int) -> str:
    changed = [
        (place * cell, f"v{run.champion[:12]}")
        for place, run in enumerate(runs)
        if run.champion and (place == 0 or run.champion != runs[place - 1].champion)
    ]
    return _placed(changed)


def _placed(marks: list[tuple[int, str]]) -> str:
    line = ""
    for place, mark in marks:
        if not line or place > len(line):
            line = line.ljust(place) + mark
    return line


def _levels(runs: tuple[RunPoint, ...]) -> list[str]:
    """Return one level per run, scaled from the lowest to the highest score; blank without one."""
    scores = [run.score for run in runs if run.score is not None]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    span = high - low

    def level(score: float | None) -> str:
        if score is None:
            return " "
        return LEVELS[round((score - low) / span * (len(LEVELS) - 1)) if span else 3]

    return [level(run.score) for run in runs]


def _moved(history: History, runs: tuple[RunPoint, ...]) -> list[str]:
    def moved(place: int) -> bool:
        before = runs[place - 1].as_of if place else None
        here = runs[place].as_of
        return any(
            move.as_of == here or (before is not None and before < move.as_of < here)
            for move in history.moves
        )

    return _marked(runs, "★", moved)


def _incidents(history: History, runs: tuple[RunPoint, ...]) -> list[str]:
    def going_on(place: int) -> bool:
        here = runs[place].as_of
        return any(
            incident.start <= here and (incident.end is None or here <= incident.end)
            for incident in history.incidents
        )

    return _marked(runs, "━", going_on)


def _marked(runs: tuple[RunPoint, ...], mark: str, where: Callable[[int], bool]) -> list[str]:
    return [mark if where(place) else " " for place in range(len(runs))]


def _spread(signs: list[str], cell: int, fill: bool = False) -> str:
    """Give every sign its column; with `fill`, equal neighbours are joined."""
    line = ""
    for place, sign in enumerate(signs):
        joined = fill and place + 1 < len(signs) and signs[place + 1] == sign
        line += sign + (sign if joined else " ") * (cell - 1)
    return line.rstrip()
