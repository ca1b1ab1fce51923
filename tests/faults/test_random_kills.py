"""A run that is killed at random moments and run once more ends as one that nobody disturbed.

A few fixed trials; ``python -m benchmarks kills`` has as many as one likes.
"""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from faults.forks import Zygote
from faults.random_kills import Kills, channel_variables, differences, kills_of
from peers.hook import HookPeer
from peers.slack import SlackPeer

from benchmarks.kills import OPERATIONS

SEED, TRIALS = 2026, 2
TOLD = {
    "retrain": "version 2 is live",
    "monitor": "did worse",
    "roll back": "Version 1 is live",
    "deliver": "version 2 is live",
}
"""What the last post of an undisturbed run says."""


@pytest.fixture(scope="module")
def kills(
    tmp_path_factory: pytest.TempPathFactory, zygote_process: "subprocess.Popen[str]"
) -> Iterator[Kills]:
    with SlackPeer(channels=("#ml-alerts",)) as slack, HookPeer() as hook:
        zygote = Zygote(zygote_process, channel_variables(slack, hook))
        yield Kills(tmp_path_factory.mktemp("kills"), zygote, slack, hook)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_random_and_run_again(operation: str, kills: Kills) -> None:
    state = kills.undisturbed(operation).state
    if operation in TOLD:
        assert TOLD[operation] in state["posts"][-1][1]
        assert (state["faults"], state["pending"]) == ([], 0)
        assert state["webhook"]
    else:
        assert state["tagged"]
        assert state["remote"]
    results = [kills.trial(operation, SEED, number) for number in range(TRIALS)]
    assert [result for result in results if result.faults] == []
    assert sum(result.met for result in results) >= TRIALS - 1, "too few kills met a run"


def test_the_kills_of_a_trial_follow_from_its_seed() -> None:
    trials = [kills_of(1, "retrain", number, 500) for number in range(200)]
    assert trials == [kills_of(1, "retrain", number, 500) for number in range(200)]
    assert trials != [kills_of(2, "retrain", number, 500) for number in range(200)]
    assert {len(trial) for trial in trials} == {1, 2, 3}
    events = {kill.event for trial in trials for kill in trial}
    assert min(events) < 20 < 480 < max(events) <= 500


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        ({"posts": ["a"]}, "lost"),
        ({"posts": ["a", "b", "b"]}, "doubled"),
        ({"posts": ["a", "c"]}, "wrong"),
        ({"posts": ["b", "a"]}, "wrong"),
        ({"champion": "2"}, "wrong"),
        ({"models": ["READY", "READY"]}, "doubled"),
        ({"pending": 1}, "lost"),
    ],
)
def test_a_difference_has_an_outcome(found: dict[str, Any], outcome: str) -> None:
    meant = {"posts": ["a", "b"], "champion": "1", "models": ["READY"], "pending": 0}
    assert [name for name, _ in differences(meant, {**meant, **found})] == [outcome]
    assert differences(meant, meant) == []
