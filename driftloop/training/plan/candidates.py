"""The training plan: which labelled rows train the challenger, and which frozen ones judge it.

The holdout is the newest part of the labelled rows, after everything that the champion was
trained on. Candidate training windows end where the holdout starts, and
`driftloop.training.plan.choice` picks one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.periods import Window, parse_time
from driftloop.base.retrain_record import Refusal, WindowScore
from driftloop.base.windows import SinceChange
from driftloop.profiling.variation import column_time
from driftloop.training.plan.change_point import Change
from driftloop.training.training import HoldoutSettings, TrainingSettings

Times = npt.NDArray[np.datetime64]

SINCE_CHANGE = SinceChange().kind

WANTED = " (training.holdout.minimum_rows and minimum_per_class)"
"""The settings that a refusal of a holdout names."""


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Labelled rows in time order: their times (n,) and class codes (n,) or quantities (n,)."""

    times: Times
    y: npt.NDArray[Any]
    end: datetime
    quantity: bool = False

    def since(self, start: datetime) -> slice:
        """Return the rows from a moment on."""
        first = np.searchsorted(self.times, column_time(start))
        return slice(int(first), len(self.times))


@dataclass(frozen=True, slots=True)
class PlanCandidates:
    """Where the holdout starts, and the candidate training windows with enough rows."""

    holdout: Window
    holdout_rows: int
    candidates: tuple[WindowScore, ...]


def plan_candidates(
    rows: LabelledRows,
    settings: TrainingSettings,
    change: Change | None,
    not_before: datetime | None,
) -> PlanCandidates | Refusal:
    """Return the holdout and the candidates, or why there is nothing to train or compare on.

    `change` is where the present regime began, if one was detected. A change that the labels
    show has to have rows enough to judge and to learn from: a challenger that knows little of it
    loses, or wins and hides where it began. The holdout starts no earlier than `not_before`, the
    end of the champion's training data, and has at most half of the rows since: the other half is
    what the challenger knows and the champion does not.
    """
    since = change.since if change else None
    starts = [
        (window.kind, start)
        for window in settings.windows
        if (start := window.start(rows.end, since)) is not None
    ]
    sizes = {kind: len(rows.y[rows.since(start)]) for kind, start in starts}
    enough = {kind: size for kind, size in sizes.items() if size >= settings.minimum_rows}
    if not enough:
        return Refusal(
            f"{max(sizes.values(), default=0):,} labelled rows, {settings.minimum_rows:,} are "
            "needed to train (training.minimum_rows): nothing was trained.",
            short=True,
        )
    share_of = enough.get(SINCE_CHANGE, max(enough.values()))
    if change is not None and change.by != "inputs":
        share_of = len(rows.y[rows.since(change.since)])
        if share_of < rows_to_learn_a_change(settings):
            return _too_few_since(change, share_of, settings)
    new = len(rows.y) if not_before is None else len(rows.y[rows.since(not_before)])
    first = max(0, len(rows.y) - _holdout_rows(rows, settings.holdout, share_of, new))
    begin = parse_time(pd.Timestamp(rows.times[first]).to_pydatetime())
    begin = max(begin, not_before) if not_before else begin
    newest = rows.y[rows.since(begin)]
    per_class = None if rows.quantity else settings.holdout.minimum_per_class
    refusal = _too_few(newest, settings.holdout.minimum_rows, per_class)
    if refusal:
        sentence = f"The holdout after the champion's training data has {refusal}{WANTED}."
        return Refusal(sentence, short=True)
    return _with_candidates(rows, settings, starts, Window(begin, rows.end), len(newest))


def _too_few_since(change: Change, rows: int, settings: TrainingSettings) -> Refusal:
    return Refusal(
        f"The model {_WORSE[change.by]} since {change.since:%Y-%m-%d}, and {rows:,} labelled rows "
        "of that time are too few to learn from and to judge by: "
        f"{rows_to_learn_a_change(settings):,} are needed (training.minimum_rows and "
        "training.holdout.minimum_rows). Nothing was trained.",
        short=True,
    )


_WORSE = {"performance": "has been worse", "classes": "cannot predict every class"}


def rows_to_learn_a_change(settings: TrainingSettings) -> int:
    """Return the labelled rows since a change that are needed to learn from and to judge by."""
    judging = settings.holdout.minimum_rows
    return judging + max(judging, settings.minimum_rows)


def _holdout_rows(rows: LabelledRows, settings: HoldoutSettings, share_of: int, new: int) -> int:
    """Return how many of the newest rows judge: the share, or as many as distinguish two models.

    Rows in the holdout cannot be learned from, and they are the newest ones: of those that are new
    to the champion half are left. But it grows until it holds the rows of each class that it needs.
    """
    newest, least = rows.y[::-1], settings.minimum_rows
    enough = 2 * settings.enough_per_class
    if not rows.quantity:
        enough = _until(newest, settings.enough_per_class)
        grown = _until(newest, settings.minimum_per_class)
        least = max(least, grown) if grown < len(newest) else least
    return max(min(int(share_of * settings.share), enough, new // 2), least)


def _until(newest: npt.NDArray[Any], count: int) -> int:
    """Return how many of the newest rows hold so many of the rarest class; all if none do."""
    counts = np.bincount(newest[newest >= 0])
    rarest = int(np.where(counts > 0, counts, len(newest) + 1).argmin())
    places = np.flatnonzero(newest == rarest)
    return int(places[count - 1]) + 1 if len(places) >= count else len(newest)


def _with_candidates(
    rows: LabelledRows,
    settings: TrainingSettings,
    starts: list[tuple[str, datetime]],
    holdout: Window,
    holdout_rows: int,
) -> PlanCandidates | Refusal:
    candidates: list[WindowScore] = []
    reasons: list[str] = []
    for name, start in starts:
        chosen = slice(rows.since(start).start, rows.since(holdout.start).start)
        y = rows.y[chosen]
        if any(other.rows == len(y) for other in candidates):
            continue  # the same rows
        per_class = None if rows.quantity else settings.minimum_per_class
        refusal = _too_few(y, settings.minimum_rows, per_class)
        if refusal:
            reasons.append(f"{name} has {refusal}")
            continue
        first = parse_time(pd.Timestamp(rows.times[chosen.start]).to_pydatetime())
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
        window = Window(max(start, midnight), holdout.start)
        candidates.append(WindowScore(name, window, len(y), None, "not compared"))
    if not candidates:
        return Refusal(
            f"No training window is large enough: {'; '.join(reasons)} (training.minimum_rows and "
            "minimum_per_class).",
            short=True,
        )
    longest = max(candidates, key=lambda candidate: candidate.rows)
    fading = (
        replace(longest, candidate=f"{longest.candidate}, half-life {span}", half_life=span)
        for span in settings.half_lives
    )
    return PlanCandidates(holdout, holdout_rows, (*candidates, *fading))


def _too_few(y: npt.NDArray[Any], least: int, per_class: int | None) -> str | None:
    """Return what is missing; a quantity has no classes to count."""
    if len(y) < least:
        return f"{len(y):,} labelled rows, {least:,} are needed"
    if per_class is None:
        return None
    counts = np.bincount(y, minlength=2)
    present = counts[counts > 0]
    if len(present) < 2:
        return "one class only"
    if present.min() < per_class:
        return f"{present.min()} rows of the rarest class, {per_class} are needed"
    return None
