"""A policy that is timed by ADWIN on the champion's errors, by river in its own environment."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.environments import python_of, variables
from benchmarks.paths import ROOT
from driftloop.backtest.matrix import Matrix, Trained
from driftloop.backtest.replay import Detector
from driftloop.performance.metrics import Scores
from driftloop.performance.target import predicted_classes

RUNNER = ROOT / "benchmarks" / "runners" / "river_adwin.py"


@contextmanager
def adwin(matrix: Matrix) -> Iterator[Detector]:
    """Yield a detector that reads each champion's errors afresh, row by row."""
    command = [str(python_of("river")), "-P", str(RUNNER)]  # a runner beside it is called scipy
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables()
    ) as process:
        champion: list[Trained] = []

        def losing(trained: Trained, rows: slice) -> bool:
            if champion != [trained]:
                champion[:] = [trained]
                _ask(process, None)
            return _ask(process, errors_of(matrix, trained, rows).tolist())

        yield losing
        process.stdin.close()  # type: ignore[union-attr]


def errors_of(matrix: Matrix, trained: Trained, rows: slice) -> Scores:
    """Return a model's error on each row (n,): 0 or 1, or a regression's as a share of its spread.

    Empty where it has seen the rows.
    """
    model = matrix.model(trained)
    if model is None or rows.start < model.first:
        return np.zeros(0)
    p, threshold = model.on(rows, matrix.classes)
    if matrix.classes == 1:
        spread = float(np.std(matrix.y[: rows.start])) or 1.0
        shares: Scores = np.minimum(np.abs(p[:, 0] - matrix.y[rows]) / (3 * spread), 1.0)
        return shares
    wrong: Scores = (predicted_classes(p, threshold) != matrix.y[rows]).astype(float)
    return wrong


def _ask(process: "subprocess.Popen[str]", errors: list[float] | None) -> bool:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("river's process has no pipes")
    process.stdin.write(json.dumps(errors) + "\n")
    process.stdin.flush()
    return bool(json.loads(process.stdout.readline()))
