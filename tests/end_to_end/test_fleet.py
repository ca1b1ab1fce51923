"""A fleet through a real Prefect server, DVC and MLflow: no model holds up or fails the others."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.flows import load_flow_from_entrypoint
from workshop import ROOT, monday, small_config, write_config

from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from tasks.fleet.imported import MODULES
from tasks.fleet.isolated import isolated
from tasks.registry.mlflow import MlflowRegistry

RunCli = Callable[..., subprocess.CompletedProcess[str]]
NAMES = ("payments", "payments-de")


@pytest.fixture(scope="module")
def models(
    championed_template: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A workspace with two models of the fleet `nightly`, each with a champion."""
    from flows.bootstrap import bootstrap

    folder = tmp_path_factory.mktemp("fleet") / "models"
    shutil.copytree(championed_template, folder, symlinks=True)
    for name in NAMES:
        write_model(folder, name)
    assert bootstrap(NAMES[1], as_of=monday(9), workspace=str(folder)).promotion
    return folder


def write_model(folder: Path, name: str, **data: Any) -> Path:
    config = small_config(data={"path": "data/payments", **data}, schedule={"fleet": "nightly"})
    return write_config(folder, {**config, "model": name}, name)


def results(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {model["model"]: model for model in json.loads(done.stdout)["models"]}


def finished(root: Path, as_of: str) -> dict[str, int]:
    """How many finished monitoring runs as of a moment each model has."""
    registry = MlflowRegistry(Workspace(root))
    return {
        name: sum(
            f"{run.tags.as_of:%Y-%m-%d}" == as_of for run in registry.finished(name, "monitor", 20)
        )
        for name in NAMES
    }


def runs_of(**by: Any) -> Any:
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(by))


def test_each_leaves_what_a_single_run_leaves_and_a_broken_one_fails_alone(
    models: Path, run_cli: RunCli
) -> None:
    broken = models / "configs" / "broken.yaml"
    broken.write_text("model: broken\ncolour: green\n")
    try:
        done = run_cli("fleet", "-w", str(models), "--as-of", "2026-03-16", "--json")
    finally:
        broken.unlink()
    found = results(done)
    assert done.returncode == 2
    assert "1 of 3 models could not be monitored: broken" in done.stderr
    assert "colour: unknown key" in found["broken"]["error"]
    assert {found[name]["headline"] for name in NAMES} == {"healthy"}
    assert finished(models, "2026-03-16") == dict.fromkeys(NAMES, 1)
    children = {
        name: runs_of(name={"like_": f"monitor {name} 2026-03-16"}, tags={"all_": [name]})
        for name in NAMES
    }
    assert all(len(runs) == 1 and runs[0].state.is_completed() for runs in children.values())
    of_them = FlowRunFilter.model_validate(
        {"id": {"any_": [runs[0].id for runs in children.values()]}}
    )
    with get_client(sync_client=True) as client:
        assert client.read_task_runs(flow_run_filter=of_them) == []
    assert len({runs[0].parent_task_run_id for runs in children.values()} - {None}) == len(NAMES)


def modules_of_a_run(root: str) -> list[str]:
    """What a run imports that its process had not imported."""
    from flows.monitor import monitor

    before = set(sys.modules)
    monitor("payments", as_of=monday(11), workspace=root)
    return sorted(set(sys.modules) - before)


def test_a_run_imports_next_to_nothing_for_itself(models: Path) -> None:
    with isolated(MODULES) as calls:
        found = calls(300, modules_of_a_run, str(models))
    assert len(found) < 40, found  # releases of libraries add a few


def test_only_what_is_due(models: Path, run_cli: RunCli) -> None:
    """Each is monitored as of its own schedule's last time: Mondays at six."""
    config = load_config(models / "configs" / "payments.yaml")
    assert config.schedule.cron_for(config.windows.current) == "0 6 * * 1"
    options = ("fleet", "-w", str(models), "--due", "--as-of", "2026-04-08T10:00", "--json")
    first = results(run_cli(*options))
    assert {model["as_of"] for model in first.values()} == {"2026-04-06T06:00:00Z"}
    assert {model["result"] for model in first.values()} == {"monitored"}
    again = results(run_cli(*options))
    assert {model["result"] for model in again.values()} == {"not due"}


def test_the_deployment_loads_its_file_by_another_name_and_does_the_same(models: Path) -> None:
    loaded: Any = load_flow_from_entrypoint(f"{ROOT / 'flows' / 'fleet.py'}:fleet")
    record = loaded("payments-de", as_of=monday(15), workspace=str(models))
    assert [model.result for model in record.models] == ["monitored"]
