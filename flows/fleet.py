"""The fleet: all models whose time has come, each in a warm process, in one run."""

import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

from prefect import flow, tags
from prefect.context import hydrated_context, serialize_context
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from driftloop.base.errors import ConfigError, DriftloopError, IncompleteError
from driftloop.base.workspace import find_workspace
from driftloop.decision.outcome import outcome_of_record
from driftloop.reporting.fleet import Fleet, FleetModel
from flows.monitor import monitor
from flows.naming import all_models_run_name, resolve_as_of, with_words
from tasks.coordination.lost_runs import settle_children
from tasks.fleet.cluster import calls_of_worker, cluster, on_cluster, threads_of
from tasks.fleet.imported import MODULES
from tasks.fleet.isolated import Isolated, LostProcessError, isolated
from tasks.fleet.members import FleetRun, members_of, not_yet_run, processes_at_most
from tasks.runtime.artifacts import show_fleet
from tasks.runtime.progress import progress
from tasks.runtime.step import without_tasks

Models = Generator[FleetModel, None, None]


@flow(name="fleet", flow_run_name=all_models_run_name)
def fleet(
    select: str = "*",
    due: bool = False,
    as_of: datetime | None = None,
    dry_run: bool = False,
    processes: int | None = None,
    minutes: float = 60,
    workspace: str | None = None,
    on: Literal["processes", "dask"] = "processes",
    scheduler: str | None = None,
) -> Fleet:
    """Monitor many models in one run, each in a warm process of its own.

    A model that fails, hangs or needs too much memory is reported and holds up no other. A fleet
    that was cut off is started again with the same moment: what is done is not repeated.

    Args:
        select: pattern of names, such as payments-*, or the name of a fleet.
        due: only models whose schedule has come since their last run, each as of that time.
        as_of: the moment as of which to monitor; the scheduled time of the run if left out.
        dry_run: decide and report, but change nothing and send no messages.
        processes: models at the same time; one more than cores, or as many as memory allows, if
            left out, and as the cluster of `scheduler` has threads.
        minutes: how long one model may take, its retraining included.
        workspace: folder with `configs/`; the working directory if left out.
        on: dask has the workers of a Dask cluster monitor the models; see docs/scaling.md.
        scheduler: address of a Dask cluster, such as tcp://dask:8786; one of this machine's own
            if left out.
    """
    if scheduler and (on != "dask" or processes):
        raise ConfigError("scheduler: goes with on: dask, whose cluster sets the processes")
    place, moment, began = find_workspace(workspace), resolve_as_of(as_of), time.monotonic()
    waiting, settled = members_of(place, select, due, moment, dry_run)
    context = serialize_context()
    context["flow_run_context"].pop("flow", None)  # the process has flows of its own
    run = FleetRun(str(place.root), dry_run, minutes * 60, context)
    monitored, at_once = _all_monitored(waiting, run, on, scheduler, processes)
    models = [*settled, *monitored]
    ranked = tuple(sorted(models, key=lambda model: model.rank))
    record = Fleet(moment, select, time.monotonic() - began, at_once, ranked)
    show_fleet(record)
    if record.failed:
        raise IncompleteError(record.failure, record)
    return with_words(record, record.headline)


def _all_monitored(
    waiting: list[FleetModel], run: FleetRun, on: str, scheduler: str | None, processes: int | None
) -> tuple[list[FleetModel], int]:
    """Return what became of the models, and how many were at work at the same time."""
    on_progress, results = progress("the fleet", "models"), []
    at_once = processes or processes_at_most(len(waiting))
    with ExitStack() as stack:
        if on == "dask" and waiting:
            client = stack.enter_context(cluster(scheduler, at_once))
            at_once, monitored = threads_of(client), _on_workers(client, run, waiting)
        else:
            monitored = _in_processes(run, waiting, at_once)
        stack.enter_context(closing(monitored))  # what is at work ends before the cluster does
        for done, model in enumerate(monitored, start=1):
            results.append(model)
            on_progress(done, len(waiting))
    return results, at_once


def _in_processes(run: FleetRun, waiting: list[FleetModel], at_once: int) -> Models:
    with ThreadPoolExecutor(at_once) as pool, isolated(MODULES) as calls:
        try:
            futures = [pool.submit(_monitored, calls, run, member) for member in waiting]
            yield from (future.result() for future in as_completed(futures))
        except BaseException:  # also Ctrl+C and a cancelled run
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on_workers(client: Any, run: FleetRun, waiting: list[FleetModel]) -> Models:
    from flows.fleet import end_on_worker, monitor_on_worker  # as workers import them

    call = partial(monitor_on_worker, run)
    with closing(on_cluster(client, call, waiting, end_on_worker)) as pairs:
        for member, result in pairs:
            if isinstance(result, FleetModel):
                yield result
            else:
                settle_children(run.context, member.model, f"{result}")
                yield replace(member, result="failed", error=f"{type(result).__name__}: {result}")


def monitor_on_worker(run: FleetRun, member: FleetModel) -> FleetModel:
    """Monitor a model in a process of this worker's; what a lost worker did is not repeated."""
    again = settle_children(run.context, member.model, "its worker was lost; another goes on")
    if again and not run.dry_run:
        known: list[FleetModel] = []
        if not not_yet_run(find_workspace(run.workspace), [member], known):
            return known[0]
    return _monitored(calls_of_worker(MODULES), run, member)


def end_on_worker() -> None:
    """End what this worker has at work."""
    calls_of_worker(MODULES).stop()


def _monitored(calls: Isolated, run: FleetRun, member: FleetModel) -> FleetModel:
    """Return what became of a model; what went wrong is in the record and raises nothing."""
    from flows.fleet import monitor_here as target  # Prefect loads this file by another name

    began = time.monotonic()
    try:
        monitored: FleetModel = calls(run.seconds, target, run, member)
    except DriftloopError as error:
        if isinstance(error, LostProcessError):
            settle_children(run.context, member.model, str(error))
        monitored = replace(member, result="failed", error=str(error))
    return replace(monitored, seconds=time.monotonic() - began)


def monitor_here(run: FleetRun, member: FleetModel) -> FleetModel:
    """Monitor a model as a run below the fleet's."""
    with _below(run.context, member.model):
        record = monitor(member.model, member.as_of, None, run.dry_run, run.workspace)
    outcome = outcome_of_record(record)
    action = record.decision.action
    used = time.process_time()
    return replace(
        member, outcome=outcome, headline=record.headline, action=action, processor_seconds=used
    )


@contextmanager
def _below(context: dict[str, Any], model: str) -> Iterator[None]:
    """Make runs children of the fleet's, without task runs.

    Nor do they have heartbeats: the fleet sees whether they live.
    """
    if context["flow_run_context"]:
        context["flow_run_context"]["flow"] = monitor
    with ExitStack() as stack:
        stack.enter_context(hydrated_context(context))
        stack.enter_context(temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}))
        stack.enter_context(tags("driftloop", model))
        stack.enter_context(without_tasks(monitor.name))
        yield
