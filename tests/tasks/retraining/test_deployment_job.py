"""A deployment of Prefect's as a training job: done, failed, too late, and not there."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from driftloop.base.errors import TrainingError
from driftloop.training.job import DeploymentJob
from tasks.retraining.job import run_deployment_job

pytestmark = pytest.mark.slow
FLOW = """
from pathlib import Path
from prefect import flow

@flow(name="train-mine")
def train(folder: str):
    Path(folder, "model").mkdir()  # there already in the second run

if __name__ == "__main__":
    train.serve(name="mine")
"""


def test_a_deployment_trains(prefect_server: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FLOW)
    own = DeploymentJob(deployment="train-mine/mine", minutes=10)
    with pytest.raises(TrainingError, match="Prefect has no deployment train-mine/mine"):
        run_deployment_job(own, tmp_path)
    variables = {**os.environ, "PREFECT_API_URL": prefect_server}
    served = subprocess.Popen([sys.executable, "mine.py"], cwd=tmp_path, env=variables)
    try:
        _wait_for("train-mine/mine")
        run_deployment_job(own, tmp_path)
        assert (tmp_path / "model").is_dir()
        with pytest.raises(TrainingError, match="train-mine/mine ended as Failed"):
            run_deployment_job(own, tmp_path)
    finally:
        served.terminate()
        served.wait()
    late = own.model_copy(update={"minutes": 0.03})
    with pytest.raises(TrainingError, match=r"took longer than 0\.03 minutes"):
        run_deployment_job(late, tmp_path)
    with get_client(sync_client=True) as client:
        states = {run.state_name for run in client.read_flow_runs()}
    assert "Cancelling" in states or "Cancelled" in states, states


def _wait_for(deployment: str) -> None:
    with get_client(sync_client=True) as client:
        for _ in range(600):
            try:
                client.read_deployment_by_name(deployment)
                return
            except ObjectNotFound:
                time.sleep(0.5)
    raise AssertionError(f"{deployment} was not registered")
