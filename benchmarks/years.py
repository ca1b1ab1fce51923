"""Quiet years: what the whole loop raises in a year in which nothing is wrong.

``python -m benchmarks years`` replays the configuration that ``init`` writes, and two columns of
segments, over made-up weeks in which the outcome depends on the inputs as ever, with the code of
production: every test of a run and every retraining together. An alarm is a week in which a cause
appears that was not there the week before: what stays is one alarm.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
from rich.progress import track
from scipy.stats import chi2

from benchmarks.harm_streams import CATEGORICAL, START, WEEK, generated
from benchmarks.launch import Result, kept
from benchmarks.page import replace_part, spaced, table
from benchmarks.paths import CACHE, DOCS, PAGE, RESULTS
from driftloop.alerts.lifecycle import run_health
from driftloop.snapshots.options import Options
from flows.backtest_policy import run_and_alert
from flows.challenge import challenge
from tasks.backtest.sandbox import Sandbox, open_sandbox
from tasks.onboarding.workspace import create_workspace
from tasks.runtime.job import load_job

WEEKS = 52
SHARED = 5
"""Years of one history, each with a first champion of its own: making a workspace takes as long."""

BUDGETS: dict[str, str] = {
    "drift": "0.5",
    "performance": "0.2",
    "promise": "0.2",
    "falling": "2",
    "estimated": "",
    "quality": "",
}
"""The causes that are counted, and how many false ones a year the configuration allows of each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which families of streams, of how many rows a week, and how many years of each."""

    families: Sequence[str] = ("stationary", "autocorrelated")
    rows: Sequence[int] = (300, 1000)
    years: int = 20
    fresh: bool = False


def run(settings: Settings) -> None:
    """Replay every history that is not kept, then write results and table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each history
    histories = [
        (family, rows, seed)
        for rows in settings.rows
        for family in settings.families
        for seed in range(-(-settings.years // SHARED))
    ]
    spawn = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=spawn) as pool:
        replayed = pool.map(partial(_kept, settings.fresh), histories)
        for _ in track(replayed, "quiet years", total=len(histories)):
            pass
    write()


def _kept(fresh: bool, history: tuple[str, int, int]) -> None:
    family, rows, seed = history
    path = RESULTS / "years" / f"{family}-{rows}-{seed}.json"
    kept(path, fresh, partial(_replayed, family, rows, seed))


def _replayed(family: str, rows: int, seed: int) -> Result:
    """Return what the years of one history raised."""
    stream = generated(family, rows, seed, SHARED * WEEKS)
    first = stream.reference + stream.holdout
    folder = CACHE / "years" / f"{family}-{rows}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _with_times(stream.table, rows).to_parquet(folder / "rows.parquet", index=False)
    until = f"{START + first * WEEK:%Y-%m-%d}"
    options = Options("at", "y", "years", key="id", every="week", train_until=until)
    commit = create_workspace(folder / "rows.parquet", folder / "w", options).commit
    config = load_job("years", workspace=folder / "w").config
    config = config.model_copy(update={"segments": CATEGORICAL})
    years = []
    for year in range(SHARED):
        moments = [START + (first + year * WEEKS + week) * WEEK for week in range(WEEKS + 1)]
        with open_sandbox(folder / "w", config, commit) as sandbox:
            years.append(_year(sandbox, moments))
    shutil.rmtree(folder)
    return {"family": family, "rows": rows, "seed": seed, "years": years}


def _with_times(rows_in_weeks: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return the rows spread over their weeks, with a key."""
    step = WEEK / rows
    place = np.tile(np.arange(rows), len(rows_in_weeks) // rows)
    later = rows_in_weeks["at"] + place * np.timedelta64(step)
    return rows_in_weeks.assign(at=later, id=np.arange(len(rows_in_weeks)))


def _year(sandbox: Sandbox, moments: Sequence[datetime]) -> Result:
    """Return how often each cause appeared in a year, and what people got of it."""
    challenge(sandbox.job(moments[0]), "bootstrap", "The first champion.", None)
    causes, levels, posts, retrained = Counter[str](), Counter[str](), Counter[str](), 0
    before = frozenset[str]()
    for moment in moments[1:]:
        record, kinds = run_and_alert(sandbox.job(moment))
        health = run_health(record)
        causes.update(health.causes - before)
        levels.update([str(health.level(health.window_start))] if health.causes else [])
        posts.update(kinds)
        retrained += record.retrain is not None
        before = health.causes
    return {
        "causes": dict(causes),
        "weeks": dict(levels),
        "posts": dict(posts),
        "retrained": retrained,
    }


def write() -> None:
    """Write results and table from what is kept."""
    paths = sorted((RESULTS / "years").glob("*.json"))
    found = [json.loads(path.read_text()) for path in paths]
    cases = [
        _together([one for one in found if (one["family"], one["rows"]) == case], *case)
        for case in sorted({(one["family"], one["rows"]) for one in found}, reverse=True)
    ]
    (DOCS / "years.json").write_text(json.dumps(cases, indent=1) + "\n")
    replace_part(PAGE, "years", table(_HEADER, [_line(case) for case in cases]))


def _together(found: Sequence[Result], family: str, rows: int) -> Result:
    years = [year for one in found for year in one["years"]]
    counts = {
        name: dict(sum((Counter(year[name]) for year in years), Counter[str]()))
        for name in ("causes", "weeks", "posts")
    }
    retrained = sum(year["retrained"] for year in years)
    return {"family": family, "rows": rows, "years": len(years), **counts, "retrained": retrained}


_HEADER = [
    *("stream", "rows a week", "years"),
    *(f"{cause}{f' (budget {most})' if most else ''}" for cause, most in BUDGETS.items()),
    *("weeks that page", "weeks that warn", "retrained"),
]


def _line(case: Result) -> list[str]:
    years, causes, weeks = case["years"], case["causes"], case["weeks"]
    return [
        *(case["family"], spaced(case["rows"]), str(years)),
        *(_rate(causes.get(cause, 0), years) for cause in BUDGETS),
        *(_rate(weeks.get(level, 0), years) for level in ("page", "warning")),
        f"{case['retrained'] / years:.1f}",
    ]


def _rate(count: int, years: int) -> str:
    """Return a rate a year, with its exact interval for a Poisson count (Garwood 1936)."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2
    return f"{count / years:.2f} ({low / years:.2f} to {high / years:.2f})"
