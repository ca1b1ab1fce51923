"""The pull step of every deployment: where a worker finds the checkout."""

import os
from contextlib import suppress
from pathlib import Path

import driftloop
from driftloop.base.environment import prepare_environment
from driftloop.base.errors import WorkspaceError
from driftloop.base.workspace import NAME, make_state


def use_checkout() -> dict[str, str]:
    """Make the checkout the working directory of a run, and return it as ``directory``.

    ``DRIFTLOOP_HOME`` names it on a worker; without it, the checkout that driftloop is installed
    from. The deployer's own path is never recorded.

    Raises:
        WorkspaceError: if there is no checkout there.
    """
    root = Path(os.environ.get("DRIFTLOOP_HOME") or Path(driftloop.__file__).parents[1]).resolve()
    if not (root / "prefect.yaml").is_file():
        raise WorkspaceError(
            f"{root} holds no driftloop checkout; set DRIFTLOOP_HOME on the worker to one"
        )
    with suppress(OSError):  # an image may be read-only and keep its state elsewhere
        make_state(root / NAME)
    prepare_environment(root / NAME)
    os.chdir(root)
    return {"directory": str(root)}
