"""Numbers sorted outside memory, in temporary files that are gone once nobody reads them.

Pieces come sorted by themselves and are written one after the other. Then the range of the values
is cut where about `ROUND` of them lie between two cuts, and what all pieces hold between two cuts
is brought together, sorted and written. The files lie where `TMPDIR` says.
"""

from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import numpy.typing as npt

from driftloop.profiling.columns import Numbers
from driftloop.profiling.sorting import sorted_numbers
from driftloop.profiling.tall import ROUND, let_go

_STEP = 8192
"""One value in so many of a piece is a candidate for a cut."""


def sorted_file(pieces: Iterable[Numbers]) -> Numbers:
    """Return the values of sorted pieces in ascending order, as a view of a temporary file."""
    with TemporaryFile() as file:
        sizes, candidates = [], [np.zeros(0)]
        for ordered in pieces:
            sizes.append(len(ordered))
            candidates.append(ordered[::_STEP].copy())  # a view would keep the whole piece
            ordered.tofile(file)
        whole = _mapped(file)
    runs = np.split(whole, np.cumsum(sizes)[:-1]) if sizes else []
    marks = np.sort(np.concatenate(candidates))
    with TemporaryFile() as file:
        for part in _merged(runs, np.unique(marks[:: max(1, ROUND // _STEP)])):
            part.tofile(file)
            let_go(whole)
        return _mapped(file)


def _mapped(file: IO[bytes]) -> Numbers:
    """Return what was written as an array; the file stays for as long as the array does."""
    file.flush()
    return np.memmap(file, np.float64, "r") if file.tell() else np.zeros(0)


def _merged(runs: list[Numbers], cuts: Numbers) -> Iterator[Numbers]:
    """Yield the values below each cut and those that equal it in turn, then the rest."""
    done = np.zeros(len(runs), dtype=np.int64)
    for cut in cuts:
        for side in ("left", "right"):
            upto = _places(runs, cut, side)
            yield from _between(runs, done, upto, cut if side == "right" else None)
            done = upto
    yield from _between(runs, done, np.array([len(run) for run in runs]), None)


def _places(runs: list[Numbers], cut: float, side: str) -> npt.NDArray[np.int64]:
    return np.array([np.searchsorted(run, cut, side) for run in runs])  # type: ignore[call-overload]


def _between(
    runs: list[Numbers],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    value: float | None,
) -> Iterator[Numbers]:
    """Yield what the runs hold between two places each, which is many times one value or sorted."""
    count = int((end - start).sum())
    if value is None:
        if count:
            parts = [run[a:b] for run, a, b in zip(runs, start, end, strict=True)]
            yield sorted_numbers(np.concatenate(parts))
        return
    for first in range(0, count, ROUND):
        yield np.full(min(ROUND, count - first), value)
