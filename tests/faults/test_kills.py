"""A run that is killed at any edge and run again ends as one that nobody disturbed.

Between two steps nothing is written, so before a step is after the one that precedes it.
"""

from pathlib import Path
from typing import Any

import pytest
from faults.conftest import Zygote, move
from faults.state import champion_of, state_of
from peers.slack import SlackPeer

RETRAIN = (
    ("before", "step:resolve snapshot"),
    ("before", "step:open training run"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.open_run"),
    ("before", "step:find change"),
    ("before", "step:plan training"),
    ("before", "step:search settings"),
    ("before", "step:train challenger"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.store_file"),
    ("after", "mlflow.sklearn:log_model"),
    ("after", "tasks.retraining.train:log_model"),
    ("after", "tasks.retraining.train:store_row_hashes"),
    ("after", "tasks.retraining.train:log_training"),
    ("after", "tasks.retraining.train:log_importances"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.register"),
    ("before", "step:compare on holdout"),
    ("before", "step:promote"),
    ("after", "tasks.promotion.promote:write_entry"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.tag"),
    ("before", "tasks.promotion.promote:_set_champion"),
    ("after", "tasks.registry.mlflow:MlflowRegistry.set_champion"),
    ("before", "tasks.promotion.promote:complete_move"),
    ("before", "tasks.registry.ledger:write_entry"),
    ("after", "tasks.promotion.promote:complete_move"),
    ("before", "step:record training"),
    ("after", "mlflow:MlflowClient.log_dict"),
    ("before", "step:write retraining alert"),
    ("before", "tasks.coordination.document_files:FileDocuments.write"),
    ("after", "tasks.coordination.document_files:FileDocuments.write"),
    ("before", "step:deliver alerts"),
    ("before", "tasks.alerts.senders:BotSender.send"),
    ("after", "tasks.alerts.senders:BotSender.send"),
    ("after", "tasks.alerts.deliver:prune"),
    ("after", "step:deliver alerts"),
)
MONITOR = (
    ("before", "step:find champion"),
    ("before", "step:examine window"),
    ("before", "step:measure performance"),
    ("before", "step:continue trials"),
    ("after", "tasks.promotion.trials:store_interim_result"),
    ("after", "tasks.promotion.promote:write_entry"),
    ("after", "tasks.promotion.promote:_set_champion"),
    ("before", "tasks.registry.ledger:write_entry"),
    ("after", "tasks.promotion.trials:carry_out_move"),
    ("after", "tasks.promotion.trials:end_trial"),
    ("before", "step:decide"),
    ("before", "step:write report"),
    ("after", "mlflow:MlflowClient.log_text"),
    ("before", "step:write alert"),
    ("after", "step:write alert"),
    ("after", "tasks.alerts.senders:BotSender.send"),
    ("after", "step:deliver alerts"),
    ("before", "step:record run"),
    ("after", "step:record run"),
)
ROLL_BACK = (
    ("before", "step:roll back"),
    ("after", "tasks.promotion.promote:write_entry"),
    ("before", "tasks.promotion.promote:_set_champion"),
    ("after", "tasks.promotion.promote:_set_champion"),
    ("before", "tasks.registry.ledger:write_entry"),
    ("after", "step:roll back"),
    ("after", "step:write rollback alert"),
    ("after", "step:deliver alerts"),
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


@pytest.mark.parametrize("work", CHAMPIONS)
def test_the_undisturbed_run_moved_the_champion_and_told_so(
    work: str, undisturbed: dict[str, dict[str, Any]]
) -> None:
    found = undisturbed[work]
    assert found["champion"] == CHAMPIONS[work][1]
    assert (found["faults"], found["pending"]) == ((), 0)
    told = {
        "retrain": "version 2 is live",
        "monitor": "did worse",
        "roll back": "Version 1 is live",
    }
    assert told[work] in found["posts"][-1][1]
    assert len(found["versions"]) == 2
