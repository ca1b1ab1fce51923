"""Runners as processes of their own, and what they measured."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.environments import python_of, variables
from benchmarks.paths import ROOT

Result = dict[str, Any]


def launch(environment: str, module: str, job: dict[str, Any], limit: float) -> Result:
    """Run ``benchmarks.runners.<module>`` with a job; return its result or how it failed.

    Args:
        environment: Whose Python runs it.
        module: The runner.
        job: What to do, as the runner's first argument.
        limit: Seconds after which the process is ended.

    Returns:
        The runner's own result, ``{"over": limit}`` or ``{"error": its last line}``.
    """
    command = [str(python_of(environment)), "-m", f"benchmarks.runners.{module}", json.dumps(job)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            # Its own session, so that the processes it started end with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return {"over": limit}
    if process.returncode:
        lines = errors.strip().splitlines() or [f"exit code {process.returncode}"]
        return {"error": lines[-1]}
    return dict(json.loads(output.strip().splitlines()[-1]))


def kept(path: Path, fresh: bool, make: Callable[[], Result]) -> tuple[Result, bool]:
    """Return the result kept at a path, or make and keep it; failures are not kept.

    Returns:
        The result, and whether it was there already.
    """
    if path.exists() and not fresh:
        return dict(json.loads(path.read_text())), True
    result = make()
    if "error" not in result:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
    return result, False
