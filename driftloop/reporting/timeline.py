"""A model's history in a few lines of text, one column per run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from driftloop.alerts.messages.formats.sparkline import LEVELS
from driftloop.alerts.messages.wording import number
from driftloop.base.scores import metric_name, shown
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
    scores = [(run.metric, shown(run.metric, run.score)) for run in runs if run.score is not None]
    if not scores:
        return "no score yet: labels are missing"
    values = [score for _, score in scores]
    metric, last = scores[-1]
    low, high = number(min(values)), number(max(values))
    return f"{metric_name(metric, begins=True)} {low} to {high}, last {number(last)}"


def _outcomes(runs: tuple[RunPoint, ...], cell: int) -> Line:
    signs = [OUTCOME_STYLES[run.outcome].sign for run in runs]
    tones: list[Tone | None] = []
    for run in runs:
        tones += [OUTCOME_STYLES[run.outcome].tone, *[None] * (cell - 1)]
    return Line("runs", _spread(signs, cell), tuple(tones))


def _months(runs: tuple[RunPoint, ...], cell: int) -> str:
    """Mark the first run of each month, if there is room between the marks."""
    months = [f"{run.as_of:%Y}" if run.as_of.month == 1 else f"{run.as_of:%b}" for run in runs]
    return _placed(_changes(months, cell))


def _versions(runs: tuple[RunPoint, ...], cell: int) -> str:
    return _placed(_changes([run.champion and f"v{run.champion[:12]}" for run in runs], cell))


def _changes(marks: list[str], cell: int) -> list[tuple[int, str]]:
    """Return the marks that differ from the one before, with their places on the line."""
    before = ["", *marks]
    return [
        (place * cell, mark) for place, mark in enumerate(marks) if mark and mark != before[place]
    ]


def _placed(marks: list[tuple[int, str]]) -> str:
    line = ""
    for place, mark in marks:
        if not line or place > len(line):
            line = line.ljust(place) + mark
    return line


def _levels(runs: tuple[RunPoint, ...]) -> list[str]:
    """Return one level per run, scaled from the lowest to the highest score; blank without one."""
    scores = [shown(run.metric, run.score) for run in runs]
    known = [score for score in scores if score is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = high - low

    def level(score: float | None) -> str:
        if score is None:
            return " "
        return LEVELS[round((score - low) / span * (len(LEVELS) - 1)) if span else 3]

    return [level(score) for score in scores]


def _moved(history: History, runs: tuple[RunPoint, ...]) -> list[str]:
    moments = [run.as_of for run in runs]

    def moved(place: int) -> bool:
        before, moment = moments[place - 1] if place else None, moments[place]
        return any(
            move.as_of == moment or (before is not None and before < move.as_of < moment)
            for move in history.moves
        )

    return _marked(runs, "★", moved)


def _incidents(history: History, runs: tuple[RunPoint, ...]) -> list[str]:
    def in_incident(place: int) -> bool:
        return any(incident.covers(runs[place].as_of) for incident in history.incidents)

    return _marked(runs, "━", in_incident)


def _marked(runs: tuple[RunPoint, ...], mark: str, where: Callable[[int], bool]) -> list[str]:
    return [mark if where(place) else " " for place in range(len(runs))]


def _spread(signs: list[str], cell: int, fill: bool = False) -> str:
    """Give every sign its column; with `fill`, equal neighbours are joined."""
    line = ""
    for place, sign in enumerate(signs):
        joined = fill and place + 1 < len(signs) and signs[place + 1] == sign
        line += sign + (sign if joined else " ") * (cell - 1)
    return line.rstrip()
