"""Printing on standard output: one JSON object, or a record as people read it."""

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.base.serialize import printed_json
from driftloop.decision.outcome import OUTCOME_STYLES, Outcome, Tone
from flows.cli.session import plain_console, results

COLOURS = {
    "ok": "green",
    "warning": "yellow",
    "drift": "red",
    "inconclusive": "magenta",
    "failed": "red",
    "broken": "red",
    "fell": "red",
    "falling": "yellow",
    "lost": "yellow",
    "small": "cyan",
    "unclear": "yellow",
}


TONES: dict[Tone, str] = {
    "bad": "red",
    "warn": "yellow",
    "blind": "magenta",
    "good": "green",
    "plain": "dim",
}


def show_result(
    record: Any, view: Callable[[Any], Iterable[RenderableType] | str], json: bool
) -> None:
    """Print the result of a command; a view that is a text is printed as it is."""
    with results():
        if json:
            print(printed_json(record))
            return
        parts = view(record)
        if isinstance(parts, str):
            print(parts, end="")
        else:  # a path is copied whole
            plain_console().print(Group(*parts), crop=False)


def sentence_view(record: Any) -> Iterable[RenderableType]:
    """Yield the sentence of a record."""
    yield record.sentence


def empty_table(*columns: str, wrapped: str = "", header_style: str = "dim") -> Table:
    """Return a table without rows; only the column `wrapped` may break its lines."""
    table = Table(box=None, pad_edge=False, header_style=header_style)
    for column in columns:
        table.add_column(column, no_wrap=column != wrapped)
    return table


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=COLOURS.get(status, ""))


def outcome_text(outcome: Outcome, words: str | None = None) -> Text:
    """Return a run's outcome, or its headline given as `words`, in the colour of the outcome."""
    style = OUTCOME_STYLES[outcome]
    return Text(words or style.word, style=TONES[style.tone])


def score_text(score: float, better: bool = False, worse: bool = False) -> Text:
    """Return a score with three decimals, a dash where it is undefined."""
    if score != score:
        return Text("-", style="dim")
    return Text(f"{score:.3f}", style="green" if better else "red" if worse else "")
