"""The members of a fleet's run: which models, each as of which moment, and how many at once."""

from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from driftloop.base.errors import ConfigError, DriftloopError
from driftloop.base.parallel import available_cores
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from driftloop.config.model_config import ModelConfig
from driftloop.decision.outcome import outcome_of_tags
from driftloop.reporting.fleet import FleetModel
from tasks.registry.opening import open_registry
from tasks.runtime.step import step


@dataclass(frozen=True, slots=True)
class FleetRun:
    """What all models of a fleet's run have in common.

    `seconds` is how long each may take; `context` is the run's, as Prefect serialises it.
    """

    workspace: str
    dry_run: bool
    seconds: float
    context: dict[str, Any]


BYTES_EACH = 1_000_000_000
"""Memory that is set aside for each model at work."""


@step("select models", retries=2)
def members_of(
    workspace: Workspace, select: str, due: bool, as_of: datetime, dry_run: bool = False
) -> tuple[list[FleetModel], list[FleetModel]]:
    """Return the models to monitor with their moments, and what is known of the others at once.

    `select` is a pattern of names, or the name of a fleet; a model whose configuration cannot be
    read is said to have failed, never left out. Models with a run as of their moment are not run
    again, but for a dry run. With `due`, a model's moment is the last one of its schedule, and
    models that ran since then, or whose schedule is not active, are not due.

    Raises:
        ConfigError: if nothing is selected.
    """
    waiting: list[FleetModel] = []
    known: list[FleetModel] = []
    for path in sorted(workspace.configs.glob("*.yaml")):
        try:
            config = load_config(path)
            if not _selected(path, config, select):
                continue
            moment = config.schedule.last_time(config.windows.current, as_of) if due else as_of
            active = config.schedule.active or not due
            member = FleetModel(path.stem, "monitored" if active else "not due", moment)
            (waiting if active else known).append(member)
        except DriftloopError as error:
            if _selected(path, None, select):
                known.append(FleetModel(path.stem, "failed", error=str(error)))
    if not waiting and not known:
        raise ConfigError(
            f"{workspace.configs}: no model matches {select!r}; write a pattern of names, such as "
            "'payments-*', or a name that stands in a model's schedule: fleet"
        )
    if dry_run and not due:
        return waiting, known
    return not_yet_run(workspace, waiting, known, due), known


def _selected(path: Path, config: ModelConfig | None, select: str) -> bool:
    """Say whether a model is meant; one without a configuration might be of any fleet."""
    of_fleet = not set("*?[") & set(select) if config is None else config.schedule.fleet == select
    return of_fleet or fnmatchcase(path.stem, select)


def not_yet_run(
    workspace: Workspace, waiting: list[FleetModel], known: list[FleetModel], due: bool = False
) -> list[FleetModel]:
    """Return the models that have no run as of their moment, asked of the registry at once.

    The others are added to those that are `known`.
    """
    overviews = open_registry(workspace).overviews(1)
    left = []
    for member in waiting:
        overview = overviews.get(member.model)
        runs = overview.runs if overview else ()
        last = runs[0].tags if runs else None
        if last and last.as_of and member.as_of and last.as_of >= member.as_of:
            done = replace(member, result="done before", outcome=outcome_of_tags(last))
            known.append(replace(member, result="not due") if due else done)
        else:
            left.append(member)
    return left


def processes_at_most(models: int) -> int:
    """Return how many models may be at work at the same time, by cores and by free memory.

    One more than there are cores: a model waits for servers a third of its time.
    """
    import psutil  # type: ignore[import-untyped]

    by_memory = int(psutil.virtual_memory().available // BYTES_EACH)
    return max(1, min(models, available_cores() + 1, by_memory))
