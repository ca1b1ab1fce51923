"""A run that is killed between two writes and run again ends as one that nobody disturbed.

The edges at which an order of writes matters; `test_random_kills.py` has the moments between.
"""

from pathlib import Path
from typing import Any

import pytest
from faults.conftest import move
from faults.forks import Zygote
from faults.state import champion_of, state_of
from peers.slack import SlackPeer

RETRAIN = (
    ("after", "tasks.registry.mlflow:MlflowRegistry.open_run"),
    ("after", "mlflow.sklearn:log_model"),
    ("after", "tasks.retraining.train:store_row_hashes"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.register"),
    ("after", "tasks.promotion.promote:write_entry"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.tag"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.set_champion"),
    ("before", "tasks.promotion.promote:complete_move"),
    ("before", "tasks.registry.ledger:write_entry"),
    ("after", "mlflow:MlflowClient.log_dict"),
    ("before", "tasks.coordination.document_files:FileDocuments.write"),
    ("after", "tasks.coordination.document_files:FileDocuments.write"),
    ("before", "tasks.alerts.senders:BotSender.send"),
    ("after", "tasks.alerts.senders:BotSender.send"),
    ("after", "tasks.alerts.deliver:prune"),
)
MONITOR = (
    ("after", "tasks.promotion.trials:store_interim_result"),
    ("after", "tasks.promotion.promote:write_entry"),
    ("after", "tasks.promotion.promote:_set_champion"),
    ("before", "tasks.registry.ledger:write_entry"),
    ("after", "tasks.promotion.trials:carry_out_move"),
    ("after", "tasks.promotion.trials:end_trial"),
    ("after", "step:write alert"),
    ("after", "tasks.alerts.senders:BotSender.send"),
    ("after", "step:record run"),
)
ROLL_BACK = (
    ("after", "tasks.promotion.promote:write_entry"),
    ("after", "tasks.promotion.promote:_set_champion"),
    ("before", "tasks.registry.ledger:write_entry"),
    ("after", "step:write rollback alert"),
)
TABLE = [
    *(("retrain", *edge) for edge in RETRAIN),
    *(("monitor", *edge) for edge in MONITOR),
    *(("roll back", *edge) for edge in ROLL_BACK),
]
CHAMPIONS = {"retrain": ("1", "2"), "monitor": ("2", "1"), "roll back": ("2", "1")}
"""The champion before and after each."""


def name_of(case: tuple[str, str, str]) -> str:
    work, when, edge = case
    return f"{work}-{when} {edge.rpartition(':')[2].rpartition('.')[2].strip('_')}"


@pytest.fixture
def template(case: tuple[str, str, str], first_template: Path, second_template: Path) -> Path:
    return first_template if case[0] == "retrain" else second_template


@pytest.fixture(scope="session")
def undisturbed() -> dict[str, dict[str, Any]]:
    """What each kind of run leaves behind when nothing goes wrong, by kind."""
    return {}


@pytest.mark.parametrize("case", TABLE, ids=name_of)
def test_killed_and_run_again(
    case: tuple[str, str, str],
    template: Path,
    tmp_path: Path,
    zygote: Zygote,
    slack: SlackPeer,
    undisturbed: dict[str, dict[str, Any]],
) -> None:
    work, when, edge = case
    if work not in undisturbed:
        whole = move(template, tmp_path / "whole")
        assert "ok" in zygote.run(work, whole)
        undisturbed[work] = state_of(whole, slack)
        slack.posts.clear()
    folder = move(template, tmp_path / "killed")
    killed = zygote.run(work, folder, {"how": "kill", "when": when, "edge": edge})
    assert killed["signal"] == 9, killed
    assert champion_of(folder) in CHAMPIONS[work]
    again = zygote.run(work, folder)
    assert "ok" in again, again["trace"]
    assert state_of(folder, slack) == undisturbed[work]
