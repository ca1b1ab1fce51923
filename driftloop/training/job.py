"""Training by somebody else's program: what is started, and how long it may take.

docs/training-job.md is its contract. A new subclass of `TrainingJob` above the line ``AnyJob`` is a
new kind.
"""

import sys
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from driftloop.base.settings import Settings, any_of
from driftloop.training.estimators import Choice

_CALL = (
    "import importlib, sys; module, _, name = sys.argv[1].rpartition('.'); "
    "getattr(importlib.import_module(module), name)(sys.argv[2])"
)


class TrainingJob(Settings):
    """A program that is given the rows to train on and leaves a model."""

    kind: str
    parameters: dict[str, Choice | tuple[Choice, ...]] = Field(
        default_factory=dict, description="Handed on to it as they are, in `plan.json`."
    )
    minutes: float = Field(
        default=60, gt=0, le=10_080, description="A job that takes longer is stopped."
    )
    directory: str = Field(
        default=".", description="Where it is started, from the workspace folder."
    )

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def argv(self, folder: str) -> tuple[str, ...]:
        """Return the program and its arguments; none where it is started in another way."""
        return ()


class CommandJob(TrainingJob):
    """A command; it finds the folder of the job in the variable `DRIFTLOOP_JOB`."""

    kind: Literal["command"] = "command"
    command: tuple[str, ...] = Field(
        min_length=1, description="The program and its arguments, such as [python, train.py]."
    )

    def argv(self, folder: str) -> tuple[str, ...]:
        """Return the command as it is configured."""
        return self.command


class FunctionJob(TrainingJob):
    """A Python function, called in a process of its own with the folder of the job."""

    kind: Literal["function"] = "function"
    path: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        description="Import path from `directory`, such as training.churn.train.",
    )

    def argv(self, folder: str) -> tuple[str, ...]:
        """Return a Python that calls the function."""
        return sys.executable, "-c", _CALL, self.path, folder


class DvcJob(TrainingJob):
    """A stage of a DVC pipeline, `dvc repro`, whose dependencies are in a folder of its own."""

    kind: Literal["dvc"] = "dvc"
    stage: str = Field(min_length=1, description="Name of the stage in `dvc.yaml`.")
    folder: str = Field(
        default="driftloop-job",
        pattern=r"^[^/.][^/]*$",
        description="The folder of the job, in `directory`; the stage names files in it.",
    )

    def argv(self, folder: str) -> tuple[str, ...]:
        """Return a DVC that reproduces the stage."""
        return sys.executable, "-m", "dvc", "repro", self.stage


class DeploymentJob(TrainingJob):
    """A Prefect deployment, run with the folder of the job as its parameter `folder`."""

    kind: Literal["deployment"] = "deployment"
    deployment: str = Field(
        pattern=r"^[^/]+/[^/]+$", description="Flow and deployment, such as train/churn."
    )


if TYPE_CHECKING:
    AnyJob = TrainingJob
else:
    AnyJob = any_of(TrainingJob)
