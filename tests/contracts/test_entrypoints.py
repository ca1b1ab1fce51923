"""The deployments of prefect.yaml point to flows that Prefect can load, and to their parameters."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
LOAD_EACH = """
import os, sys, traceback
from prefect.flows import load_flow_from_entrypoint
for entrypoint in sys.argv[1:]:
    if os.fork() == 0:
        try:
            flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
            print(entrypoint, flow.name, flush=True)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.wait()
"""


def test_entrypoints_load_as_prefect_loads_them() -> None:
    """Each in a process of its own: Prefect puts flows/ first on the path, and hides failures."""
    entrypoints = [deployment["entrypoint"] for deployment in DEPLOYMENTS]
    assert len(entrypoints) >= 12
    command = [sys.executable, "-c", LOAD_EACH, *entrypoints]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    loaded = dict(line.split() for line in done.stdout.splitlines())
    assert loaded == {name: name.rpartition(":")[2] for name in entrypoints}, done.stderr


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_deployments_name_real_parameters(deployment: dict[str, Any]) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(
        str(ROOT / deployment["entrypoint"]), use_placeholder_flow=False
    )
    assert deployment["description"]
    assert set(deployment.get("parameters", {})) <= set(flow.parameters.properties)
