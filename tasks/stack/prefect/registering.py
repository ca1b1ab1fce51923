"""Registers the deployments of a workspace with the Prefect server of its stack."""

import os
import subprocess
import sys

from driftloop.base.errors import StackError
from tasks.stack.services import Plan

SECONDS = 300


def register_deployments(plan: Plan) -> None:
    """Register every deployment with the stack's Prefect server, as ``driftloop deploy`` does.

    A model whose configuration cannot be used is left out, so that it does not keep the others
    from being watched after the machine has started.

    Raises:
        StackError: if that fails; says why.
    """
    log = plan.folder.log("deploy")
    command = [sys.executable, "-m", "flows.cli", "deploy", "--skip-broken"]
    with log.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command
                [*command, "--workspace", str(plan.workspace)],
                cwd=plan.checkout,
                env={**os.environ, **plan.clients},
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
        said = log.read_text(errors="replace").strip().splitlines()[-1:]
        why = "".join(said).removeprefix("error: ")
        raise StackError(f"the deployments could not be registered: {why or f'see {log}'}")
