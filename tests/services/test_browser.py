"""What `make up` shows, in a real browser: deployments, a run form, a run, its report, the page.

The stack is that of this checkout, with a state and ports of its own; nothing is set up otherwise.
With ``SCREENSHOTS=docs/images`` the pictures of the documentation are taken anew.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pytest
from conftest import start_cli
from peers.slack import SlackPeer
from peers.slack_socket import SlackSocket
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError

from driftloop.alerts.buttons import Request, incident_buttons
from flows.cli.display.stack import _DAILY
from tasks.alerts.presses import requested_run
from tasks.alerts.slack_listener import presses
from tasks.runtime.servers.local_server import free_port
from tests.services import pictures
from tests.tasks.alerts.test_slack_answers import CONFIG as ANSWERED
from tests.tasks.alerts.test_slack_answers import payload

ROOT = Path(__file__).parents[2]
PATIENCE = 60_000
pytestmark = pytest.mark.timeout(900)


@dataclass
class Stack:
    """Where the services of a running stack are."""

    prefect: str
    mlflow: str
    site: str
    variables: dict[str, str] = field(repr=False)
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        return f"Basic {base64.b64encode(f'driftloop:{self.password}'.encode()).decode()}"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask Prefect's API."""
        request = urllib.request.Request(
            f"{self.prefect}/api{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": self.authorization},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def run(command: str, variables: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", command],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of this checkout with a champion trained on the demo's first eight weeks."""
    ports = {name: free_port() for name in ("PREFECT", "MLFLOW", "SITE")}
    variables = {
        "DRIFTLOOP_STATE": str(tmp_path_factory.mktemp("state")),
        "DRIFTLOOP_WORKSPACE": str(ROOT),
        **{f"DRIFTLOOP_{name}_PORT": str(port) for name, port in ports.items()},
    }
    here = {name.lower(): f"http://127.0.0.1:{port}" for name, port in ports.items()}
    clients = {
        "PREFECT_API_URL": f"{here['prefect']}/api",
        "MLFLOW_TRACKING_URI": here["mlflow"],
        "PREFECT_HOME": f"{variables['DRIFTLOOP_STATE']}/client",
    }
    try:
        run("up", variables)
        password = (Path(variables["DRIFTLOOP_STATE"]) / "stack" / "password").read_text().strip()
        clients |= {
            "PREFECT_API_AUTH_STRING": f"driftloop:{password}",
            "MLFLOW_TRACKING_USERNAME": "driftloop",
            "MLFLOW_TRACKING_PASSWORD": password,
        }
        first = start_cli("bootstrap", "payments", "--as-of", "2026-03-09", **variables, **clients)
        assert first.returncode == 0, first.stderr
        yield Stack(**here, variables={**variables, **clients}, password=password)
    finally:
        run("down", variables)


@pytest.fixture(scope="module", autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def person(stack: Stack, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which a person has logged in: in Prefect's form, and when MLflow asked."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 960},
        timezone_id="UTC",
        http_credentials={"username": "driftloop", "password": stack.password},
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{stack.prefect}/v2/deployments")
    page.wait_for_url("**/login**")
    page.locator("input[type=password]").fill(f"driftloop:{stack.password}")
    page.get_by_role("button", name="Login").click()
    page.wait_for_url(lambda address: "login" not in address)
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(person: BrowserContext) -> Iterator[Page]:
    opened = person.new_page()
    yield opened
    opened.close()


def shot(page: Page, name: str) -> None:
    """Take a picture for the documentation, if one is asked for."""
    if pictures.FOLDER is not None:
        page.wait_for_timeout(6000)
        pictures.keep(page, name)


@pytest.fixture(scope="module")
def run_of_form(stack: Stack, person: BrowserContext) -> dict[str, Any]:
    """The run that a person starts with the form of `monitor/monitor`, when it has ended."""
    deployment = stack.ask("/deployments/name/monitor/monitor")["id"]
    page = person.new_page()
    page.goto(f"{stack.prefect}/v2/deployments/deployment/{deployment}/run")
    expect(page.get_by_text("'driftloop deploy' brings this list up to date")).to_be_visible()
    expect(page.get_by_text("decide and report, but change nothing".capitalize())).to_be_visible()
    expect(page.get_by_role("switch").first).to_be_visible()
    expect(page.get_by_text("workspace", exact=False)).to_have_count(0)
    chooser = page.get_by_role("combobox").filter(has_text="Select")
    chooser.or_(page.get_by_role("button", name="Select")).first.click()
    expect(page.get_by_role("option")).to_have_text(["payments"])
    page.get_by_role("option", name="payments").click()
    choose_may_2026(page)
    page.get_by_role("gridcell", name="25").first.get_by_role("button").click()
    page.keyboard.press("Escape")
    shot(page, "run-form")
    # The address of the form looks like the one that follows it, so the answer is waited for.
    with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as started:
        page.get_by_role("button", name="Submit").click()
    assert started.value.status == 201
    page.close()
    return ended(stack, deployment)


def choose_may_2026(page: Page) -> None:
    """Open the calendar at that month; either choice draws it again, and may close it."""
    end = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            if not page.get_by_label("Choose the Month").is_visible():
                page.get_by_role("button", name="As of (Optional)").click(timeout=5000)
            for part, choice, value in (("Month", "May", "4"), ("Year", "2026", "2026")):
                field = page.get_by_label(f"Choose the {part}")
                field.select_option(choice, timeout=5000)
                expect(field).to_have_value(value, timeout=5000)
            return
        except (AssertionError, PlaywrightError):
            if time.monotonic() > end:
                raise


def ended(stack: Stack, deployment: str, seconds: float = 300) -> dict[str, Any]:
    """Wait for the one run of a deployment and return it."""
    asked = {"deployments": {"id": {"any_": [deployment]}}, "limit": 2}
    end = time.monotonic() + seconds
    runs: list[dict[str, Any]] = []
    while time.monotonic() < end:
        runs = stack.ask("/flow_runs/filter", asked)
        if runs and runs[0]["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
            assert len(runs) == 1
            return runs[0]
        time.sleep(1)
    raise AssertionError(f"the run has not ended: {runs}")


def test_who_has_no_password_sees_nothing(stack: Stack, browser: Browser) -> None:
    stranger = browser.new_context()
    stranger.set_default_timeout(PATIENCE)
    page = stranger.new_page()
    page.goto(f"{stack.prefect}/v2/deployments")
    page.wait_for_url("**/login**")
    page.locator("input[type=password]").fill("driftloop:guess")
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_text("Invalid credentials")).to_be_visible()
    assert "login" in page.url
    for address in (stack.mlflow, stack.site):
        answer = page.request.get(address)
        assert answer.status == 401
    stranger.close()


def test_the_deployments_are_listed(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.prefect}/v2/deployments?limit=25")
    for name in ("monitor-payments", "retrain", "rollback", "tool-backtest", "tool-mute"):
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    expect(page.get_by_text("Not Ready")).to_have_count(0)
    names = page.locator("a[href*='/deployments/deployment/']").all_inner_texts()
    daily = ["approve", "fleet", "monitor", "monitor-payments", "retrain", "rollback", "snapshot"]
    assert [name for name in names if name][: len(daily)] == daily
    shot(page, "deployments")


def test_a_run_from_the_form_finishes_with_what_was_chosen(
    stack: Stack, run_of_form: dict[str, Any]
) -> None:
    assert run_of_form["state_type"] == "COMPLETED", run_of_form["state"]
    assert run_of_form["parameters"]["model"] == "payments"
    assert run_of_form["parameters"]["as_of"].startswith("2026-05-2")
    assert run_of_form["name"].startswith("monitor payments 2026-05-2")


def test_a_form_without_a_model_is_not_submitted(stack: Stack, page: Page) -> None:
    deployment = stack.ask("/deployments/name/retrain/retrain")["id"]
    page.goto(f"{stack.prefect}/v2/deployments/deployment/{deployment}/run")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_timeout(3000)
    assert page.url.endswith("/run"), "the form stays open"
    asked = {"deployments": {"id": {"any_": [deployment]}}}
    assert stack.ask("/flow_runs/filter", asked) == []


def test_the_run_shows_what_it_found(stack: Stack, page: Page, run_of_form: dict[str, Any]) -> None:
    page.goto(f"{stack.prefect}/v2/runs/flow-run/{run_of_form['id']}?tab=Artifacts")
    for key in ("payments-run", "payments-findings", "payments-report"):
        expect(page.get_by_text(key, exact=True).last).to_be_visible()
    shot(page, "run")
    page.goto(f"{stack.prefect}/v2/artifacts/key/payments-run")
    page.locator("a[href*='artifacts/artifact/']").first.click()
    expect(
        page.get_by_role("heading", name=re.compile("payments: .*inputs drifted"))
    ).to_be_visible()
    expect(page.get_by_role("link", name="Report")).to_be_visible()
    shot(page, "run-summary")


def test_its_report_opens_in_mlflow_and_by_itself_without_an_error(
    stack: Stack, page: Page, run_of_form: dict[str, Any], tmp_path: Path
) -> None:
    link = stack.ask("/artifacts/payments-report/latest")["data"]
    address = link.partition("](")[2].rstrip(")")
    page.goto(address)
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="payments", exact=True)).to_be_visible()
    assistant = page.locator("[data-component-id='mlflow.assistant.chat_panel.close']")
    if assistant.count():
        assistant.click()  # it takes a third of the screen
    shot(page, "report-in-mlflow")
    file = tmp_path / "report.html"
    done = start_cli(
        "report", "payments", "--output", str(file), "--no-open", "--json", **stack.variables
    )
    assert done.returncode == 0, done.stderr
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", name="Inputs drifted.")).to_be_visible()
    assert said == []


def test_the_page_of_all_models_is_served_and_filters(
    stack: Stack, page: Page, run_of_form: dict[str, Any]
) -> None:
    done = start_cli("dashboard", **stack.variables)
    assert done.returncode == 0, done.stderr
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.goto(stack.site)
    row = page.get_by_role("row").filter(has_text="payments")
    expect(row).to_contain_text("drift")
    expect(row).to_contain_text("v1")
    page.get_by_label("Search").fill("nothing is called so")
    expect(row).to_be_hidden()
    page.get_by_label("Search").fill("pay")
    expect(row).to_be_visible()
    expect(page.get_by_label("Verdict").locator("option")).to_have_text(["all", "drift"])
    page.get_by_label("Verdict").select_option("drift")
    expect(row).to_be_visible()
    row.get_by_role("link", name="Report").click()
    expect(page.get_by_role("heading", name="Inputs drifted.")).to_be_visible()
    assert said == []


def test_each_link_leads_to_its_page(stack: Stack, page: Page, run_of_form: dict[str, Any]) -> None:
    page.goto(f"{stack.prefect}/v2/artifacts/key/payments-run")
    page.locator("a[href*='artifacts/artifact/']").first.click()
    links = {}
    for label in ("Report", "Prefect run", "MLflow run", "Model version"):
        link = page.get_by_role("link", name=label, exact=True)
        expect(link).to_be_visible()
        links[label] = str(link.get_attribute("href"))
    page.goto(links["Report"])
    head = page.frame_locator("iframe").get_by_role("heading", name="payments", exact=True)
    expect(head).to_be_visible()
    expect(page.get_by_role("link", name="Judges")).to_have_count(0)  # those of language models
    page.goto(links["Prefect run"])
    expect(page.get_by_text(run_of_form["name"]).first).to_be_visible()
    page.goto(links["MLflow run"])
    expect(page.get_by_text("monitor payments 2026-05-2").first).to_be_visible()
    expect(page.get_by_role("link", name="Judges")).to_have_count(0)
    assert "workflowType=machine_learning" in page.url
    page.goto(links["Model version"])
    expect(page.get_by_role("heading", name="payments, version 1")).to_be_visible()  # the card


def test_the_deployments_of_every_day_are_a_link_away(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.prefect}{_DAILY}")
    for name in ("monitor-payments", "retrain", "rollback", "approve"):
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="tool-backtest", exact=True)).to_have_count(0)


@pytest.fixture
def socket(stack: Stack, tmp_path: Path) -> Iterator[tuple[SlackPeer, SlackSocket]]:
    """The listener of `up` beside the stack, for one person in the channel #ml."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "payments.yaml").write_text(ANSWERED)
    with SlackSocket() as socket, SlackPeer(socket_url=socket.url) as peer:
        tokens = {"SLACK_APP_TOKEN": peer.app_token, "SLACK_BOT_TOKEN": peer.token}
        place = {"DRIFTLOOP_WORKSPACE": str(tmp_path), "SLACK_API_URL": peer.api_url}
        listener = subprocess.Popen(
            [sys.executable, "-m", "tasks.alerts.slack_listener"],
            cwd=ROOT,
            env={**os.environ, **stack.variables, **tokens, **place},
        )
        yield peer, socket
        listener.terminate()
        listener.wait(30)


@pytest.mark.usefixtures("run_of_form")
def test_each_button_starts_the_run_that_does_it(
    stack: Stack, page: Page, socket: tuple[SlackPeer, SlackSocket]
) -> None:
    peer, slack = socket
    buttons = *incident_buttons("payments", False, "2"), *incident_buttons("payments", True, None)
    for place, button in enumerate(dict.fromkeys(buttons)):
        slack.send(f"e{place}", payload(button, press=f"{place}.{time.time()}"))
        end = time.monotonic() + 60
        while len(peer.whispers) <= place and time.monotonic() < end:
            time.sleep(0.1)
        told = re.fullmatch(f"{button.label}: <(.*)\\|a run> was .*", peer.whispers[-1][1])
        assert told, peer.whispers[-1]
        page.goto(told[1])
        (press,) = presses(payload(button))
        deployment = requested_run(press)[0].partition("/")[2]
        expect(page.get_by_role("link", name=deployment).first).to_be_visible()
    assert len(peer.whispers) == len(get_args(Request)) == place + 1
