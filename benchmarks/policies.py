"""Policies over evaluation matrices of real and generated streams, each judged on streams left out.

``python -m benchmarks policies --stream bank=FILE --stream elec2=FILE`` trains the matrices (kept
in the cache, resumed), replays the policies, and writes the table and picture of
``docs/backtests.md``.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import prices
from benchmarks.adwin import adwin
from benchmarks.errors import BenchmarkError
from benchmarks.page import replace_part, table
from benchmarks.paths import CACHE, RESULTS, ROOT
from benchmarks.policies_plot import draw
from benchmarks.streams import FAMILIES, SOURCES, Stream, generated_stream, real_stream
from driftloop.backtest.gain import Gain, gain
from driftloop.backtest.matrix import Matrix
from driftloop.backtest.matrix_models import predictions_of, training_settings
from driftloop.backtest.oracle import best_served
from driftloop.backtest.policies import policy_of
from driftloop.backtest.replay import Policy, Replay, replay
from driftloop.performance.metrics import Scores
from tasks.backtest.matrix import fill_matrix

DOCS = ROOT / "docs" / "backtests.md"
PICTURE = ROOT / "docs" / "images" / "policies.svg"
GRID = {
    "proof": (-1.0, 0.0, 1.96),
    "margin": (0.02, 0.05),
    "patience": (1.0, 2.0),
}
"""What the defaults were chosen from."""


ADWIN_TIMED = "ADWIN only"


@dataclass(frozen=True)
class Row:
    """A policy on one stream: gains as shares of the best constant strategy's, retrainings."""

    stream: str
    policy: str
    periods: int
    kept: float
    low: float
    high: float
    retrains: int
    promotions: int
    rollbacks: int = 0
    calls: int = 0
    alarms: int = 0
    seconds: float = 0.0
    """Of the processor: what its trainings take, each twice, on the holdout's rows, too."""


def policies(own: Policy) -> Mapping[str, Policy]:
    """Return the default policy and those beside it by name; all choose among its settings."""
    settings = own.settings
    chosen = {
        "default": own,
        "release before": replace(
            own, budget=1.0, every=None, refit=False, proof=1.96, margin=float("inf"), reserve=0.0
        ),
        "default without refit": replace(own, refit=False),
        "calendar at 1/3": Policy("", settings, budget=own.budget, every=own.every),
        "CUSUM only": replace(own, every=None, reserve=0.0),
        ADWIN_TIMED: replace(own, every=None, reserve=0.0),
        "always": Policy("", settings, every=1),
        "never": Policy("", settings, budget=0, purse=0),
    }
    return {name: replace(policy, name=name) for name, policy in chosen.items()}


def run(files: Mapping[str, Path]) -> None:
    """Fill the matrices, replay all policies, and write results, tables and picture."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads cost more than such fits
    rows: list[Row] = []
    tuned: dict[str, dict[str, float]] = {}
    gains: dict[str, Gain] = {}
    priced: list[prices.Regret] = []
    for stream in _streams(files):
        matrix = _matrix(stream)
        own = policy_of(stream.config)
        gains[stream.name], results = _on_stream(stream.name, matrix, own)
        seconds = _seconds(stream)
        rows += [replace(row, seconds=2 * row.retrains * seconds) for row in results]
        tuned[stream.name] = _grid(matrix, own, gains[stream.name].mean)
        priced += prices.regrets(stream.name, matrix, own)
        print(f"{stream.name}: {matrix.periods} periods", flush=True)
    rows += [_left_out(name, tuned, rows) for name in tuned]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "policies.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
    replace_part(DOCS, "policies", f"{_table(rows, gains)}\n\n{_means(rows, gains)}")
    replace_part(DOCS, "prices", prices.summary(priced))
    draw(rows, gains, PICTURE)


def _matrix(stream: Stream) -> Matrix:
    folder = CACHE / "matrix" / stream.name.replace(" ", "-").replace(",", "")
    settings = training_settings(stream.config)
    return fill_matrix(
        folder, stream.config, stream.rows(), stream.moments, settings, lambda *_: None
    )


def _seconds(stream: Stream) -> float:
    """Return the processor seconds of a training on all rows before the middle of the history."""
    setting, moment = training_settings(stream.config)[0], stream.moments[len(stream.moments) // 2]
    rows = stream.rows()
    started = time.process_time()
    predictions_of(stream.config, rows, setting, moment)
    return time.process_time() - started


def _streams(files: Mapping[str, Path]) -> Iterator[Stream]:
    for name, path in files.items():
        if name not in SOURCES or not path.exists():
            raise BenchmarkError(f"{name}={path}: no such file, or not one of {list(SOURCES)}")
        yield real_stream(name, path)
    for family in FAMILIES:
        yield generated_stream(family, seed=0, weeks=50, rows=300)


def _on_stream(name: str, matrix: Matrix, own: Policy) -> tuple[Gain, list[Row]]:
    """Return what there is to gain, by the better setting retrained every period, and all rows."""
    settings = own.settings
    first = matrix.scores[settings[0]][0]
    fixed = [replay(matrix, Policy("", (one,), every=1)).scores for one in settings]
    whole = max((gain(np.array(scores) - first) for scores in fixed), key=lambda one: one.mean)
    rows = []
    with adwin(matrix) as losing:
        for policy in policies(own).values():
            detector = losing if policy.name == ADWIN_TIMED else None
            rows.append(_row(name, matrix, replay(matrix, policy, detector), first, whole))
    most = int((matrix.periods - 1) * own.budget)
    best = max(
        (best_served(matrix.scores[one], most) for one in settings),
        key=lambda one: float(np.nanmean(one.scores)),
    )
    trained = best.trained[1:]
    oracle = Replay("best possible", best.scores, trained, trained)
    return whole, [*rows, _row(name, matrix, oracle, first, whole)]


def _row(stream: str, matrix: Matrix, done: Replay, first: Scores, whole: Gain) -> Row:
    own = gain(np.array(done.scores) - first)
    kept = [value / whole.mean for value in (own.mean, own.low, own.high)]
    counts = len(done.retrained), len(done.promoted), len(done.rolled_back), done.calls
    return Row(stream, done.policy, matrix.periods, *kept, *counts, len(done.alarms))


def _variants(own: Policy) -> Iterator[tuple[str, Policy]]:
    for proof in GRID["proof"]:
        for margin in GRID["margin"]:
            for patience in GRID["patience"]:
                name = f"{proof} {margin} {patience}"
                yield name, replace(own, proof=proof, margin=margin, patience=patience)


def _grid(matrix: Matrix, own: Policy, whole: float) -> dict[str, float]:
    """Return the share of the gain that each variant of the default keeps."""
    first = matrix.scores[own.settings[0]][0]
    return {
        name: gain(np.array(replay(matrix, policy).scores) - first).mean / whole
        for name, policy in _variants(own)
    }


def _left_out(name: str, tuned: Mapping[str, Mapping[str, float]], rows: list[Row]) -> Row:
    """Return the row of the variant that is best on all other streams."""
    others = [kept for stream, kept in tuned.items() if stream != name]
    best = max(
        tuned[name], key=lambda one: np.mean([np.clip(kept[one], -1, 1.2) for kept in others])
    )
    like = next(row for row in rows if row.stream == name and row.policy == "default")
    nothing = float("nan")
    return replace(
        like, policy=f"left out: {best}", kept=tuned[name][best], low=nothing, high=nothing
    )


def _table(rows: list[Row], gains: Mapping[str, Gain]) -> str:
    names = [*policies(Policy("", ("",))), "best possible"]
    header = ["stream", "gain a period", "left out", *names]
    lines = []
    for stream, whole in gains.items():
        own = {row.policy: row for row in rows if row.stream == stream}
        left = next(row for row in own.values() if row.policy.startswith("left out"))
        sign = "" if whole.proven else ", nothing to gain"
        line = [f"{stream} ({left.periods})", f"{whole.mean:+.4f}{sign}", f"{left.kept:.0%}"]
        line += [f"{own[name].kept:.0%} · {own[name].retrains}" for name in names]
        lines.append(line)
    return table(header, lines)


def _means(rows: list[Row], gains: Mapping[str, Gain]) -> str:
    """Return each policy over the streams with a gain to keep, and what it asks for in all."""
    header = ["policy", "kept", "95 % kept on", "retrained", "rollbacks", "calls", "alarms"]
    lines = []
    for name in [*policies(Policy("", ("",))), "best possible"]:
        own = [row for row in rows if row.policy == name]
        paying = [row for row in own if gains[row.stream].proven]
        share = np.mean([row.retrains / (row.periods - 1) for row in paying])
        kept = f"{np.mean([row.kept for row in paying]):.0%}"
        enough = f"{sum(row.kept >= 0.95 for row in paying)} of {len(paying)}"
        counts = (sum(getattr(row, what) for row in own) for what in ("rollbacks", "calls"))
        alarms, seconds = sum(row.alarms for row in own), sum(row.seconds for row in own)
        line = [name, kept, enough, f"{share:.0%}", *map(str, counts), str(alarms)]
        lines.append([*line, f"{seconds:.0f}"])
    return table([*header, "processor s"], lines)
