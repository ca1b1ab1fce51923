"""The fleet: all models whose time has come, each in a warm process, in one run."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from prefect import flow, tags
from prefect.context import hydrated_context, serialize_context
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from driftloop.base.errors import DriftloopError, IncompleteError
from driftloop.base.workspace import find_workspace
from driftloop.decision.outcome import outcome_of_record
from driftloop.reporting.fleet import Fleet, FleetModel
from flows.monitor import monitor
from flows.naming import all_models_run_name, resolve_as_of, with_words
from tasks.coordination.lost_runs import settle_children
from tasks.fleet.isolated import Isolated, LostProcessError, isolated
from tasks.fleet.members import FleetRun, members_of, processes_at_most
from tasks.runtime.artifacts import show_fleet
from tasks.runtime.progress import progress

IMPORTED = (
    "tasks.fleet.preloaded",  # before all others
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection", "sklearn.metrics"),
    *("scipy.stats", "scipy.optimize", "pyarrow.parquet", "pyarrow.dataset", "pandas"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
    *("mlflow.store.tracking.rest_store", "mlflow.store.model_registry.rest_store"),
    *(
        "mlflow.artifacts",
        "mlflow.models",
        "mlflow.data",
        "mlflow.store.artifact.local_artifact_repo",
    ),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "mpl_toolkits.mplot3d"),
    *("dvc.repo", "dvc.api", "dvc_data.index", "dvc_http", "dvc_render", "scmrepo.git", "pygit2"),
    *("numba", "alibi_detect.cd", "narwhals.stable"),
    *("prefect.artifacts", "prefect.events.worker", "prefect.task_engine", "prefect.flow_engine"),
    *("tasks.reporting.run_report_plots", "flows.fleet"),
)
"""What a process has imported before it begins: else every model would import it again."""


@flow(name="fleet", flow_run_name=all_models_run_name)
def fleet(
    select: str = "*",
    due: bool = False,
    as_of: datetime | None = None,
    dry_run: bool = False,
    processes: int | None = None,
    minutes: float = 60,
    workspace: str | None = None,
) -> Fleet:
    """Monitor many models in one run, each in a warm process of its own.

    A model that fails, hangs or needs too much memory is reported and holds up no other. A fleet
    that was cut off is started again with the same moment: what is done is not repeated.

    Args:
        select: pattern of names, such as payments-*, or the name of a fleet.
        due: only models whose schedule has come since their last run, each as of that time.
        as_of: the moment as of which to monitor; the scheduled time of the run if left out.
        dry_run: decide and report, but change nothing and send no messages.
        processes: models at the same time; as many as cores and memory allow if left out.
        minutes: how long one model may take, its retraining included.
        workspace: folder with `configs/`; the working directory if left out.
    """
    place, moment, began = find_workspace(workspace), resolve_as_of(as_of), time.monotonic()
    waiting, settled = members_of(place, select, due, moment, dry_run)
    at_once = processes or processes_at_most(len(waiting))
    context = serialize_context()
    context["flow_run_context"].pop("flow", None)  # the process has flows of its own
    run = FleetRun(str(place.root), dry_run, minutes * 60, context)
    models = [*settled, *_all_monitored(waiting, run, at_once)]
    ranked = tuple(sorted(models, key=lambda model: model.rank))
    record = Fleet(moment, select, time.monotonic() - began, at_once, ranked)
    show_fleet(record)
    if record.failed:
        raise IncompleteError(record.failure, record)
    return with_words(record, record.headline)


def _all_monitored(waiting: list[FleetModel], run: FleetRun, at_once: int) -> list[FleetModel]:
    on_progress, results = progress("the fleet", "models"), []
    with ThreadPoolExecutor(at_once) as pool, isolated(IMPORTED) as calls:
        try:
            futures = [pool.submit(_monitored, calls, run, member) for member in waiting]
            for done, future in enumerate(as_completed(futures), start=1):
                results.append(future.result())
                on_progress(done, len(futures))
        except BaseException:  # also Ctrl+C and a cancelled run
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def _monitored(calls: Isolated, run: FleetRun, member: FleetModel) -> FleetModel:
    """Return what became of a model; what went wrong is in the record and raises nothing."""
    from flows.fleet import monitor_here as target  # Prefect loads this file by another name

    began = time.monotonic()
    try:
        found: FleetModel = calls(run.seconds, target, run, member)
    except DriftloopError as error:
        if isinstance(error, LostProcessError):
            settle_children(run.context["flow_run_context"], member.model, str(error))
        found = replace(member, result="failed", error=str(error))
    return replace(found, seconds=time.monotonic() - began)


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
    """Make runs children of the fleet's, without heartbeats: the fleet sees whether they live."""
    if context["flow_run_context"]:
        context["flow_run_context"]["flow"] = monitor
    with ExitStack() as stack:
        stack.enter_context(hydrated_context(context))
        stack.enter_context(temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}))
        stack.enter_context(tags("driftloop", model))
        yield
