"""Secrets in what a run prints, logs and links to, from its first line on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import start_cli
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, LogFilter, LogFilterFlowRunId
from workshop import small_config, write_config

from driftloop.base.workspace import Workspace

ROOT = Path(__file__).parents[3]
TOKEN = "a-password-of-no-known-form"
RUN = """
from prefect import flow, get_run_logger
from prefect.logging.handlers import APILogWorker
from tasks.runtime.credentials import secret_for

@flow
def redacted_run():
    token = secret_for("SMTP_PASSWORD", "smtp-password")
    get_run_logger().info("sending with %s", token)
    try:
        raise ValueError(f"bad header {token}")
    except ValueError:
        get_run_logger().exception("it failed")

redacted_run()
done, waiting = APILogWorker.drain_all(timeout=120)  # Prefect itself gives up after 5 s
assert not waiting
"""


def test_neither_the_terminal_nor_the_server_of_a_real_run_shows_a_secret(
    prefect_server: str,
) -> None:
    env = {
        "PREFECT_LOGGING_TO_API_ENABLED": "true",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    }
    run = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={**os.environ, **env, "PREFECT_API_URL": prefect_server, "SMTP_PASSWORD": TOKEN},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    with get_client(sync_client=True) as client:
        (run_id,) = (
            run.id
            for run in client.read_flow_runs(
                flow_filter=FlowFilter(name=FlowFilterName(any_=["redacted-run"]))
            )
        )
        logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])))
        stored = "\n".join(log.message for log in logs)
    for told in (run.stdout + run.stderr, stored):
        assert "sending with [redacted]" in told
        assert "ValueError: bad header [redacted]" in told
        assert TOKEN not in told


PASSWORD = "hunter-2-and-more"


@pytest.mark.parametrize("verbose", [(), ("--verbose",)])
@pytest.mark.parametrize(
    "address",
    [
        {"MLFLOW_TRACKING_URI": f"http://me:{PASSWORD}@127.0.0.1:9"},
        {"MLFLOW_TRACKING_URI": f"postgresql://me:{PASSWORD}@127.0.0.1:9/mlflow"},
        {"PREFECT_API_URL": f"http://me:{PASSWORD}@127.0.0.1:9/api"},
    ],
    ids=["MLflow", "a database", "Prefect"],
)
def test_no_error_tells_the_password_of_an_address(
    address: dict[str, str], verbose: tuple[str, ...], tmp_path: Path
) -> None:
    write_config(tmp_path, small_config())
    done = start_cli("monitor", "payments", "-w", str(tmp_path), *verbose, **address)
    assert done.returncode == 2
    told = done.stdout + done.stderr
    assert "127.0.0.1:9" in told
    assert "does not answer" in told, "within seconds: MLflow itself would try for two minutes"
    assert PASSWORD not in told


def test_a_configuration_holds_no_password(tmp_path: Path) -> None:
    config = small_config(data={"repository": f"https://me:{PASSWORD}@git.example/data.git"})
    write_config(tmp_path, config)
    assert PASSWORD in yaml.safe_dump(config)
    done = start_cli("monitor", "payments", "-w", str(tmp_path))
    assert done.returncode == 2
    assert "git config credential.helper" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_no_link_holds_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"https://me:{PASSWORD}@mlflow.example/")
    assert Workspace(tmp_path).mlflow_pages == "https://mlflow.example"
    assert Workspace(tmp_path).tracking_uri.startswith("https://me:"), "which is asked with it"
