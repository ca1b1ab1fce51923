"""A challenger that waits for approval: the form in Prefect, and what becomes of the answer."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from peers.slack import SlackPeer
from workshop import look, small_config, write_config

from driftloop.base.workspace import Workspace
from driftloop.promotion.ledger import inconsistencies
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry

pytestmark = pytest.mark.usefixtures("prefect_server")
WEEK = 20  # a challenger wins


@pytest.fixture
def proposed(championed: Path, slack: SlackPeer) -> Path:
    """A workspace in which version 2 has won and waits; nobody runs deployments there."""
    config = small_config()
    config["promotion"] = {"mode": {"kind": "approval", "deadline": "90 years"}}
    write_config(championed, config)
    record = look(championed, WEEK)
    assert record.retrain is not None
    assert record.retrain.promotion is not None
    assert record.retrain.promotion.waits_for == "approval"
    return championed


def champion(folder: Path) -> str:
    registry = open_registry(Workspace(folder))
    found = registry.champion("payments")
    assert found is not None
    assert inconsistencies(read_ledger(registry, "payments"), found.version) == ()
    return found.version


def in_background(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(act())
        except BaseException as error:  # the test looks at it
            found.append(error)

    # A thread begins without Prefect's settings, which are in the context.
    thread = threading.Thread(target=copy_context().run, args=(run,))
    thread.start()
    return thread, found


def paused_run(tag: str, seconds: float = 300) -> Any:
    """Return the flow run with this tag, once it waits with its form."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter

    # The server is the whole session's: runs of other tests may wait there, too.
    wanted = FlowRunFilter.model_validate(
        {"state": {"type": {"any_": ["PAUSED"]}}, "tags": {"all_": [tag]}}
    )
    end = time.monotonic() + seconds
    with get_client(sync_client=True) as client:
        while time.monotonic() < end:
            runs = client.read_flow_runs(flow_run_filter=wanted)
            if runs:
                return runs[0]
            time.sleep(0.3)
    raise AssertionError("no flow run is waiting")


def test_a_challenger_that_waits_is_declined_in_the_form(proposed: Path, slack: SlackPeer) -> None:
    """The next run waits with it; `test_deployments.py` promotes by the same form."""
    from prefect import tags
    from prefect.flow_runs import resume_flow_run

    from flows.approve import approve

    told = slack.posts[-1].text
    assert "version 2 waits for approval" in told
    blocks = yaml.safe_dump(slack.posts[-1].blocks)
    assert "driftloop approve payments" in blocks
    again = look(proposed, WEEK + 1)
    assert again.retrain is None
    assert [(trial.kind, trial.action) for trial in again.trials] == [("approval", "none")]
    assert champion(proposed) == "1"

    own = f"form-{uuid4()}"
    with tags(own):
        thread, found = in_background(lambda: approve("payments", workspace=str(proposed)))
    run = paused_run(own)
    assert champion(proposed) == "1", "nothing happens before the answer"
    answer = {"decision": "keep the champion", "by": "Ada", "comment": "Seen."}
    resume_flow_run(run.id, run_input=answer)
    thread.join(300)
    (done,) = found
    assert done.promoted is False, done
    assert champion(proposed) == "1"
    assert "Ada" in read_ledger(open_registry(Workspace(proposed)), "payments")[-1].sentence
    assert "is live" not in slack.posts[-1].text


def test_the_command(proposed: Path, run_cli: Any) -> None:
    done = run_cli("approve", "payments", "--by", "Ada", "--json", "-w", str(proposed))
    assert done.returncode == 0, done.stderr
    assert '"promoted":true' in done.stdout
    assert champion(proposed) == "2"
    late = run_cli("approve", "payments", "-w", str(proposed))
    assert late.returncode == 2
    assert "no challenger is waiting for approval" in late.stderr
    ledger = run_cli("ledger", "payments", "--json", "-w", str(proposed))
    assert '"faults":[]' in ledger.stdout
    assert '"kind":"awaiting"' in ledger.stdout


def test_nobody_answers_in_time(proposed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.approve import approve
    from tasks.promotion import approval

    monkeypatch.setattr(approval, "seconds_left", lambda proposal: 2)
    done = approve("payments", workspace=str(proposed))
    assert (done.promoted, champion(proposed)) == (False, "1")
    assert "nobody answered in time" in done.sentence
    assert look(proposed, WEEK + 1).trials == ()
