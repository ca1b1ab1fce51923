"""The sandbox of a backtest: the loop on past data with simulated time and no outside effects."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pandas as pd
import pyarrow.parquet as pq

from driftloop.backtest.injection import Injection, inject, spread_of
from driftloop.backtest.summary import BaselineScores, PolicyResult
from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import DataError, SnapshotError
from driftloop.base.periods import Span, Window, format_time
from driftloop.base.windows import EARLIEST
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.profiling.whole_numbers import to_frame
from driftloop.promotion.modes import Approval, Auto
from tasks.registry.memory import memory_registry
from tasks.retraining.plan import refuse_untrained
from tasks.runtime.job import Job
from tasks.runtime.step import inline
from tasks.snapshots.parquet import read_slice
from tasks.snapshots.resolve import local_path, snapshot_at

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_GIT = ("-c", "user.name=driftloop", "-c", "user.email=driftloop@localhost")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A workspace whose state is thrown away, and the configuration and data of a backtest."""

    workspace: Workspace
    config: ModelConfig
    rev: str

    def job(self, as_of: datetime) -> Job:
        """Return the job of one moment."""
        return Job(self.workspace, self.config, as_of, self.rev, False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is backtested: a policy, or the always-retrain baseline."""

    name: str
    kind: Literal["policy", "always_retrain"]
    root: Path
    config: ModelConfig
    rev: str
    moments: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class CandidateOutcome:
    """The result of a policy with the scores of its first champion, or that of a baseline."""

    policy: PolicyResult | None = None
    first_champion: tuple[float, ...] = ()
    baseline: BaselineScores | None = None


@contextmanager
def open_sandbox(root: Path, config: ModelConfig, rev: str) -> Iterator[Sandbox]:
    """Open a sandbox in which the production code runs and leaves nothing behind.

    Runs, versions and models are kept in memory, incidents in a folder that is thrown away, steps
    are plain calls. Approvals count as given, and no messages are sent.
    """
    with TemporaryDirectory() as scratch:
        workspace = Workspace(root, Path(scratch))
        with memory_registry(workspace), inline():
            alerts, promotion = config.alerts.model_copy(update={"channels": ()}), config.promotion
            if isinstance(promotion.mode, Approval):
                promotion = promotion.model_copy(update={"mode": Auto()})
            changes = {"alerts": alerts, "promotion": promotion}
            yield Sandbox(workspace, config.model_copy(update=changes), rev)


def data_history(job: Job) -> tuple[Snapshot, Window]:
    """Return the snapshot of a job and the span of its rows.

    Raises:
        DataError: without rows.
        ConfigError: if nothing is trained, so that there is nothing to replay.
    """
    refuse_untrained(job)
    snapshot = snapshot_at(job, job.rev)
    all_rows = DataSlice(snapshot, Window(EARLIEST, _LATEST))
    times = read_slice(all_rows, (), job.config.data.time, job.workspace)[job.config.data.time]
    if times.empty:
        raise DataError(f"{job.config.data.path} holds no rows at {snapshot.short_rev}")
    first, last = (pd.Timestamp(edge).to_pydatetime() for edge in (times.iloc[0], times.iloc[-1]))
    return snapshot, Window(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))


def period_edges(
    job: Job, history: Window, first: datetime | None, last: datetime | None
) -> tuple[datetime, ...]:
    """Return the moments of a backtest, one per period; the first trains the first champion.

    Without `first` the first champion is trained on the first quarter of the history, without
    `last` the last window is the last one that the data fill. Raises `DataError` if there is no
    period between the two.
    """
    span = job.config.windows.current
    begin = first or _quarter(history, span)
    end = last or history.end + timedelta(days=1)
    moments = [begin]
    while (following := span.after(moments[-1])) <= end:
        moments.append(following)
    if len(moments) < 2 or begin <= history.start:
        raise DataError(
            f"no period of {span} between {format_time(begin)} and {format_time(end)}; the data "
            f"hold rows from {history}"
        )
    return tuple(moments)


def _quarter(history: Window, span: Span) -> datetime:
    """Return the first edge of a period, counted from the first row, after a quarter of it."""
    edge = history.start.replace(hour=0, minute=0, second=0, microsecond=0)
    if span.unit in ("month", "year"):
        edge = edge.replace(day=1)
    while edge < history.start + (history.end - history.start) / 4:
        edge = span.after(edge)
    return edge


def repository_with_drift(job: Job, snapshot: Snapshot, injection: Injection, folder: Path) -> str:
    """Write the snapshot with injected drift into a new repository and return its commit.

    Raises `SnapshotError` if Git or DVC cannot, and `ConfigError` if the change does not suit the
    column.
    """
    time = job.config.data.time
    all_rows = DataSlice(snapshot, Window(EARLIEST, _LATEST))
    column = read_slice(all_rows, (injection.column,), time, job.workspace)
    if injection.column not in column.columns:
        raise DataError(f"--inject: the data hold no column {injection.column!r}")
    spread = spread_of(column[injection.column])
    for file in snapshot.files:
        table = to_frame(pq.read_table(local_path(snapshot, file, job.workspace)))
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        inject(table, injection, time, spread).to_parquet(target, index=False)
    top = Path(snapshot.path).parts[0]
    for command in (
        ("git", "init", "-q"),
        (sys.executable, "-m", "dvc", "init"),  # with -q it hides its errors too
        (sys.executable, "-m", "dvc", "add", top),
        ("git", "add", "-A", "."),
        ("git", *_GIT, "commit", "-qm", "injected drift"),
    ):
        _run(command, folder)
    return _run(("git", "rev-parse", "HEAD"), folder)


def read_from_repository(config: ModelConfig, folder: Path) -> ModelConfig:
    """Return the configuration reading its data from another repository."""
    data = config.data.model_copy(update={"repository": str(folder), "rev": "HEAD"})
    return config.model_copy(update={"data": data})


def _run(command: tuple[str, ...], folder: Path) -> str:
    process = subprocess.run(  # noqa: S603 - fixed commands
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if process.returncode:
        reason = " ".join(process.stderr.split())[-300:]
        raise SnapshotError(f"{' '.join(command[:3])} failed in {folder}: {reason}")
    return process.stdout.strip()
