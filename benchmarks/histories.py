"""Many short generated histories: how often the default policy ends below never retraining.

``python -m benchmarks policies --histories 1000``; matrices are kept in the cache, so that a run
that was cut off goes on, and a changed policy is replayed in seconds.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.page import replace_part, table
from benchmarks.paths import CACHE, RESULTS, ROOT
from benchmarks.streams import FAMILIES, generated_stream, quickly_trained
from driftloop.backtest.matrix import Matrix
from driftloop.backtest.matrix_models import training_settings
from driftloop.backtest.policies import policy_of
from driftloop.backtest.replay import Policy, replay
from tasks.backtest.matrix import fill_matrix

DOCS = ROOT / "docs" / "backtests.md"
WEEKS, ROWS = 25, 150
"""Of a history; the first model is trained after a fifth of it."""

ALLOWED = 0.01
"""Share of the metric that a history may end below never retraining."""


@dataclass(frozen=True)
class History:
    """One history: the mean metric of never retraining, of the default policy, and of always."""

    family: str
    seed: int
    never: float
    default: float
    always: float
    retrains: int
    promotions: int

    @property
    def worse(self) -> bool:
        """Whether the loop ended below never retraining by more than is allowed."""
        return self.default < self.never * (1 - ALLOWED)


def run(count: int, start: int = 0) -> None:
    """Replay the default policy over so many histories, families in turn, and write the table.

    `start` is the number of the first one.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads cost more than such fits
    families, found = list(FAMILIES), []
    for number in range(start, start + count):
        found.append(_history(families[number % len(families)], number))
        if len(found) % 100 == 0:
            worse = sum(history.worse for history in found)
            print(f"{len(found)} histories, {worse} worse", flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "histories.json").write_text(
        json.dumps([asdict(history) for history in found], indent=1)
    )
    replace_part(DOCS, "histories", summary(found))


def _history(family: str, seed: int) -> History:
    matrix, policy = matrix_of(family, seed)
    own = replay(matrix, policy)
    always = replay(matrix, Policy("always", policy.settings, every=1))
    never = matrix.scores[policy.settings[0]][0]
    means = (float(np.nanmean(scores)) for scores in (never, own.scores, always.scores))
    return History(family, seed, *means, len(own.retrained), len(own.promoted))


def matrix_of(family: str, seed: int) -> tuple[Matrix, Policy]:
    """Return the matrix of a history, kept in the cache, and the default policy.

    Models are of two kinds in turn.
    """
    linear = seed // len(FAMILIES) % 2 == 1
    stream = quickly_trained(generated_stream(family, seed, WEEKS, ROWS), linear)
    folder = CACHE / "matrix" / "histories" / f"{family.replace(' ', '-')}-{seed:04d}"
    settings = training_settings(stream.config)
    matrix = fill_matrix(
        folder, stream.config, stream.rows(), stream.moments, settings, lambda *_: None
    )
    return matrix, policy_of(stream.config)


def summary(histories: Sequence[History]) -> str:
    """Return the table: of each family and of all, how many ended below never retraining."""
    header = ["family", "histories", "worse by over 1 %", "worst", "mean gain", "retrained"]
    families = [*dict.fromkeys(history.family for history in histories), "all"]
    lines = []
    for family in families:
        own = [history for history in histories if family in (history.family, "all")]
        worse = sum(history.worse for history in own)
        gains = [history.default / history.never - 1 for history in own]
        retrains = np.mean([history.retrains for history in own])
        line = [family, str(len(own)), f"{worse} ({worse / len(own):.1%})", f"{min(gains):+.1%}"]
        lines.append([*line, f"{np.mean(gains):+.1%}", f"{retrains:.1f}"])
    return table(header, lines)
