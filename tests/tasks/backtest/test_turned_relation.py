"""The relation of inputs and outcome turns round, and no input moves: found, and learned."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from workshop import commit_data, git

from driftloop.backtest.matrix_models import predictions_of, training_settings
from driftloop.backtest.policies import policy_of
from driftloop.backtest.replay import replay as replay_policy
from driftloop.backtest.summary import PolicyResult
from flows.backtest_policy import backtest_policy
from flows.challenge import challenge
from tasks.backtest import matrix as store
from tasks.backtest.matrix import matrix_folder, matrix_of
from tasks.backtest.sandbox import open_sandbox
from tasks.backtest.scores import score_always_retraining
from tasks.runtime.job import load_job
from tests.driftloop.cases import utc

pytestmark = pytest.mark.usefixtures("no_server")
START, ROWS, WEEKS, TURN = utc(2026, 1, 5), 240, 22, 12


def week(number: int) -> datetime:
    return START + timedelta(weeks=number)


def config() -> dict[str, Any]:
    """What `driftloop init` writes for 240 rows a week, with a quick model and no search."""
    return {
        "model": "payments",
        "task": "binary",
        "data": {"path": "data/payments", "time": "at", "label": "y", "key": "id"},
        "features": {"numeric": ["x", "z"], "categorical": ["plan"]},
        "drift": {"engine": "native"},
        "performance": {"margin": 0.05},
        "decision": {"triggers": [{"kind": "drift"}, {"kind": "performance"}, {"kind": "manual"}]},
        "training": {
            "estimator": {"kind": "logistic_regression"},
            "windows": [{"kind": "since_change"}, {"kind": "all"}, {"kind": "sliding"}],
            "minimum_rows": 240,
            "holdout": {"minimum_rows": 240},
            "search": {"kind": "halving", "trials": 0},
        },
        "comparison": {"metric": "roc_auc"},
    }


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in whose thirteenth week the outcome begins to mean the opposite."""
    folder = tmp_path_factory.mktemp("turns")
    rng = np.random.default_rng(29)
    batches = folder / "data" / "payments"
    batches.mkdir(parents=True)
    for number in range(WEEKS):
        table = pd.DataFrame({"id": np.arange(ROWS) + number * ROWS})
        seconds = np.sort(rng.uniform(0, 7 * 86400, ROWS)).astype(int)
        table["at"] = pd.Timestamp(week(number).replace(tzinfo=None)) + pd.to_timedelta(
            seconds, unit="s"
        )
        table["x"], table["z"] = rng.normal(size=(2, ROWS))
        table["plan"] = rng.choice(["a", "b"], ROWS)
        score = 1.3 * table["x"] + 0.8 * (table["plan"] == "a") - 0.4
        score = -score if number >= TURN else score
        table["y"] = (score + rng.logistic(0, 1, ROWS) > 0).astype(int)
        table.to_parquet(batches / f"{week(number):%Y-%m-%d}.parquet", index=False)
    return commit_data(folder, config())


def replay(folder: Path, first: int, until: int) -> tuple[PolicyResult, tuple[float, ...]]:
    job = load_job("payments", workspace=folder)
    rev = git(folder, "rev-parse", "HEAD").strip()
    moments = tuple(week(number) for number in range(first, until + 1))
    return backtest_policy(folder, "turns", job.config, rev, moments, lambda *told: None)


def test_a_turn_is_found_at_once_and_learned_within_four_weeks(turning: Path) -> None:
    policy, frozen = replay(turning, 8, WEEKS)
    by_week = dict(zip(range(9, WEEKS + 1), policy.periods, strict=True))
    before = [by_week[number].score for number in range(9, TURN + 1)]
    assert min(before) > 0.7
    assert all(by_week[number].verdict == "ok" for number in by_week), "no input moved"
    first = by_week[TURN + 1]
    assert "concept_drift" in first.troubles
    assert first.alarm
    low = [number for number, period in by_week.items() if period.score < np.mean(before) - 0.05]
    assert low, "the turn costs something"
    assert max(number for number in low if by_week[number].score < 0.5) <= TURN + 4
    for number in low:
        if by_week[number].score < 0.6:
            assert by_week[number].troubles, f"silent at {by_week[number].score:.2f}"
    assert np.mean([by_week[number].score for number in range(TURN + 5, WEEKS + 1)]) > (
        np.mean(before) - 0.05
    )
    assert sum(period.retrained for period in policy.periods) <= 3
    assert np.mean(frozen[-5:]) < 0.4


@pytest.mark.parametrize(("trained", "noticed"), [(8, TURN + 6), (TURN, TURN + 3)])
def test_a_turn_that_nobody_watched_is_learned_after_the_pause(
    turning: Path, trained: int, noticed: int
) -> None:
    """Also by a champion that was refitted up to the turn, and has no rows of its own before it."""
    job = load_job("payments", workspace=turning)
    rev = git(turning, "rev-parse", "HEAD").strip()
    with open_sandbox(turning, job.config, rev) as sandbox:
        challenge(sandbox.job(week(trained)), "bootstrap", "The first champion.", None)
        late = challenge(sandbox.job(week(noticed)), "retrain", "By hand.", None, by_hand=True)
    assert late.won, late.sentence
    assert late.plan is not None
    assert late.plan.sentence.startswith("Trained on ")
    assert "since_change; worse since 2026-03-30" in late.plan.sentence
    assert late.comparison is not None
    assert late.comparison.champion is not None
    assert late.comparison.champion.value < 0.3 < 0.7 < late.comparison.challenger.value


def test_the_matrix_agrees_with_the_replay_and_is_resumed(
    turning: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = load_job("payments", workspace=turning)
    rev = git(turning, "rev-parse", "HEAD").strip()
    moments = tuple(week(number) for number in range(8, WEEKS + 1))
    settings, trained = training_settings(job.config), []
    assert [setting.name for setting in settings] == ["all", "sliding 8 weeks"]

    def on_model(setting: str, done: int, total: int) -> None:
        trained.append((setting, done, total))

    with open_sandbox(turning, job.config, rev) as sandbox:
        always, _ = score_always_retraining(sandbox, moments, lambda *told: None)
    matrix = matrix_of(job, moments, settings, on_model)
    periods = len(moments) - 1
    assert trained[-1] == ("sliding 8 weeks", periods, periods)
    assert np.diag(matrix.scores["all"]) == pytest.approx(always, abs=1e-5)
    policy, frozen = replay(turning, 8, 9)
    assert matrix.scores["all"][0, 0] == pytest.approx(frozen[0], abs=1e-5)
    assert policy.scores == frozen

    lost = matrix_folder(job, moments) / "all" / "0003.npy"
    before = np.load(lost)
    lost.unlink()
    made = []
    monkeypatch.setattr(
        store, "predictions_of", lambda *given: made.append(given[-1]) or predictions_of(*given)
    )
    again = matrix_of(job, moments, settings, on_model)
    assert made == [moments[3]], "only what is missing is trained"
    np.testing.assert_array_equal(np.load(lost), before)
    np.testing.assert_array_equal(again.scores["all"], matrix.scores["all"])
    lenient = replace(policy_of(job.config), every=3, proof=-1.0, margin=0.05)
    learned = replay_policy(again, lenient)
    assert learned.promoted
    assert learned.scores[-1] > frozen[0]
