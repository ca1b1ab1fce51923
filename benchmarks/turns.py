"""Relations that turn round while no input moves: what the loop as ``init`` writes it makes of it.

``python -m benchmarks turns`` makes a workspace for each kind of turn and number of rows, replays
the configuration over it, and writes the table of ``docs/backtests.md``.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC

import numpy as np
import pandas as pd

from benchmarks.page import replace_part, table
from benchmarks.paths import CACHE, RESULTS, ROOT
from driftloop.backtest.summary import PolicyResult
from driftloop.snapshots.options import Options
from flows.backtest_policy import backtest_policy
from tasks.onboarding.workspace import create_workspace
from tasks.runtime.job import load_job

DOCS = ROOT / "docs" / "backtests.md"
KINDS = ("sudden", "partial", "gradual", "recurring")
ROWS = (100, 500, 5000)
WEEKS, FIRST, TURN = 32, 8, 14
START = pd.Timestamp("2026-01-05")
NEAR = 0.05
"""Points below the old level at which a week counts as bad."""


@dataclass(frozen=True)
class Turn:
    """What was served around a turn: scores by week, and what the runs of bad weeks said.

    `back` is how many weeks after the turn's end the mean of the last three scores was near the
    old level again, None if never; `silent` are the weeks served proven below it whose runs found
    nothing, with their scores.
    """

    kind: str
    rows: int
    seed: int
    old: float
    worst: float
    found: int | None
    back: int | None
    bad: int
    silent: tuple[float, ...]
    retrained: int
    persons: int
    after: float
    frozen: float
    scores: tuple[float, ...] = ()
    headlines: tuple[str, ...] = ()


def run(kinds: Sequence[str], rows: Sequence[int], seeds: int, fresh: bool = False) -> None:
    """Replay the turns that are not kept yet, and write the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads cost more than such fits
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / "turns.json"
    known = json.loads(kept.read_text()) if kept.exists() and not fresh else []
    done = {(one["kind"], one["rows"], one["seed"]): one for one in known}
    for size in rows:
        for kind in kinds:
            for seed in range(seeds):
                if (kind, size, seed) not in done:
                    done[kind, size, seed] = asdict(turn := _turn(kind, size, seed))
                    kept.write_text(json.dumps([*done.values()], indent=1))
                    print(kind, size, seed, turn.back, turn.bad, turn.silent, flush=True)
    replace_part(DOCS, "turns", _table([*done.values()]))


def history(kind: str, rows: int, seed: int) -> pd.DataFrame:
    """Return made-up weeks in which the outcome begins to mean the opposite, for all rows or some.

    A gradual turn takes six weeks, a recurring one is back after six and comes again six later.
    """
    rng = np.random.default_rng([seed, rows])
    n = WEEKS * rows
    week = np.arange(n) // rows
    data = pd.DataFrame({"id": np.arange(1, n + 1)})
    data["at"] = START + pd.to_timedelta(np.arange(n) * 7 * 86400 // rows, unit="s")
    data["amount"] = rng.gamma(2.0, 30.0, n).round(2)
    data["age"] = rng.integers(18, 80, n)
    data["plan"] = rng.choice(["basic", "plus", "pro"], n, p=[0.5, 0.3, 0.2])
    score = (data["amount"] - 60) / 40 + 0.8 * (data["plan"] == "pro") - (data["age"] - 49) / 30
    y = score + rng.logistic(0, 0.5, n) > 0
    turned = {
        "sudden": week >= TURN,
        "partial": (week >= TURN) & (data["plan"] == "basic"),
        "gradual": rng.random(n) < np.clip((week - TURN + 1) / 6, 0, 1),
        "recurring": (week >= TURN) & ((week - TURN) // 6 % 2 == 0),
    }[kind]
    return data.assign(y=(y ^ turned).astype(int))


def _turn(kind: str, rows: int, seed: int) -> Turn:
    folder = CACHE / "turns" / f"{kind}-{rows}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    history(kind, rows, seed).to_parquet(folder / "rows.parquet", index=False)
    moments = tuple(
        (START + pd.Timedelta(weeks=week)).to_pydatetime().replace(tzinfo=UTC)
        for week in range(FIRST, WEEKS + 1)
    )
    until = f"{moments[0]:%Y-%m-%d}"
    options = Options("at", "y", "turns", key="id", every="week", train_until=until)
    commit = create_workspace(folder / "rows.parquet", folder / "w", options).commit
    config = load_job("turns", workspace=folder / "w").config
    policy, frozen = backtest_policy(
        folder / "w", "turns", config, commit, moments, lambda *_: None
    )
    shutil.rmtree(folder)
    return _judged(kind, rows, seed, policy, frozen)


def _judged(kind: str, rows: int, seed: int, policy: PolicyResult, frozen: tuple[float, ...]) -> Turn:
    """Return what a replay comes to; the run of a week is the one at its end."""
    scores, calm = np.array(policy.scores), TURN - FIRST
    old = float(scores[:calm].mean())
    error = float(np.std(scores[:calm], ddof=1))
    later = [*zip(policy.periods, scores, strict=True)][calm:]
    bad = [score for _, score in later if score < old - NEAR]
    silent = [
        float(score)
        for period, score in later
        if score < old - NEAR - 1.64 * error and period.headline.startswith("healthy")
    ]
    found = next((n for n, (period, _) in enumerate(later, start=1) if period.alarm), None)
    return Turn(
        kind, rows, seed, old, float(scores[calm:].min()), found, None, len(bad), tuple(silent),
        policy.retrains, policy.persons, float(scores[-4:].mean()), float(np.mean(frozen[-4:])),
        tuple(map(float, scores)), tuple(period.headline for period in policy.periods),
    )
