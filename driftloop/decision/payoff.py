"""Payoff of retraining, and how long the calendar waits where there is none."""

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from driftloop.base.findings import Performance
from driftloop.base.scores import named_score
from driftloop.base.settings import Settings
from driftloop.base.tags import PastRun

TOGETHER, PAYS = 4, 0.5
"""How many challengers are taken together, and the standard errors by which they have to gain."""

_DEARER = 2.0
"""Factor on a price for each challenger in a row at which retraining did not pay."""

CLEARLY = 1.0
"""Standard errors by which a challenger is clearly better: more than noise shows as a rule."""


def only_harder(performance: Performance) -> str | None:
    """Return why a loss can hardly be learned away: the rows are harder, and no promise is broken.

    The champion held what is expected on its own holdout, so that it is as good a model as there
    was; on these rows less was estimated than may be lost, and it scored no less than that.
    """
    own, limit, expected = performance.baseline, performance.limit, performance.estimated
    promise, gap = performance.promise, performance.gap
    if own is None or limit is None or expected is None or not own >= limit > expected:
        return None
    if promise is None or promise.status == "broken" or gap is None or gap.high < 0:
        return None
    return (
        f"These rows are harder: {named_score(performance.metric, expected)} was "
        "estimated for them, which the champion reached, and the same inputs lead to the same "
        "outcomes as before. A new model would hardly do better, so none is trained."
    )


def pays(gained: list[float]) -> bool:
    """Return whether retraining pays: the last challengers, taken together, were better.

    `gained` are the standard errors by which each was better, the newest last. One holdout is too
    small to see what the next ones add up to. Source: Stouffer et al., The American Soldier, 1949
    (sum of z-scores over the root of their number).
    """
    newest = gained[-TOGETHER:]
    return not newest or sum(newest) / math.sqrt(len(newest)) > PAYS


def calendar_wait(gained: Iterable[float], every: float, patience: float) -> float:
    """Return the windows between two retrainings by the calendar, after these challengers.

    It is `every`, times `patience` for each of the last challengers in a row at which it did not
    pay.
    """
    wait, seen = every, list[float]()
    for value in gained:
        seen.append(value)
        wait = every if pays(seen) else wait * patience
    return wait


class Price(Settings):
    """What a retraining costs, in the currency of `value`."""

    retrain: float = Field(gt=0, description="Of one retraining, its compute and its people.")


Budget = Annotated[
    Annotated[float, Field(gt=0, le=1), Tag("<share>")] | Annotated[Price, Tag("<price>")],
    Discriminator(lambda value: "<price>" if isinstance(value, dict | Price) else "<share>"),
]
"""A share of the windows, or a price."""


def price_now(price: Price, gained: Iterable[float]) -> float:
    """Return what has to be lost before a retraining: more where the last ones gained little.

    `gained` are the standard errors by which each challenger was better, the newest last. It
    doubles with each of the last ones in a row at which it did not pay.
    """
    return calendar_wait(gained, price.retrain, _DEARER)


def runs_apart(
    performance: Performance, runs: Iterable[PastRun], as_of: datetime
) -> tuple[PastRun, ...]:
    """Return the runs, newest first, whose windows share no row with each other or with this."""
    length = performance.window.end - performance.window.start
    apart, last = list[PastRun](), as_of
    for run in runs:
        if last - run.as_of >= length:
            apart.append(run)
            last = run.as_of
    return tuple(apart)


def lost_since(performance: Performance, history: tuple[PastRun, ...], as_of: datetime) -> float:
    """Return what was lost since the last retraining, in the currency of `value`.

    That is, over the labelled windows since, their rows times the most that one is remembered to
    have been worth (on the holdout of a retraining by what was to serve, or in the oldest window),
    less what they were worth. Whoever pays a price once the loss has come to it pays at most twice
    what the best would have paid who knew the future. `history` has earlier runs, newest first.

    Source: Karlin, Manasse, Rudolph & Sleator, Algorithmica 3, 1988 (to rent or to buy).
    """
    since = takewhile(lambda run: run.kind == "monitor", history)
    windows = [(performance.value, performance.rows)]
    windows += [(run.value, run.rows) for run in runs_apart(performance, since, as_of)]
    known = [(value, rows) for value, rows in windows if value is not None]
    remembered = [run for run in history if run.value is not None]
    held = [run.value for run in remembered[:-1] if run.kind == "retrain"]
    held += [run.value for run in remembered[-1:]] or [performance.value]
    expected = max((value for value in held if value is not None), default=0.0)
    return sum((expected - value) * rows for value, rows in known)
