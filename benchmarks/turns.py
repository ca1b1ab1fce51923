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
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.page import replace_part, table
from benchmarks.paths import CACHE, RESULTS, ROOT
from driftloop.backtest.summary import PolicyResult
from driftloop.performance.metrics import Scores, score
from driftloop.snapshots.options import Options
from flows.backtest_policy import backtest_policy
from tasks.onboarding.workspace import create_workspace
from tasks.runtime.job import load_job

DOCS = ROOT / "docs" / "backtests.md"
KINDS = ("sudden", "partial", "gradual", "recurring")
ROWS = (100, 5000)
WEEKS, FIRST, TURN = 32, 8, 14
START = pd.Timestamp("2026-01-05")
Weeks = np.ndarray[Any, np.dtype[np.int64]]
NEAR = 0.05
"""Points below the old level at which a week counts as bad."""

ONE_SIDED = 1.645
CALM = ("healthy", "inputs as usual", "version", "kept", "new model")
"""How the headline of a run begins that names no trouble."""


@dataclass(frozen=True)
class Turn:
    """What was served around the turns of one history, and what its runs said.

    `back` is how many weeks of a turn were served before three in a row came, on average, near the
    old level again (of several turns the longest; None if never). `silent` are the weeks, with
    their scores, that were served below it by more than chance and whose runs named no trouble.
    """

    kind: str
    rows: int
    seed: int
    old: float
    worst: float
    found: int | None
    back: int | None
    silent: tuple[float, ...]
    retrained: int
    persons: int
    after: float
    frozen: float
    scores: tuple[float, ...]
    headlines: tuple[str, ...]


def run(kinds: Sequence[str], rows: Sequence[int], seeds: int, fresh: bool = False) -> None:
    """Replay the turns that are not kept yet, and write the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads cost more than such fits
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / "turns.json"
    known = json.loads(kept.read_text()) if kept.exists() and not fresh else []
    done = {(turn["kind"], turn["rows"], turn["seed"]): turn for turn in known}
    for size in rows:
        for kind in kinds:
            for seed in range(seeds):
                if (kind, size, seed) not in done:
                    done[kind, size, seed] = asdict(turn := _turn(kind, size, seed))
                    kept.write_text(json.dumps([*done.values()], indent=1))
                    print(kind, size, seed, turn.back, turn.silent, flush=True)
    replace_part(DOCS, "turns", _table([*done.values()]))


def history(kind: str, rows: int, seed: int) -> pd.DataFrame:
    """Return made-up weeks in which the outcome begins to mean the opposite, for all rows or some.

    A gradual turn takes six weeks, a recurring one is back after six and comes again six later.
    """
    rng = np.random.default_rng([seed, rows])
    n = WEEKS * rows
    seconds = np.sort(rng.uniform(0, WEEKS * 7 * 86400, n)).astype(int)
    week = seconds // (7 * 86400)
    data = pd.DataFrame({"id": np.arange(1, n + 1)})
    data["at"] = START + pd.to_timedelta(seconds, unit="s")
    data["amount"] = rng.gamma(2.0, 30.0, n).round(2)
    data["age"] = rng.integers(18, 80, n)
    data["plan"] = rng.choice(["basic", "plus", "pro"], n, p=[0.5, 0.3, 0.2])
    y = _logit(data) + rng.logistic(0, 0.5, n) > 0
    turned = rng.random(n) < _share_turned(kind, week, data["plan"])
    return data.assign(y=(y ^ turned).astype(int))


def _logit(data: pd.DataFrame) -> "pd.Series[float]":
    """Return what makes an outcome likely, before the turn."""
    return (data["amount"] - 60) / 40 + 0.8 * (data["plan"] == "pro") - (data["age"] - 49) / 30


def _share_turned(kind: str, week: Weeks, plan: "pd.Series[str]") -> Scores:
    """Return the share of each row's like whose outcome means the opposite in its week (n,)."""
    shares = {
        "sudden": week >= TURN,
        "partial": (week >= TURN) & (plan == "basic"),
        "gradual": np.clip((week - TURN + 1) / 6, 0, 1),
        "recurring": (week >= TURN) & ((week - TURN) // 6 % 2 == 0),
    }
    return np.asarray(shares[kind], dtype=float)


def at_best(kind: str, rows: int, seed: int) -> int | None:
    """Return the weeks to recovery of a model that is exactly that of the week before."""
    data = history(kind, rows, seed)
    week = ((data["at"] - START) // pd.Timedelta(weeks=1)).to_numpy()
    known = _logit(data).to_numpy() * (1 - 2 * _share_turned(kind, week - 1, data["plan"]))
    p = 1 / (1 + np.exp(-2 * known))
    scores = np.array(
        [
            score("roc_auc", data["y"][own].to_numpy(), np.column_stack([1 - p, p])[own])
            for own in (week == number for number in range(FIRST, WEEKS))
        ]
    )
    return _recovery(kind, scores, float(scores[: TURN - FIRST].mean()))


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


def _judged(
    kind: str, rows: int, seed: int, policy: PolicyResult, frozen: tuple[float, ...]
) -> Turn:
    """Return what a replay comes to; the run of a week is the one at its end."""
    scores, calm = np.array(policy.scores), TURN - FIRST
    old, error = float(scores[:calm].mean()), float(np.std(scores[:calm], ddof=1))
    later = [*zip(policy.periods, scores, strict=True)][calm:]
    found = (n for n, (period, _) in enumerate(later, start=1) if period.alarm)
    return Turn(
        kind=kind,
        rows=rows,
        seed=seed,
        old=old,
        worst=float(scores[calm:].min()),
        found=next(found, None),
        back=_recovery(kind, scores, old),
        silent=tuple(
            float(score)
            for period, score in later
            if score < old - NEAR - ONE_SIDED * error and period.headline.startswith(CALM)
        ),
        retrained=policy.retrains,
        persons=policy.persons,
        after=float(scores[-3:].mean()),
        frozen=float(np.mean(frozen[-3:])),
        scores=tuple(map(float, scores)),
        headlines=tuple(period.headline for period in policy.periods),
    )


def _recovery(kind: str, scores: Scores, old: float) -> int | None:
    """Return the weeks to recovery after the turn, of several turns the longest; None if never."""
    calm = TURN - FIRST
    starts = range(calm, len(scores), 6 if kind == "recurring" else len(scores))
    stretches = [scores[start : start + starts.step] for start in starts]
    back = [_weeks_until(stretch, old - NEAR) for stretch in stretches if len(stretch) >= 6]
    return None if None in back else max(weeks for weeks in back if weeks is not None)


def _weeks_until(scores: Scores, near: float) -> int | None:
    """Return the weeks before the first three in a row whose mean is near the old level."""
    return next((n for n in range(len(scores) - 1) if scores[n : n + 3].mean() >= near), None)


def _table(turns: Sequence[dict[str, Any]]) -> str:
    header = ["turn", "rows a week", "old", "worst week", "found", "weeks to recovery", "at best"]
    lines = []
    for kind in KINDS:
        for size in sorted({turn["rows"] for turn in turns}):
            own = [turn for turn in turns if (turn["kind"], turn["rows"]) == (kind, size)]
            if own:
                lines.append(_line(kind, size, own))
    return table([*header, "silent bad weeks", "retrained", "persons", "at the end"], lines)


def _line(kind: str, rows: int, own: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line of the table: means over several histories, and sums."""

    def mean(what: str) -> str:
        return f"{np.mean([turn[what] for turn in own]):.2f}"

    found, back = ([turn[what] for turn in own] for what in ("found", "back"))
    best = [at_best(kind, rows, turn["seed"]) for turn in own]
    lists = (found, back, best)
    words = [", ".join("never" if n is None else str(n) for n in many) for many in lists]
    counts = [str(sum(len(turn["silent"]) for turn in own))]
    counts += [f"{np.mean([turn['retrained'] for turn in own]):.0f}"]
    counts += [str(sum(turn["persons"] for turn in own))]
    return [kind, f"{rows:,}", mean("old"), mean("worst"), *words, *counts, mean("after")]
