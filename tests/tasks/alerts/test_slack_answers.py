"""Buttons of Slack messages: a press starts one run, by people who may and by nobody else."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from peers.slack import SlackPeer
from peers.slack_socket import SlackSocket

from driftloop.alerts.buttons import Button, incident_buttons, pressed_button, proposal_buttons
from driftloop.base.errors import AlertError
from driftloop.base.workspace import Workspace
from tasks.alerts.presses import Press, requested_run
from tasks.alerts.slack_listener import connect, listening_tokens, presses
from tasks.runtime import clock

CONFIG = """\
model: payments
data: {path: data, time: at, label: y}
features: {numeric: [amount]}
alerts:
  channels:
    - {kind: slack, channel: "#ml", answered_by: [U0ANA0000]}
    - {kind: slack, channel: C0OTHER00}
"""


def payload(button: Button, user: str = "U0ANA0000", place: str = "ml", press: str = "1.2") -> Any:
    """Return what Slack sends when a button of a message is pressed."""
    action = {"type": "button", "action_id": button.identifier, "value": button.value}
    return {
        "type": "block_actions",
        "user": {"id": user, "name": "ana"},
        "channel": {"id": "C0ML00000", "name": place},
        "message": {"ts": "17.1"},
        "trigger_id": press,
        "actions": [action],
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("answers")
    (folder / "configs").mkdir()
    (folder / "configs" / "payments.yaml").write_text(CONFIG)
    return Workspace(folder)


@pytest.fixture(scope="module")
def connected(workspace: Workspace, prefect_server: str) -> Iterator[tuple[SlackPeer, SlackSocket]]:
    """One connection for all tests: to close one takes three seconds."""
    with (
        SlackSocket() as socket,
        SlackPeer(socket_url=socket.url) as peer,
        mock.patch.dict("os.environ", {"SLACK_API_URL": peer.api_url}),
        closing(connect(workspace, peer.app_token, peer.token)),
    ):
        yield peer, socket


@pytest.fixture
def slack(connected: tuple[SlackPeer, SlackSocket]) -> tuple[SlackPeer, SlackSocket]:
    connected[0].whispers.clear()
    return connected


@pytest.fixture
def acknowledge_runs(prefect_server: str) -> Callable[[], list[dict[str, Any]]]:
    """Register a deployment of the acknowledge flow, and return its runs' parameters."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("acknowledge")
        deployment = client.create_deployment(flow, "tool-ack", enforce_parameter_schema=False)

    def runs() -> list[dict[str, Any]]:
        of_it = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        with get_client(sync_client=True) as client:
            return [run.parameters for run in client.read_flow_runs(deployment_filter=of_it)]

    return runs


def wait_for_whispers(peer: SlackPeer, many: int) -> list[tuple[str, str]]:
    end = time.monotonic() + 30
    while len(peer.whispers) < many and time.monotonic() < end:
        time.sleep(0.05)
    return peer.whispers


def test_a_press_starts_one_run_however_often_slack_reports_it(
    slack: tuple[SlackPeer, SlackSocket],
    acknowledge_runs: Callable[[], list[dict[str, Any]]],
) -> None:
    peer, socket = slack
    press = payload(Button("not_a_problem", "payments"), press=f"{time.time()}")
    socket.send("e1", press)
    socket.send("e2", press)
    told = wait_for_whispers(peer, 2)
    assert [user for user, _ in told] == ["U0ANA0000"] * 2
    assert told[0] == told[1]
    page = r"Not a problem: <http://\S+/flow-run/[0-9a-f-]{36}\|a run> was started, and its .*"
    assert re.fullmatch(page, told[0][1])
    mine = [run for run in acknowledge_runs() if run["by"] == "ana (U0ANA0000 in Slack)"]
    assert [(run["model"], run["not_a_problem"]) for run in mine] == [("payments", True)]


@pytest.mark.parametrize(
    ("user", "place", "model", "why"),
    [
        ("U0EVE0000", "ml", "payments", "U0EVE0000 may not answer for payments here"),
        ("U0ANA0000", "elsewhere", "payments", "may not answer for payments here"),
        ("U0ANA0000", "ml", "nobody", "nobody"),
    ],
)
def test_nobody_else_starts_a_run(
    slack: tuple[SlackPeer, SlackSocket],
    acknowledge_runs: Callable[[], list[dict[str, Any]]],
    user: str,
    place: str,
    model: str,
    why: str,
) -> None:
    peer, socket = slack
    before = len(acknowledge_runs())
    socket.send("e", payload(Button("ack", model), user, place))
    ((told, text),) = wait_for_whispers(peer, 1)
    assert told == user
    assert text.startswith("Not done: ")
    assert why in text
    assert len(acknowledge_runs()) == before


def test_a_flow_without_a_deployment_is_named(slack: tuple[SlackPeer, SlackSocket]) -> None:
    peer, socket = slack
    socket.send("e", payload(Button("mute", "payments")))
    ((_, text),) = wait_for_whispers(peer, 1)
    assert (
        text == "Not done: the deployment mute/tool-mute is not registered; run 'driftloop deploy'"
    )


def test_every_button_comes_back_and_names_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    who = "ana (U0ANA0000 in Slack)"
    buttons = {*incident_buttons("m", False, None), *proposal_buttons("m", "7")}
    found = {}
    for button in buttons:
        (press,) = presses(payload(button))
        assert press.button == button
        found[button.request] = requested_run(press)
    common = {"model": "m", "by": who}
    decided = {**common, "version": "7"}
    until = (now + timedelta(days=1)).isoformat()
    assert found == {
        "ack": ("acknowledge/tool-ack", {**common, "not_a_problem": False}),
        "not_a_problem": ("acknowledge/tool-ack", {**common, "not_a_problem": True}),
        "mute": ("mute/tool-mute", {**common, "until": until}),
        "approve": ("answer/tool-answer", {**decided, "approved": True}),
        "decline": ("answer/tool-answer", {**decided, "approved": False}),
        "rollback": ("rollback/rollback", {**common, "reason": f"Requested by {who}."}),
    }


def test_parameters_and_deployments_are_those_of_the_flows() -> None:
    import inspect

    import yaml

    from flows.alerts import acknowledge, mute
    from flows.approve import answer
    from flows.rollback import rollback

    flows = {flow.name: flow for flow in (acknowledge, mute, answer, rollback)}
    file = Path(__file__).parents[3] / "prefect.yaml"
    registered = {
        one["name"]: one["entrypoint"] for one in yaml.safe_load(file.read_text())["deployments"]
    }
    for button in (*incident_buttons("m", False, None), *proposal_buttons("m", "7")):
        name, parameters = requested_run(Press(button, "U1", "ana", ("C1", "ml"), "1"))
        flow, deployment = name.split("/")
        assert parameters.keys() <= inspect.signature(flows[flow].fn).parameters.keys()
        assert registered[deployment].endswith(f":{flows[flow].fn.__name__}")


def test_other_apps_buttons_are_left_alone() -> None:
    other = payload(Button("ack", "m"))
    other["actions"][0]["action_id"] = "deploy"
    assert presses(other) == []
    assert presses({"type": "view_submission"}) == []
    with pytest.raises(AlertError, match="rollback"):
        pressed_button("driftloop:rolback", "{}")
    with pytest.raises(AlertError, match="received the value"):
        pressed_button("driftloop:ack", "payments")


def test_a_button_that_driftloop_never_made_is_logged(
    slack: tuple[SlackPeer, SlackSocket], caplog: pytest.LogCaptureFixture
) -> None:
    peer, socket = slack
    odd = payload(Button("ack", "payments"))
    odd["actions"][0]["action_id"] = "driftloop:rolback"
    socket.send("e1", odd)
    socket.send("e2", payload(Button("ack", "payments"), user="U0EVE0000"))
    assert len(wait_for_whispers(peer, 1)) == 1, "it goes on listening"
    assert "AlertError: button: received 'driftloop:rolback'" in caplog.text


def test_only_channels_that_take_answers_are_listened_to(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, no_server: None
) -> None:
    assert listening_tokens(workspace) == set()
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    assert listening_tokens(workspace) == {("xapp-1", "xoxb-1")}
    path = workspace.configs / "payments.yaml"
    path.write_text(CONFIG.replace(", answered_by: [U0ANA0000]", ""))
    assert listening_tokens(workspace) == set()
