"""Forks a process for each case: imports are paid for once, and no database is ever shared.

Reads one line of JSON from standard input for each round of cases that start together, and answers
with one line: how each process ended, and what it said.
"""

import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from faults.breaking import break_in
from faults.ground import FIRST, SECOND, WATCH, job_of
from faults.state import kept_state
from snapshot_ground import job_of as snapshot_job
from snapshot_ground import state_of as snapshot_state

from driftloop.base.scores import Comparison, Score
from flows.challenge import challenge
from flows.snapshot import make_snapshot
from flows.watch import watch
from tasks.alerts.deliver_all import deliver_all
from tasks.alerts.write import (
    deliver_alerts,
    write_alert,
    write_retrain_alert,
    write_rollback_alert,
)
from tasks.promotion.promote import promote, roll_back
from tasks.reporting.run_report import write_report
from tasks.retraining.log import confusion_figure
from tasks.runtime.step import inline

SECONDS = 300
IMPORTED = (
    *("alibi_detect.cd", "driftloop.drift.alibi"),
    *(
        "dulwich.ignore",
        "dulwich.worktree",
        "dvc.api",
        "dvc.cachemgr",
        "dvc.data_cloud",
        "dvc.dirs",
    ),
    *("dvc.repo.add", "dvc.repo.checkout", "dvc.repo.datasets", "dvc.repo.graph", "dvc.repo.index"),
    *("dvc.repo.open_repo", "dvc.repo.plots", "dvc.repo.push", "dvc.repo.status"),
    *("dvc.repo.worktree", "dvc.utils.strictyaml", "dvc_data.fs", "dvc_data.hashfile.db.local"),
    *("dvc_data.index.checkout", "dvc_data.index.collect", "dvc_data.index.fetch"),
    *("dvc_data.index.push", "dvc_render", "fsspec.implementations.memory", "git", "networkx"),
    *("pygit2", "scmrepo.fs"),
    *("alembic.command", "alembic.config", "sqlalchemy.dialects.sqlite"),
    *("mlflow.models.display_utils", "mlflow.pyfunc", "mlflow.sklearn"),
    *("mlflow.store.model_registry.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_store"),
    *("mlflow.store.model_registry.sqlalchemy_workspace_store", "mlflow.tracing.processor"),
    *("mlflow.store.tracking.sqlalchemy_workspace_store", "mlflow.tracing.export"),
    *("prefect.deployments", "prefect.telemetry"),
    *("pyarrow.pandas_compat", "sklearn.inspection", "sklearn.linear_model", "skops.io"),
    *("slack_sdk", "tasks.registry.mlflow"),
)
"""What a run imports on its way."""
_SCORE = Score("roc_auc", 0.9, 0.88, 0.92, 500)
_WON = Comparison("roc_auc", _SCORE, _SCORE, 0.05, 0.02, 0.08, 0.0, 0.95, 500, (), True, "Better.")


def _bootstrap(folder: Path) -> str:
    return challenge(job_of(folder, FIRST), "bootstrap", "The first one.", None).sentence


def _retrain(folder: Path, week: int = SECOND, champion: str | None = None) -> str:
    job = job_of(folder, week)
    record = challenge(job, "retrain", "Asked for.", champion)
    write_retrain_alert(job, record)
    deliver_alerts(job)
    return record.sentence


def _monitor(folder: Path) -> str:
    job = job_of(folder, WATCH)

    def tell(run: Any, record: Any) -> None:
        write_report(job, run, record)
        write_alert(job, record, run.history, run.run_id)
        deliver_alerts(job)

    record = watch(job, tell, lambda *_: None)
    deliver_alerts(job)
    return " ".join(trial.sentence for trial in record.trials)


def _roll_back(folder: Path, key: str = "by hand") -> str:
    job = job_of(folder, WATCH)
    done = roll_back(job, None, key)
    write_rollback_alert(job, done, "Started by hand.")
    deliver_alerts(job)
    return f"{'done' if done.promoted else 'not done'}: {done.sentence}"


def _promote(folder: Path, key: str, version: str, expected: str) -> str:
    done = promote(job_of(folder, SECOND), key, version, expected, _WON)
    return f"{'done' if done.promoted else 'not done'}: {done.sentence}"


def _keep(folder: Path, key: str) -> str:
    job = job_of(folder, SECOND)
    return promote(job, key, "4", "1", replace(_WON, won=False, sentence="Worse.")).sentence


def _deliver(folder: Path) -> str:
    job = job_of(folder, SECOND)
    return deliver_all(job.workspace, (job.config,)).sentence


def _snapshot(folder: Path) -> str:
    return make_snapshot(snapshot_job(folder)).sentence


WORK: dict[str, Callable[..., Any]] = {
    "bootstrap": _bootstrap,
    "retrain": _retrain,
    "monitor": _monitor,
    "roll back": _roll_back,
    "promote": _promote,
    "keep": _keep,
    "deliver": _deliver,
    "snapshot": _snapshot,
    "state": kept_state,
    "snapshot state": snapshot_state,
}


def _child(case: dict[str, Any], gate: int, answer: int) -> None:
    """Wait for the gate, break what is to break, work, and end without any clean-up.

    The process leads a group of its own, so that whoever kills it may kill what it started too.
    """
    os.setsid()
    os.environ.update(case.get("env", {}))
    os.read(gate, 1)
    said: dict[str, Any]
    try:
        with inline(), _prefect_at(case.get("server")), break_in(case.get("fault")) as moments:
            said = {"ok": WORK[case["work"]](Path(case["folder"]), **case.get("given", {}))}
        said |= {"events": moments.count} if moments else {}
    except Exception as error:
        said = {"error": type(error).__name__, "line": str(error), "trace": traceback.format_exc()}
    os.write(answer, json.dumps(said).encode())
    os._exit(0)


def _prefect_at(server: str | None) -> AbstractContextManager[object]:
    """Let the slot be a limit of a Prefect server; its settings were read before the fork."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    if server is None:
        return nullcontext()
    os.environ["PREFECT_API_URL"] = server
    return temporary_settings({PREFECT_API_URL: server})


def _fork(case: dict[str, Any], gate: tuple[int, int]) -> tuple[int, int]:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(gate[1])
        os.dup2(2, 1)
        _child(case, gate[0], theirs)
    os.close(theirs)
    return pid, ours


def _outcome(pid: int, answer: int, end: float) -> dict[str, Any]:
    late = False
    while (done := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if late := time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    with os.fdopen(answer, "rb") as file:
        said = json.loads(file.read() or b"{}")
    if late:
        return {"trace": f"it did not end within {SECONDS} seconds"}
    return {"signal": os.WTERMSIG(done[1]) if os.WIFSIGNALED(done[1]) else None, **said}


def _warm_up() -> None:
    """Do beforehand what every run does first and no database is needed for."""
    for name in IMPORTED:
        import_module(name)
    from mlflow.utils.requirements_utils import _init_packages_to_modules_map
    from sqlalchemy.orm import configure_mappers

    _init_packages_to_modules_map()
    configure_mappers()
    confusion_figure([[1, 0], [0, 1]], ("0", "1")).savefig(BytesIO(), format="png")
    gc.collect()
    gc.freeze()  # what is old is not looked through again in every child


def main() -> None:
    """Serve rounds until standard input ends."""
    _warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        gate = os.pipe()
        forked = [_fork(case, gate) for case in json.loads(line)]
        os.close(gate[0])
        os.close(gate[1])  # all that wait begin at once
        end = time.monotonic() + SECONDS
        print(json.dumps([_outcome(*one, end) for one in forked]), flush=True)


if __name__ == "__main__":
    main()
