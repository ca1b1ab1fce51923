"""A training by somebody else's program: rows and plan handed over, a model and its rows back."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import pandas as pd

from driftloop.base.errors import RegistryError, TrainingError, UnavailableError
from driftloop.base.serialize import to_json
from driftloop.performance.target import Classes, Target
from driftloop.training.foreign import ForeignModel
from driftloop.training.job import DeploymentJob, DvcJob, TrainingJob
from tasks.monitoring.tables import examples
from tasks.registry.foreign import open_foreign
from tasks.registry.mlflow_calls import mlflow_context
from tasks.registry.models import fetch_model, trust_of
from tasks.registry.opening import open_registry
from tasks.retraining.row_hashes import hashes_of
from tasks.runtime.job import Job

ROWS, PLAN, RESULT, LOG = "train.parquet", "plan.json", "result.json", "job.log"
VARIABLE, ROW = "DRIFTLOOP_JOB", "driftloop_row"
CHECKED = 1000
"""Rows on which the predictions of a foreign model are looked at before it is compared."""

Purpose = Literal["compare", "serve"]


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job leaves: where its model is, and which rows it was trained on if it says so."""

    model: str
    rows: str | None = None


def train_by_job(
    job: Job, own: TrainingJob, run_id: str, rows: pd.DataFrame, target: Target, purpose: Purpose
) -> tuple[ForeignModel, pd.DataFrame]:
    """Run a job on labelled rows; return its model, and the rows that it was trained on.

    Raises:
        TrainingError: if it fails, takes too long, leaves no model that can be used, or was trained
            on rows that it was not given.
        UnavailableError: if Prefect does not answer.
    """
    state = job.workspace.state / "jobs"
    state.mkdir(parents=True, exist_ok=True)
    kept = TemporaryDirectory(prefix=f"{job.model}-{purpose}-", dir=state)
    directory = job.workspace.root / own.directory
    folder = directory / own.folder if isinstance(own, DvcJob) else Path(kept.name)
    hashes = hashes_of(job, rows)
    _hand_over(job, own, folder, rows.assign(**{ROW: hashes}), target, purpose)
    before = _digest(folder / ROWS)
    try:
        _run(job, own, folder, directory)
    finally:
        if (folder / LOG).is_file():
            open_registry(job.workspace).store_file(run_id, folder / LOG, f"job/{purpose}")
    if _digest(folder / ROWS) != before:
        raise TrainingError(
            f"the training job changed {ROWS}, so that nobody knows which rows its model was "
            "trained on"
        )
    result = _result(folder)
    seen = _seen(job, folder, result, rows, hashes)
    model = _model(job, folder, result, rows, target)
    model.keep(kept)
    return model, seen


def _hand_over(
    job: Job, own: TrainingJob, folder: Path, rows: pd.DataFrame, target: Target, purpose: Purpose
) -> None:
    data, features = job.config.data, job.config.features
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT).unlink(missing_ok=True)
    rows.to_parquet(folder / ROWS, index=False)
    plan = {
        "model": job.model,
        "purpose": purpose,
        "as_of": job.as_of,
        "rows": len(rows),
        "task": job.config.task,
        "time": data.time,
        "label": data.label,
        "key": data.key,
        "classes": target.names if isinstance(target, Classes) else None,
        "numeric": features.numeric,
        "categorical": features.categorical,
        "parameters": own.parameters,
    }
    (folder / PLAN).write_text(to_json(plan), encoding="utf-8")


def _digest(file: Path) -> str:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _run(job: Job, own: TrainingJob, folder: Path, directory: Path) -> None:
    if isinstance(own, DeploymentJob):
        run_deployment_job(own, folder)
        return
    variables = {VARIABLE: str(folder), "MLFLOW_TRACKING_URI": job.workspace.tracking_uri}
    try:
        with (folder / LOG).open("wb") as log:
            started = subprocess.Popen(  # noqa: S603 - the configured command
                own.argv(str(folder)),
                cwd=directory,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code = _waited(started, own.minutes)
    except OSError as error:
        what = f"{error.strerror or error}: {error.filename or own.argv('')[0]}"
        raise TrainingError(f"the training job cannot be started ({what})") from error
    if code:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with {code}"
        raise TrainingError(
            f"the training job {how}; what it printed is with the MLflow run, under job/"
        )


def _waited(started: "subprocess.Popen[bytes]", minutes: float) -> int:
    """Return the exit code; a job that takes too long is ended with all that it started."""
    try:
        return started.wait(minutes * 60)
    except BaseException as error:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise _too_long(minutes) from error
        raise


def _too_long(minutes: float) -> TrainingError:
    return TrainingError(
        f"the training job took longer than {minutes:g} minutes and was stopped "
        "(training.job.minutes)"
    )


def run_deployment_job(own: DeploymentJob, folder: Path) -> None:
    """Run a deployment and wait for its end; raises `TrainingError` where it does not complete."""
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    try:
        run: Any = run_deployment(
            own.deployment,
            parameters={"folder": str(folder)},
            timeout=own.minutes * 60,
            poll_interval=2,
        )
    except ObjectNotFound as error:
        raise TrainingError(
            f"the training job cannot be started (Prefect has no deployment {own.deployment})"
        ) from error
    except OSError as error:
        raise UnavailableError(f"the Prefect server does not answer: {error}") from error
    if run.state is None or not run.state.is_final():
        _cancel(run.id)
        raise _too_long(own.minutes)
    if not run.state.is_completed():
        raise TrainingError(f"the training job {own.deployment} ended as {run.state.name}")


def _cancel(flow_run: Any) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run, Cancelling(), force=True)


def _result(folder: Path) -> JobResult:
    """Return what the job says of itself; without a word its model is in the folder `model`."""
    if not (folder / RESULT).is_file():
        if (folder / "model").is_dir():
            return JobResult("model")
        raise TrainingError(
            f"the training job left no model: its folder holds neither {RESULT} nor a folder model"
        )
    try:
        return JobResult(**json.loads((folder / RESULT).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise TrainingError(
            f"the training job's {RESULT} cannot be read: write model, and rows if you like, as "
            "JSON"
        ) from error


def _seen(
    job: Job, folder: Path, result: JobResult, rows: pd.DataFrame, hashes: Any
) -> pd.DataFrame:
    """Return those of the rows given that the job was trained on: all if it does not say."""
    if result.rows is None:
        return rows
    try:
        listed = pd.read_parquet(folder / result.rows)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"the training job's list of its rows, {result.rows}, cannot be read as Parquet"
        ) from error
    own = listed[ROW].to_numpy(np.uint64) if ROW in listed else hashes_of(job, listed)
    strange = int((~np.isin(own, hashes)).sum())
    if strange:
        raise TrainingError(
            f"the training job was trained on {strange:,} rows that it was not given, and the "
            "holdout may be among them: no fair comparison"
        )
    return rows[np.isin(hashes, own)]


def _model(
    job: Job, folder: Path, result: JobResult, rows: pd.DataFrame, target: Target
) -> ForeignModel:
    what, place = "the model of the training job", folder / result.model
    if ":/" in result.model:
        try:
            place = fetch_model(job.workspace, result.model, folder / "fetched")
        except RegistryError as error:
            raise TrainingError(f"{what}, {result.model}, cannot be fetched: {error}") from error
    elif not place.is_dir():
        raise TrainingError(f"the training job left no model: there is no folder {result.model}")
    return foreign_model(job, place, what, rows, target)


def foreign_model(
    job: Job, folder: Path, what: str, rows: pd.DataFrame, target: Target
) -> ForeignModel:
    """Return the model in a folder, if it predicts the target on the newest of some rows."""
    with mlflow_context(job.workspace):
        model = open_foreign(folder, what, job.config.features.by_type, target, trust_of(job))
        model.check(examples(job, rows.tail(CHECKED), target, model).table, target)
    return model
