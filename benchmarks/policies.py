"""Policies over evaluation matrices of real and generated streams, each judged on streams left out.

``python -m benchmarks policies --stream bank=FILE --stream elec2=FILE`` trains the matrices (kept
in the cache, resumed), replays the policies, and writes the table and picture of
``docs/backtests.md``.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import prices, promised
from benchmarks.adwin import adwin
from benchmarks.errors import BenchmarkError
from benchmarks.machine import sentence
from benchmarks.page import replace_part, table
from benchmarks.paths import CACHE, ROOT
from benchmarks.paths import DOCS as KEPT
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


ADWIN_TIMED, LEFT_OUT = "ADWIN only", "left out"


@dataclass(frozen=True)
class Row:
    """A policy on one stream: gains as shares of the best constant strategy's, retrainings.

    `low` to `high` is the 95 % interval of what is kept; `variant` was chosen on other streams.
    """

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
    variant: str = ""


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
    tuned: dict[str, dict[str, Row]] = {}
    gains: dict[str, Gain] = {}
    priced: list[prices.Regret] = []
    kept: list[promised.Promised] = []
    for stream in _streams(files):
        matrix = _matrix(stream)
        own = policy_of(stream.config)
        gains[stream.name], results = _on_stream(stream.name, matrix, own)
        seconds = _seconds(stream)
        grid = _grid(stream.name, matrix, own, gains[stream.name])
        tuned[stream.name] = {name: _timed(row, seconds) for name, row in grid.items()}
        rows += [_timed(row, seconds) for row in results]
        priced += prices.regrets(stream.name, matrix, own)
        kept += promised.promised(stream.name, matrix, own.settings[0])
        print(f"{stream.name}: {matrix.periods} periods", flush=True)
    rows += [_left_out(name, tuned) for name in tuned]
    KEPT.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(asdict(row)) for row in rows)
    (KEPT / "policies.json").write_text(f"[\n{lines}\n]\n")
    replace_part(DOCS, "policies", f"{_table(rows, gains)}\n\n{_means(rows, gains)}")
    replace_part(DOCS, "prices", prices.summary(priced))
    replace_part(DOCS, "promised", promised.summary(kept))
    draw(rows, gains, PICTURE)


def measure(weeks: int = 125, rows: int = 5000) -> None:
    """Write how long a setting's matrix of four fifths of the weeks takes, and a policy over it."""
    stream = generated_stream("gradual", 0, weeks, rows)
    settings = training_settings(stream.config)[:1]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder), stream.config, stream.rows(), stream.moments, settings
        started, used = time.perf_counter(), time.process_time()
        matrix = fill_matrix(*given, lambda *_: None)
        filled, busy = time.perf_counter() - started, time.process_time() - used
        policy = replace(policy_of(stream.config), settings=(settings[0].name,))
        started = time.perf_counter()
        replay(matrix, policy)
        replayed = time.perf_counter() - started
    text = (
        f"A matrix of {matrix.periods} periods of {rows:,} rows, one setting, took {filled:.0f} "
        f"seconds ({busy:.0f} of the processor), the default over it {replayed:.2f}. {sentence()}"
    )
    replace_part(DOCS, "time", text)
    print(text)


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


def _timed(row: Row, seconds: float) -> Row:
    """Return a row with what its retrainings take, by the seconds of one training."""
    return replace(row, seconds=2 * row.retrains * seconds)


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
    own = gain(np.array(done.scores) - first, confidence=0.95)
    kept, low, high = (value / whole.mean for value in (own.mean, own.low, own.high))
    counts = len(done.retrained), len(done.promoted), len(done.rolled_back), done.calls
    counted = (*counts, len(done.alarms))
    return Row(stream, done.policy, matrix.periods, kept, low, high, *counted)


def _variants(own: Policy) -> Iterator[tuple[str, Policy]]:
    for proof in GRID["proof"]:
        for margin in GRID["margin"]:
            for patience in GRID["patience"]:
                name = f"{proof} {margin} {patience}"
                yield name, replace(own, proof=proof, margin=margin, patience=patience)


def _grid(stream: str, matrix: Matrix, own: Policy, whole: Gain) -> dict[str, Row]:
    """Return what each variant of the default keeps."""
    first = matrix.scores[own.settings[0]][0]
    return {
        name: _row(stream, matrix, replay(matrix, policy), first, whole)
        for name, policy in _variants(own)
    }


def _left_out(name: str, tuned: Mapping[str, Mapping[str, Row]]) -> Row:
    """Return the row of the variant that is best on all other streams."""
    others = [variants for stream, variants in tuned.items() if stream != name]
    best = max(
        tuned[name], key=lambda one: np.mean([np.clip(own[one].kept, -1, 1.2) for own in others])
    )
    return replace(tuned[name][best], policy=LEFT_OUT, variant=best)


def _table(rows: list[Row], gains: Mapping[str, Gain]) -> str:
    names = [*policies(Policy("", ("",))), "best possible"]
    header = ["stream", "gain a period", LEFT_OUT, *names]
    lines = []
    for stream, whole in gains.items():
        own = {row.policy: row for row in rows if row.stream == stream}
        sign = "" if whole.proven else ", nothing to gain"
        line = [f"{stream} ({own[LEFT_OUT].periods})", f"{whole.mean:+.4f}{sign}"]
        lines.append([*line, *(_cell(own[name]) for name in header[2:])])
    return table(header, lines)


def _cell(row: Row) -> str:
    """Return the share kept, of the two that are reported with its interval, and retrainings."""
    ends = f" ({row.low:.0%} to {row.high:.0%})" if row.policy in (LEFT_OUT, "default") else ""
    return f"{row.kept:.0%}{ends} · {row.retrains}"


def _means(rows: list[Row], gains: Mapping[str, Gain]) -> str:
    """Return each policy over the streams with a gain to keep, and what it asks for in all."""
    header = ["policy", "kept", "95 % kept on", "retrained", "rollbacks", "calls", "alarms"]
    lines = []
    for name in [LEFT_OUT, *policies(Policy("", ("",))), "best possible"]:
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
