import os
import subprocess
import sys
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, LogFilter, LogFilterFlowRunId

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
