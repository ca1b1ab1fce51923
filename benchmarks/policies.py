"""Policies over evaluation matrices of real and generated streams, each judged on streams left out.

``python -m benchmarks policies --stream bank=FILE --stream elec2=FILE`` trains the matrices (kept
in the cache, resumed), replays the policies, and writes the table and picture of
``docs/backtests.md``.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.page import replace_part, table
from benchmarks.paths import CACHE, RESULTS, ROOT
from benchmarks.policies_plot import draw
from benchmarks.streams import FAMILIES, SOURCES, Stream, generated_stream, real_stream
from driftloop.backtest.gain import Gain, gain
from driftloop.backtest.matrix import Matrix
from driftloop.backtest.matrix_models import training_settings
from driftloop.backtest.oracle import best_served
from driftloop.backtest.policies import policy_of
from driftloop.backtest.replay import Policy, replay
from tasks.backtest.matrix import fill_matrix

DOCS = ROOT / "docs" / "backtests.md"
PICTURE = ROOT / "docs" / "images" / "policies.svg"
GRID = {
    "proof": (-1.0, 0.0, 1.96),
    "margin": (0.02, 0.05),
    "patience": (1.0, 2.0),
}
"""What the defaults were chosen from."""


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
    seconds: float


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
        "always": Policy("", settings, every=1),
        "never": Policy("", settings, budget=0, purse=0),
    }
    return {name: replace(policy, name=name) for name, policy in chosen.items()}


def run(files: Mapping[str, Path]) -> None:
    """Fill the matrices, replay all policies, and write results, table and picture."""
    rows: list[Row] = []
    tuned: dict[str, dict[str, float]] = {}
    gains: dict[str, Gain] = {}
    for stream in _streams(files):
        started = time.process_time()
        matrix = fill_matrix(
            CACHE / "matrix" / stream.name.replace(" ", "-").replace(",", ""),
            stream.config,
            stream.rows(),
            stream.moments,
            training_settings(stream.config),
            lambda *_: None,
        )
        filled = time.process_time() - started
        print(f"{stream.name}: {matrix.periods} periods, {filled:.0f} s", flush=True)
        own = policy_of(stream.config)
        gains[stream.name], results = _on_stream(stream.name, matrix, own)
        rows += results
        tuned[stream.name] = _grid(matrix, own, gains[stream.name].mean)
    rows += [_left_out(name, tuned, rows) for name in tuned]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "policies.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
    replace_part(DOCS, "policies", _table(rows, gains))
    draw(rows, gains, PICTURE)


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
    for policy in policies(own).values():
        started = time.process_time()
        done = replay(matrix, policy)
        found, seconds = gain(np.array(done.scores) - first), time.process_time() - started
        counts = len(done.retrained), len(done.promoted)
        rows.append(_row(name, policy.name, matrix, found, whole, counts, seconds))
    most = int((matrix.periods - 1) * own.budget)
    best = max(
        (best_served(matrix.scores[one], most) for one in settings),
        key=lambda one: float(np.nanmean(one.scores)),
    )
    counts = len(best.trained) - 1, len(best.trained) - 1
    found = gain(np.array(best.scores) - first)
    return whole, [*rows, _row(name, "best possible", matrix, found, whole, counts, 0.0)]


def _row(
    stream: str,
    policy: str,
    matrix: Matrix,
    own: Gain,
    whole: Gain,
    counts: tuple[int, int],
    seconds: float,
) -> Row:
    kept = [value / whole.mean for value in (own.mean, own.low, own.high)]
    return Row(stream, policy, matrix.periods, *kept, *counts, seconds)


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
