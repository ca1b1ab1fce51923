"""Worth of the predictions in money, cost of the trouble, and gain of a promotion."""

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from driftloop.base.findings import LOST, Performance
from driftloop.base.scores import number
from driftloop.base.tags import PastRun
from driftloop.decision.payoff import runs_apart


class WindowWorth(NamedTuple):
    """What a window was worth in sentences, and in a few words what was lost or brought since.

    None where nothing says so.
    """

    worth: str | None = None
    balance: str | None = None


def worth_of(
    performance: Performance,
    champion: str,
    history: tuple[PastRun, ...],
    as_of: datetime,
    currency: str,
) -> WindowWorth:
    """Return what the predictions of a window were worth.

    With it what performance has cost since it fell, by the last window before; or else what the
    champion has brought, by the last labelled window of the version before it. `history` has
    earlier runs, newest first.
    """
    value = performance.value
    if value is None:
        return WindowWorth()
    unit = f" {currency}" if currency else ""
    sentence = f"A row was worth {number(value)}{unit}, the {performance.rows:,} labelled rows "
    sentence += f"{number(value * performance.rows)}{unit}."
    change = _change(performance, champion, history, as_of, unit)
    if change is None:
        return WindowWorth(sentence)
    return WindowWorth(sentence + change.sentence, change.words)


class _Change(NamedTuple):
    """What was lost or gained against rows before, in a sentence and in a few words."""

    sentence: str
    words: str


def _change(
    performance: Performance,
    champion: str,
    history: tuple[PastRun, ...],
    as_of: datetime,
    unit: str,
) -> _Change | None:
    valued = [run for run in history if run.kind == "monitor" and run.value is not None]
    runs = runs_apart(performance, valued, as_of)
    if performance.status in LOST:
        return _cost(performance, runs, as_of, unit)
    return _gain(performance, champion, runs, unit)


def _cost(
    performance: Performance, runs: tuple[PastRun, ...], as_of: datetime, unit: str
) -> _Change | None:
    during = tuple(takewhile(lambda run: run.performance in LOST, runs))
    if len(during) == len(runs):
        return None
    before, windows = runs[len(during)].value, 1 + len(during)
    lost = -_more(performance, during, before)
    if lost <= 0:
        return None
    since = during[-1].as_of if during else as_of
    over = f"in {windows} windows" if windows > 1 else "in this window"
    sentence = (
        f" Since the run of {since:%Y-%m-%d}, when performance fell, that is {number(lost)}{unit} "
        f"less {over} than at the {number(before)}{unit} a row of the last window before."
    )
    return _Change(sentence, f"cost {number(lost)}{unit} since {since:%Y-%m-%d}")


def _gain(
    performance: Performance, champion: str, runs: tuple[PastRun, ...], unit: str
) -> _Change | None:
    during = tuple(takewhile(lambda run: run.champion == champion, runs))
    if len(during) == len(runs):
        return None
    before, windows = runs[len(during)], 1 + len(during)
    gained = _more(performance, during, before.value)
    over = f"{windows} windows" if windows > 1 else "window"
    more, did = ("more", "brought") if gained >= 0 else ("less", "cost")
    amount = f"{number(abs(gained))}{unit}"
    sentence = (
        f" In the {over} that version {champion} has served, that is {amount} "
        f"{more} than at the {number(before.value)}{unit} a row of the last window of version "
        f"{before.champion}."
    )
    return _Change(sentence, f"version {champion} {did} {amount}")


def _more(performance: Performance, during: Iterable[PastRun], before: float | None) -> float:
    """Return by how much this window and those of `during` were worth more than rows before."""
    windows = [(performance.value, performance.rows), *((run.value, run.rows) for run in during)]
    return sum(((value or 0.0) - (before or 0.0)) * rows for value, rows in windows)
