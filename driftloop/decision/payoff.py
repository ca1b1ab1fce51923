"""Whether retraining pays, and how long the calendar waits where it does not."""

import math
from collections.abc import Iterable

TOGETHER, PAYS = 4, 0.5
"""How many challengers are taken together, and the standard errors by which they have to gain."""

CLEARLY = 1.0
"""Standard errors by which a challenger is clearly better: more than noise shows as a rule."""


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
