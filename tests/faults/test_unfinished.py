"""What a killed process leaves unfinished in MLflow is closed by the next run, whichever it is."""

import time
from pathlib import Path

from faults.forks import Zygote
from faults.state import champion_of
from peers.slack import SlackPeer

from driftloop.base.tags import RunTags
from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.unfinished import LONGEST, close_unfinished, this_process

PROCESS = RunTags.tag_name("process")


def statuses(folder: Path) -> list[str]:
    registry = MlflowRegistry(Workspace(folder))
    runs = registry.client.search_runs([registry.experiment("payments")])
    return sorted(run.info.status for run in runs)


def model_statuses(folder: Path) -> list[str]:
    registry = MlflowRegistry(Workspace(folder))
    models = registry.client.search_logged_models([registry.experiment("payments")])
    return sorted(str(model.status).rpartition(".")[2] for model in models)


def test_a_run_of_another_moment_closes_it(first: Path, zygote: Zygote, slack: SlackPeer) -> None:
    edge = {"how": "kill", "when": "before", "edge": "step:compare on holdout"}
    assert zygote.run("retrain", first, edge)["signal"] == 9
    assert statuses(first) == ["FINISHED", "RUNNING"]
    assert "ok" in zygote.run("monitor", first)
    assert statuses(first) == ["FINISHED", "FINISHED", "KILLED"]
    again = zygote.run("retrain", first)
    assert "ok" in again, again
    assert statuses(first) == ["FINISHED"] * 3, "and who goes on with it finishes it"
    assert champion_of(first) == "2"


def test_a_model_that_was_being_stored(first: Path, zygote: Zygote, slack: SlackPeer) -> None:
    registry = MlflowRegistry(Workspace(first))
    experiment = registry.experiment("payments")
    edge = {"how": "kill", "when": "before", "edge": "step:train challenger"}
    assert zygote.run("retrain", first, edge)["signal"] == 9
    (run,) = registry.client.search_runs([experiment], "attributes.status = 'RUNNING'")
    registry.client.create_logged_model(experiment, "model", source_run_id=run.info.run_id)
    assert model_statuses(first) == ["PENDING", "READY", "READY"]
    assert "ok" in zygote.run("monitor", first)
    assert model_statuses(first) == ["FAILED", "READY", "READY"]


def test_who_is_at_work_is_left_alone(first: Path) -> None:
    registry = MlflowRegistry(Workspace(first))
    client, experiment = registry.client, registry.experiment("payments")
    now = time.time_ns() // 1_000_000
    old = now - int(LONGEST.total_seconds() * 1000) - 60_000
    left = {
        "mine": client.create_run(experiment, tags={PROCESS: this_process()}, start_time=old),
        "elsewhere": client.create_run(experiment, tags={PROCESS: "else 1 1.00"}, start_time=now),
        "unsaid": client.create_run(experiment, start_time=now),
        "own": client.create_run(experiment, start_time=old),
    }
    closed = {
        "long ago": client.create_run(experiment, tags={PROCESS: "else 1 1"}, start_time=old),
        "unsaid": client.create_run(experiment, start_time=old),
        "another's number": client.create_run(
            experiment, tags={PROCESS: this_process().rpartition(" ")[0] + " 1.00"}, start_time=now
        ),
    }
    close_unfinished(client, experiment, left["own"].info.run_id)
    for name, run in left.items():
        assert client.get_run(run.info.run_id).info.status == "RUNNING", name
    for name, run in closed.items():
        assert client.get_run(run.info.run_id).info.status == "KILLED", name
