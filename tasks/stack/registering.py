"""Registers the deployments of a workspace with the Prefect server of its stack."""

import os
import subprocess
import sys

from driftloop.errors import StackError
from driftloop.stack import Plan

SECONDS = 300


def register_deployments(place: Plan) -> None:
    """Register every deployment with the stack's Prefect server; those that are there are renewed.

    Raises:
        StackError: if that fails; names the log.
    """
    log = place.folder.log("deploy")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    with log.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command
                command,
                cwd=place.checkout,
                env={**os.environ, **place.clients},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StackError(
                f"registering the deployments took over {SECONDS} s; see {log}"
            ) from None
    if done.returncode != 0:
        raise StackError(f"the deployments could not be registered; see {log}")
