"""Floors learned from the reference's own variation.

Real data is not independent: weeks differ. The reference is split into windows as long as the
current one and each is measured against the rest. A new effect counts only where it exceeds what
such windows show among themselves, beyond what windows of random rows show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.base.periods import Span, Window, naive, parse_time, split_window
from driftloop.profiling.binning import Counts, Edges, counts_between, histogram
from driftloop.profiling.columns import CategoricalColumn, Levels, NumericColumn
from driftloop.profiling.effect_sizes.base import CategoricalEffect, EffectSize, NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, CdfPair
from driftloop.profiling.reference_column import NumericReference, Places, Variation
from driftloop.profiling.stationarity import course_of
from driftloop.profiling.tall import Passes, TallCategories, TallNumbers

Table = npt.NDArray[np.int64]
Cells = npt.NDArray[np.int64]

MAX_WINDOWS = 104
RANDOM_WINDOWS = 32
"""Windows of random rows that show what chance alone gives."""
PRIOR_WINDOWS = 4
"""Windows without any variation of their own that a reference is credited with."""
MOST_FREEDOM = 9.0
"""Degrees of freedom at most of what the same parts of cycles differ by: ten bins, less one."""


@dataclass(frozen=True, slots=True)
class WindowRows:
    """The window of each row of the reference (rows,), -1 where none, and how many there are."""

    codes: npt.NDArray[np.int16]
    count: int
    least: int

    def table(self, each: Passes, cells: Callable[[Any], Cells], width: int) -> Table:
        """Return the rows of each window and cell (windows, width); cell -1 is left out.

        `cells` returns those of the rows of a piece of the column that `each` passes over.
        """
        shape = self.count, width
        counts = np.zeros(shape, dtype=np.int64)
        function = partial(_window_counts, cells=cells, shape=shape)
        for piece in each(function, self.codes):
            counts += piece
        return counts

    def sides(self, table: Table, whole: Counts) -> list[tuple[Counts, Counts]]:
        """Return the counts of each window (cells,) and of the rest, where both have enough rows.

        `table` (windows, cells) are the counts of the windows, `whole` (cells,) those of all rows.
        """
        pairs = [(counts, whole - counts) for counts in table]
        return [pair for pair in pairs if min(side.sum() for side in pair) >= self.least]


def random_sides(sides: list[tuple[Counts, Counts]]) -> list[tuple[Counts, Counts]]:
    """Return windows as large as those given, with rows drawn at random, and the rest of each."""
    rng, drawn = np.random.default_rng(0), []
    for turn in range(RANDOM_WINDOWS if sides else 0):
        window, rest = sides[turn % len(sides)]
        whole = window + rest
        counts = rng.multivariate_hypergeometric(whole, int(window.sum()), method="marginals")
        drawn.append((counts, whole - counts))
    return drawn


def column_time(moment: datetime) -> np.datetime64:
    """Return a moment as it compares with the values of a time column."""
    return np.datetime64(naive(moment), "us")


def window_rows(
    times: npt.NDArray[np.datetime64], starts: npt.NDArray[np.datetime64], end: Any, least: int
) -> WindowRows:
    """Return the windows of rows by their times (rows,).

    The windows have ascending `starts` (windows,), and the last one ends at `end`. Those with fewer
    than `least` rows say nothing.
    """
    codes = np.searchsorted(starts, times, side="right") - 1
    codes[times >= end] = -1
    return WindowRows(codes.astype(np.int16), len(starts), least)


NO_WINDOWS = WindowRows(np.zeros(0, np.int16), 0, 1)


def windows_of(times: npt.NDArray[np.datetime64], span: Span) -> list[Window]:
    """Return windows of length `span` that hold the times of rows (rows,), in UTC, newest first.

    The first one ends with the newest row; the last one may be shorter than the others.
    """
    if not len(times):
        return []
    first, last = (
        parse_time(edge.astype("datetime64[us]").item()) for edge in (times.min(), times.max())
    )
    return [*split_window(Window(first, last + timedelta(microseconds=1)), span)]


def whole_windows(times: npt.NDArray[np.datetime64], span: Span, least: int) -> WindowRows:
    """Return the windows of length `span` that lie within the times of rows (rows,), in UTC.

    The last one ends with the newest row; of very many the newest count. Those with fewer than
    `least` rows say nothing.
    """
    whole = [each for each in windows_of(times, span) if span.before(each.end) == each.start]
    if not whole:
        return NO_WINDOWS
    end = whole[0].end
    starts = [column_time(window.start) for window in whole[:MAX_WINDOWS]][::-1]
    return window_rows(times, np.array(starts), column_time(end), least)


def numeric_variation(
    column: NumericColumn | TallNumbers,
    reference: NumericReference,
    windows: WindowRows,
    effect: NumericEffect,
) -> Variation:
    """Return how far each window of a numeric column differs from the rest of its column."""
    if windows.count == 0 or len(reference.values) == 0:
        return Variation()
    kinds = reference.bins, reference.cdf_points
    places = np.unique(np.concatenate(kinds))
    edges = reference.edges[places]
    table = windows.table(column.each, partial(_cells, edges=edges), len(edges) + 1)
    upto = reference.below[places]
    whole = counts_between(upto, len(reference.values))
    bins, points = (np.searchsorted(places, edges_of_kind) for edges_of_kind in kinds)

    def binned(side: tuple[Counts, Counts]) -> Binned:
        return _binned(side[1], side[0], edges, bins, points, reference.scale)

    gaps = reference.missing, reference.rows
    missing = _missing(column.each, _number_gaps, gaps, windows)
    return _variation(windows.sides(table, whole), binned, effect, missing)


def _variation(
    sides: list[tuple[Counts, Counts]],
    binned: Callable[[tuple[Counts, Counts]], Binned],
    effect: EffectSize,
    missing: tuple[tuple[float, ...], tuple[float, ...]],
) -> Variation:
    """Return the variation among windows; those before a break do not count."""
    both = [binned(side) for side in sides]
    course = course_of(np.array([counted.current for counted in both]), effect)
    effects = tuple(effect.size(counted) for counted in both[course.settled :])
    by_chance = tuple(effect.size(binned(side)) for side in random_sides(sides))
    return Variation(
        effects, missing[0], by_chance, missing[1], course=course.text, settled=course.settled
    )


def _window_counts(
    piece: Any, codes: npt.NDArray[np.int16], cells: Callable[[Any], Cells], shape: tuple[int, int]
) -> Table:
    """Return the rows of a piece by their windows and cells."""
    cell = cells(piece)
    counted = (codes >= 0) & (cell >= 0)
    flat = codes[counted].astype(np.int64) * shape[1] + cell[counted]
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)


def _number_gaps(piece: NumericColumn) -> Cells:
    return np.isnan(piece.values).astype(np.int64)


def _category_gaps(piece: CategoricalColumn) -> Cells:
    return (piece.codes < 0).astype(np.int64)


def _cells(piece: NumericColumn, edges: Edges) -> npt.NDArray[np.int64]:
    """Return the bin of each row (rows,), -1 where its value is missing."""
    if not piece.missing:
        return histogram(piece.values, edges).codes.astype(np.int64)
    cells, present = np.full(piece.rows, -1, dtype=np.int64), ~np.isnan(piece.values)
    cells[present] = histogram(piece.values[present], edges).codes
    return cells


def _binned(
    rest: Counts, window: Counts, edges: Edges, bins: Places, points: Places, scale: float
) -> Binned:
    """Return a window and the rest of its column, both counted between the edges."""
    sides, sizes = [np.cumsum(side) for side in (rest, window)], [rest.sum(), window.sum()]
    counts = [
        np.diff(side[bins], prepend=0, append=size).astype(float)
        for side, size in zip(sides, sizes, strict=True)
    ]
    shares = [side[points] / size for side, size in zip(sides, sizes, strict=True)]
    return Binned(counts[0], counts[1], lambda: CdfPair(edges[points], shares[0], shares[1], scale))


def categorical_variation(
    column: CategoricalColumn | TallCategories, windows: WindowRows, effect: CategoricalEffect
) -> Variation:
    """Return how far each window of a categorical column differs from the rest of its column."""
    if windows.count == 0 or len(column.levels) == 0:
        return Variation()
    cells = partial(_level_cells, levels=column.levels)
    table = windows.table(column.each, cells, len(column.levels))

    def binned(side: tuple[Counts, Counts]) -> Binned:
        return Binned(side[1].astype(float), side[0].astype(float))

    missing = _missing(column.each, _category_gaps, (column.missing, column.rows), windows)
    return _variation(windows.sides(table, column.counts), binned, effect, missing)


def _level_cells(piece: CategoricalColumn, levels: Levels) -> npt.NDArray[np.int64]:
    """Return the place of each row's category among all of them (rows,), -1 where it is missing."""
    places = np.append(np.searchsorted(levels, piece.levels), -1)
    return np.asarray(places[piece.codes], dtype=np.int64)


def learned_floor(
    effects: tuple[float, ...],
    fixed: float,
    chance: float,
    by_chance: tuple[float, ...] = (),
    *,
    squared: bool = True,
    limit: float = 25.0,
) -> float:
    """Return the effect that one more window of the same kind exceeds with the given chance.

    Windows are taken to shift by normal amounts, so that what grows with the square of a shift is
    ``s^2`` times a chi-square of one degree of freedom. Its mean is estimated with an eighth of
    the windows, the largest, and at least one, pulled in to the next: no single odd window sets a
    floor. What random windows show is subtracted, and what is left shrinks as far as it may be
    their noise. The limit is ``s^2`` times the square of Student's quantile; `PRIOR_WINDOWS`
    windows without any shift count beside those seen, so that few windows raise a floor little and
    none do not raise it. Never below the fixed floor, nor above `limit` times it.

    Args:
        effects: the effect of each window of the reference.
        fixed: the configured floor.
        chance: that of one more window to exceed the result.
        by_chance: effects of windows of random rows.
        squared: whether effects grow with the square of a shift; a distance grows with the shift.
        limit: the largest multiple of the fixed floor; of a distance its root.

    Source: Hahn & Meeker, Statistical Intervals, 1991, section 4.7 (prediction limits); winsorised
    means: Tukey & McLaughlin, Sankhya A 25, 1963.
    """
    from scipy.special import chdtri, stdtrit

    count, power = len(effects), 1 if squared else 2
    if count < 2:
        return fixed
    outer = max(1, count // 8)
    share = outer / count
    observed, random = (np.asarray(some, dtype=np.float64) for some in (effects, by_chance))
    excess = _beyond_chance(observed**power, random**power, share)
    normal = chdtri(1, 1 - (np.arange(count) + 0.625) / (count + 0.25))  # Blom's expected values
    unbiased = max(0.5, _winsorised_mean(normal, share))  # of two or three windows it would explode
    spread = excess / unbiased * count / (count + PRIOR_WINDOWS)
    quantile = float(stdtrit(count - outer + PRIOR_WINDOWS, 1 - chance / 2))
    raised: float = min(spread * quantile**2, limit * fixed**power) ** (1 / power)
    return max(fixed, raised)


def season_floor(
    effects: tuple[float, ...], fixed: float, chance: float, *, squared: bool, limit: float
) -> float:
    """Return the effect that the same part of one more cycle exceeds with the given chance.

    Unlike weeks of a reference, the same parts of some years are known to differ: none is credited
    without variation, and that of chance counts too, as the window has it. Their effects are taken
    for multiples of a chi-square with the degrees of freedom that their mean and variance tell, so
    that one more is the mean times a quantile of Fisher's F. An odd year counts no more than what
    the others allow for one of them. Below three cycles, and never below, the fixed floor; never
    above `limit` times it (of a distance, its root).

    Source: Satterthwaite, Biometrics Bulletin 2(6), 1946; Hahn & Meeker, Statistical Intervals,
    1991, section 4.7 (prediction limits).
    """
    count, power = len(effects), 1 if squared else 2
    sizes = np.sort(np.asarray(effects, dtype=np.float64) ** power)
    if count < 3 or sizes[-2] <= 0:
        return fixed
    sizes[-1] = min(sizes[-1], max(sizes[-2], _next_limit(sizes[:-1], chance / count)))
    raised: float = min(_next_limit(sizes, chance), limit * fixed**power) ** (1 / power)
    return max(fixed, raised)


def _next_limit(sizes: npt.NDArray[np.float64], chance: float) -> float:
    """Return what one more of some sizes (n,) exceeds with a chance; 0 where they are all 0."""
    from scipy.special import fdtri

    mean, variance = float(sizes.mean()), float(sizes.var(ddof=1))
    freedom = MOST_FREEDOM
    if 2 * mean**2 < freedom * variance:
        freedom = max(1.0, 2 * mean**2 / variance)
    return mean * float(fdtri(freedom, len(sizes) * freedom, 1 - chance))


def _beyond_chance(
    observed: npt.NDArray[np.float64], random: npt.NDArray[np.float64], share: float
) -> float:
    """Return what windows show beyond random ones, shrunk as far as it may be their noise."""
    mean = _winsorised_mean(observed, share)
    if len(random) == 0:
        return mean
    excess = max(0.0, mean - _winsorised_mean(random, share))
    noise = float(random.var()) / len(observed)
    return excess * (excess**2 / (excess**2 + noise)) if excess else 0.0


def _winsorised_mean(values: npt.NDArray[Any], share: float) -> float:
    """Return the mean with a share of the values, the largest, lowered to the next one."""
    ordered = np.sort(values)
    outer = max(1, round(share * len(ordered)))
    return float(np.minimum(ordered, ordered[-1 - outer]).mean())


def _missing(
    each: Passes, gaps: Callable[[Any], Cells], whole: tuple[int, int], windows: WindowRows
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return how far the missing rate of each window lies from that of the rest, and by chance.

    `whole` are the missing rows of the column and all of its rows.
    """
    missing, rows = whole
    if not missing:
        return (), ()
    table = windows.table(each, gaps, 2)
    sides = windows.sides(table, np.array([rows - missing, missing]))
    observed, by_chance = (
        tuple(float(abs(window[1] / window.sum() - rest[1] / rest.sum())) for window, rest in some)
        for some in (sides, random_sides(sides))
    )
    return observed, by_chance
