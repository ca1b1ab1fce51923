"""Killed in mid-run: schedules run on, nothing is doubled, nothing waits forever.

One stack for the whole file, as starting one takes half a minute.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from peers.slack import SlackPeer
from prefect.client.schemas.objects import FlowRun
from stacks import Stack, kill, stack_of, wait_until

from tasks.stack.prefect_server import AUTOMATION, SILENT_SECONDS, create_automations
from tasks.stack.supervisor import Supervisor

pytestmark = pytest.mark.timeout(900)
MONITOR = "monitor/monitor-payments"
WORKING = (
    *("Pending", "Submitting", "InfrastructurePending"),
    *("Running", "Cancelling", "Retrying", "AwaitingRetry"),
)


@pytest.fixture(scope="module")
def slack_peer() -> Iterator[SlackPeer]:
    with SlackPeer(token="xoxb-test", channels=("#ml-alerts",)) as peer:
        yield peer


@pytest.fixture(scope="module")
def stack(
    payments_template: Path, tmp_path_factory: pytest.TempPathFactory, slack_peer: SlackPeer
) -> Iterator[Stack]:
    """A stack whose champion was trained by its worker."""
    folder = tmp_path_factory.mktemp("hardship") / "payments"
    shutil.copytree(payments_template, folder, symlinks=True)
    extra = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_API_URL": slack_peer.api_url}
    extra["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] = "30"  # its least, so that silence is short
    with stack_of(folder, **extra) as found:
        assert found.json("up")["state"] == "running", found.logs()
        first = found.begin("bootstrap/tool-bootstrap", model="payments", as_of="2026-03-09")
        assert found.ended(first) == "Completed", found.logs()
        yield found
        assert found.run("down").returncode == 0
        assert found.left() == []


def reached(stack: Stack, run: FlowRun, task: str) -> None:
    """Wait until a run is at work on a task."""

    def there() -> bool:
        from prefect.client.schemas.filters import FlowRunFilter

        wanted = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
        with stack.prefect() as client:
            return any(
                task_run.name.startswith(task)
                for task_run in client.read_task_runs(flow_run_filter=wanted)
            )

    wait_until(there, f"{run.name} never came to {task}: {stack.logs()}", 180)


def begin_and_hold(
    stack: Stack, name: str, **parameters: str
) -> tuple[FlowRun, list[psutil.Process]]:
    """Begin a run, stop it in its middle with all else that the worker has started, return that.

    A run takes less time than a look at it: it waits for MLflow, which is stopped meanwhile.
    """
    mlflow = psutil.Process(stack.pids()["mlflow"])
    servers = [mlflow, *mlflow.children(recursive=True)]
    for server in servers:
        server.suspend()
    try:
        run = stack.begin(name, **parameters)
        running = lambda: stack.state(run) == "Running"  # noqa: E731
        wait_until(running, f"{run.name} never began: {stack.logs()}", 180)
        processes = psutil.Process(stack.pids()["worker"]).children(recursive=True)
        for process in processes:
            process.suspend()
    finally:
        for server in servers:
            server.resume()
    return run, processes


def at_work(stack: Stack) -> list[FlowRun]:
    with stack.prefect() as client:
        runs = client.read_flow_runs(limit=200)
    return [run for run in runs if run.state_name in WORKING]


def check_all_is_well(stack: Stack, posts: int, peer: SlackPeer) -> None:
    """The stack is well, nothing is at work or taken, the ledger holds, and a new run completes.

    What a schedule or an automation started, such as a new page, may end first, also where it lost
    its worker and is put back.
    """
    wait_until(lambda: stack.json("stack")["state"] == "running", f"not well: {stack.logs()}", 120)
    run = stack.begin(MONITOR, as_of="2026-03-16")
    assert stack.ended(run) == "Completed", stack.logs()
    ended = lambda: not any(run.auto_scheduled or run.created_by for run in at_work(stack))  # noqa: E731
    wait_until(ended, f"what started by itself has not ended: {stack.logs()}", 420)
    assert [(run.name, run.state_name) for run in at_work(stack)] == []
    with stack.prefect() as client:
        taken = [limit for limit in client.read_global_concurrency_limits() if limit.active_slots]
    assert [(one.name, one.active_slots) for one in taken] == []
    assert stack.speak("ledger", "payments")["faults"] == []
    keys = [post.text for post in peer.posts]
    assert len(keys) == len(set(keys)), keys
    assert len(keys) - posts <= 1


def promotions(stack: Stack) -> list[str]:
    entries = stack.speak("ledger", "payments")["entries"]
    return [entry["version"] for entry in entries if entry["kind"] == "promoted"]


def test_the_worker_is_killed_and_its_run_goes_on(stack: Stack, slack_peer: SlackPeer) -> None:
    posts = len(slack_peer.posts)
    run = stack.begin("retrain/retrain", model="payments", as_of="2026-04-06", reason="Hardship.")
    reached(stack, run, "train challenger")
    kill(stack.pids()["worker"])
    assert stack.ended(run) == "Completed", stack.logs()
    assert len(promotions(stack)) == len(set(promotions(stack)))
    check_all_is_well(stack, posts, slack_peer)


def test_worker_and_run_are_killed_and_the_run_is_settled(
    stack: Stack, slack_peer: SlackPeer
) -> None:
    """The deployment has one slot: it has to be free for the next run."""
    posts = len(slack_peer.posts)
    run, processes = begin_and_hold(stack, MONITOR, as_of="2026-03-23")
    seen = lambda: str(run.id) in (stack.folder.root / "runs.json").read_text()  # noqa: E731
    wait_until(seen, "the keeper has not seen the run", 120)
    kill(stack.pids()["worker"])
    for process in processes:
        process.kill()
    assert stack.ended(run, 60) == "Crashed"
    check_all_is_well(stack, posts, slack_peer)


def test_prefect_is_killed_in_mid_run(stack: Stack, slack_peer: SlackPeer) -> None:
    posts = len(slack_peer.posts)
    run = stack.begin("retrain/retrain", model="payments", as_of="2026-04-13", reason="Hardship.")
    reached(stack, run, "train challenger")
    kill(stack.pids()["prefect"])
    wait_until(lambda: stack.json("stack")["state"] == "running", stack.logs(), 120)
    assert stack.ended(run) == "Completed", stack.logs()
    check_all_is_well(stack, posts, slack_peer)


def test_mlflow_is_killed_in_mid_run(stack: Stack, slack_peer: SlackPeer) -> None:
    posts = len(slack_peer.posts)
    run = stack.begin("retrain/retrain", model="payments", as_of="2026-04-20", reason="Hardship.")
    reached(stack, run, "train challenger")
    killed = stack.pids()["mlflow"]
    kill(killed)
    wait_until(lambda: stack.pids()["mlflow"] != killed, stack.logs())
    assert stack.ended(run) == "Completed", stack.logs()
    check_all_is_well(stack, posts, slack_peer)


def test_runs_that_are_late_after_an_outage_do_not_pile_up(
    stack: Stack, slack_peer: SlackPeer
) -> None:
    """A week without a worker: of the runs that were missed one is made up, the rest cancelled."""
    posts = len(slack_peer.posts)
    supervisor = Supervisor(stack.folder)
    supervisor.stop_service("worker")
    from prefect.states import Scheduled

    missed = []
    with stack.prefect() as client:
        found = client.read_deployment_by_name(MONITOR)
        for days in range(7, 1, -1):
            due = datetime.now(UTC) - timedelta(days=days)
            state = Scheduled(scheduled_time=due)
            missed.append(
                client.create_flow_run_from_deployment(
                    found.id, state=state, parameters={"as_of": "2026-03-30"}
                )
            )
    supervisor.start_service("worker")
    ends = [stack.ended(run) for run in missed]
    assert ends.count("Completed") == 1, ends
    assert ends.count("Cancelled") == len(missed) - 1, ends
    check_all_is_well(stack, posts, slack_peer)


def test_a_run_that_fell_silent_is_crashed_without_the_keeper(
    stack: Stack, slack_peer: SlackPeer
) -> None:
    """The automation alone settles the run, here after 90 seconds in place of ten minutes."""
    posts = len(slack_peer.posts)
    with stack.prefect() as client:
        create_automations(client, seconds=90)
    supervisor = Supervisor(stack.folder)
    supervisor.stop_service("keeper")
    given = {"model": "payments", "as_of": "2026-04-27", "reason": "Hardship."}
    run, processes = begin_and_hold(stack, "retrain/retrain", **given)
    kill(stack.pids()["worker"])
    for process in processes:
        process.kill()
    (stack.folder.root / "runs.json").write_text("[]")
    assert stack.ended(run, 300) == "Crashed"
    supervisor.start_service("keeper")
    assert stack.json("up")["state"] == "running", "it brings the automation back, too"
    with stack.prefect() as client:
        (automation,) = client.read_automations_by_name(AUTOMATION)
    assert automation.trigger.within == timedelta(seconds=SILENT_SECONDS)
    check_all_is_well(stack, posts, slack_peer)
