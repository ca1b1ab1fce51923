"""What `up` and the keeper do on a Prefect server, on a real one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import flow, task
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Pending, Running, Submitting, Suspended
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker
from workshop import small_config, write_config

from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_configs
from tasks.runtime import clock
from tasks.stack.prefect_server import (
    AUTOMATION,
    create_automations,
    create_limits,
    create_pool,
    hold_pool,
    pool_template,
    prefect_at,
    release_pool,
    save_secrets,
    secret_names,
)
from tasks.stack.services import MARK, POOL, StackFolder
from tasks.stack.watchdog import (
    MESSAGE,
    PENDING_AT_MOST,
    PUT_BACK,
    put_back_runs,
    remember,
    remembered,
    settle_dead_runs,
)


@pytest.fixture
def client(prefect_server: str) -> Iterator[SyncPrefectClient]:
    with prefect_at(prefect_server) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, prefect_server: str) -> StackFolder:
    """A stack's folder that names the server."""
    found = StackFolder(tmp_path)
    found.root.mkdir()
    api = f'{{"keeper": {{"environment": {{"PREFECT_API_URL": "{prefect_server}"}}}}}}'
    found.services.write_text(api)
    return found


@flow
def nothing() -> None:
    """Do nothing."""


@task
def inner() -> None:
    """Do nothing, in a flow."""


def test_the_automation_is_made_once_and_kept_up_to_date(client: SyncPrefectClient) -> None:
    for seconds in (600, 600, 90, 600):
        create_automations(client, seconds)
        (found,) = client.read_automations_by_name(AUTOMATION)
        assert found.trigger.within == timedelta(seconds=seconds)  # type: ignore[union-attr]
        assert found.enabled
    first = found.id
    create_automations(client)
    assert [automation.id for automation in client.read_automations_by_name(AUTOMATION)] == [first]
    client.delete_automation(first)


def test_the_pool_is_held_and_release_pool(client: SyncPrefectClient, folder: StackFolder) -> None:
    create_pool(client)
    assert create_pool(client) == "unchanged"
    hold_pool(folder)
    assert client.read_work_pool(POOL).is_paused
    release_pool(client, folder)
    assert not client.read_work_pool(POOL).is_paused


def test_an_open_pool_is_closed_to_commands(client: SyncPrefectClient) -> None:
    """Such as one that an earlier version made, or that somebody has opened."""
    create_pool(client)
    default = ProcessWorker.get_default_base_job_template()
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=default))
    assert create_pool(client) == "updated"
    assert create_pool(client) == "unchanged"
    template = client.read_work_pool(POOL).base_job_template
    assert template["variables"]["additionalProperties"] is False
    for part in (template["job_configuration"], template["variables"]["properties"]):
        assert not {"command", "env", "working_dir"} & set(part)


def test_a_worker_takes_no_command_from_a_run() -> None:
    """Prefect's server does not look at the variables of every run, so the template has to hold."""
    given = {"command": "touch x", "env": {"A": "b"}, "env.C": "d", "working_dir": "/tmp"}
    made = asyncio.run(
        ProcessJobConfiguration.from_template_and_values(pool_template(), given, client=object())
    )
    assert (made.command, made.env, made.working_dir) == (None, {}, None)


def test_a_pool_that_a_person_paused_stays_paused(
    client: SyncPrefectClient, folder: StackFolder
) -> None:
    create_pool(client)
    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=True))
    try:
        hold_pool(folder)
        release_pool(client, folder)
        assert client.read_work_pool(POOL).is_paused
    finally:
        client.update_work_pool(POOL, WorkPoolUpdate(is_paused=False))


def test_limits_that_are_taken_stay_taken(client: SyncPrefectClient) -> None:
    model = f"m-{uuid4().hex[:8]}"
    create_limits(client, (model,))
    name = f"driftloop-promote-{model}"
    client.increment_concurrency_slots([name], 1, "concurrency")
    create_limits(client, (model,))
    assert client.read_global_concurrency_limit_by_name(name).active_slots == 1


def test_every_secret_goes_into_its_block(client: SyncPrefectClient, tmp_path: Path) -> None:
    channels = [
        {"kind": "slack", "channel": "#ml-alerts", "token_secret": "my-slack-token"},
        {"kind": "pagerduty", "key_variable": "MY_KEY", "key_secret": "my-key"},
    ]
    source = {"kind": "sql", "query": "select * from t where at >= :start and at < :end"}
    arrivals = {"source": {**source, "url_variable": "MY_URL", "url_secret": "my-url"}}
    config = small_config(alerts={"channels": channels}, arrivals=arrivals)
    write_config(tmp_path, config)
    (tmp_path / "configs" / "broken.yaml").write_text("model: [")
    configs, (fault,) = load_configs(Workspace(tmp_path).configs)
    assert "broken.yaml" in fault
    names = secret_names(configs)
    assert names["SLACK_BOT_TOKEN"] == "my-slack-token"
    assert names["MY_KEY"] == "my-key"
    assert names["MY_URL"] == "my-url"
    assert names["DRIFTLOOP_PUSHGATEWAY_PASSWORD"] == "driftloop-pushgateway-password"
    environment = {"SLACK_BOT_TOKEN": "xoxb-1", "MY_KEY": " ", "OTHER": "x"}
    for value in ("xoxb-1", "xoxb-2"):
        assert save_secrets(names, {**environment, "SLACK_BOT_TOKEN": value}) == ("my-slack-token",)
        assert Secret.load("my-slack-token", _sync=True).get() == value  # type: ignore[call-arg]


def run_in(client: SyncPrefectClient, state: object, parent: object = None) -> str:
    run = client.create_flow_run(nothing, parent_task_run_id=parent)  # type: ignore[arg-type]
    client.set_flow_run_state(run.id, state, force=True)  # type: ignore[arg-type]
    return str(run.id)


def test_runs_without_a_process_are_settled_and_no_others(
    client: SyncPrefectClient, folder: StackFolder
) -> None:
    """A run that has a process goes on; one that ended, waits, or is unknown is left alone."""
    dead, done, waits = (
        run_in(client, state) for state in (Running(), Completed(), Suspended(timeout_seconds=600))
    )
    alive, elsewhere = run_in(client, Running()), run_in(client, Running())
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, MARK: str(folder.root), "PREFECT__FLOW_RUN_ID": alive},
    )
    try:
        remember(folder, [dead, done, waits, alive, str(uuid4())])
        assert settle_dead_runs(client, folder) == (dead,)
        assert remembered(folder) == {alive}
        state = client.read_flow_run(dead).state  # type: ignore[arg-type]
        assert state is not None
        assert (state.name, state.message) == ("Crashed", MESSAGE)
        left = [client.read_flow_run(one).state_name for one in (done, waits, alive, elsewhere)]  # type: ignore[arg-type]
        assert left == ["Completed", "Suspended", "Running", "Running"]
    finally:
        process.kill()
        process.wait()
    assert settle_dead_runs(client, folder) == (alive,)
    assert settle_dead_runs(client, folder) == ()


def test_a_flow_within_a_dead_run_is_settled_with_it(
    client: SyncPrefectClient, folder: StackFolder
) -> None:
    dead = run_in(client, Running())
    step = client.create_task_run(inner, flow_run_id=UUID(dead), dynamic_key="0")
    child = run_in(client, Running(), parent=step.id)
    remember(folder, [dead])
    assert settle_dead_runs(client, folder) == (dead,)
    assert client.read_flow_run(UUID(child)).state_name == "Crashed"


def test_a_run_whose_worker_was_lost_before_it_began_is_put_back(
    client: SyncPrefectClient, folder: StackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_pool(client)
    of_flow = client.create_flow_from_name("nothing")
    deployment = client.create_deployment(of_flow, f"d-{uuid4().hex[:8]}", work_pool_name=POOL)
    lost, begins = (
        client.create_flow_run_from_deployment(deployment, state=state).id
        for state in (Submitting(), Pending())
    )
    elsewhere = UUID(run_in(client, Pending()))
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, MARK: str(folder.root), "PREFECT__FLOW_RUN_ID": str(begins)},
    )
    try:
        assert put_back_runs(client, folder) == (), "it may yet begin"
        later = clock.now() + PENDING_AT_MOST + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert put_back_runs(client, folder) == (str(lost),)
    finally:
        process.kill()
        process.wait()
    names = [client.read_flow_run(run).state_name for run in (lost, begins, elsewhere)]
    assert names == ["Scheduled", "Pending", "Pending"]
    run = client.read_flow_run(lost)
    assert run.state is not None
    assert run.state.message == PUT_BACK
    assert run.state.state_details.scheduled_time == run.expected_start_time
    assert run.expected_start_time is not None
    assert run.expected_start_time < later - PENDING_AT_MOST
    client.delete_deployment(deployment)


def test_what_was_seen_is_not_forgotten_while_the_server_is_away(folder: StackFolder) -> None:
    run = str(uuid4())
    remember(folder, [run])
    with prefect_at("http://127.0.0.1:9/api") as client, pytest.raises(Exception) as caught:  # noqa: PT011
        settle_dead_runs(client, folder)
    assert not isinstance(caught.value, ObjectNotFound)
    assert remembered(folder) == {run}
