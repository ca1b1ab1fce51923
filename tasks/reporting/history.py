"""Past monitoring runs of a model, and their reports."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from driftloop.base.errors import RegistryError, WorkspaceError
from driftloop.base.periods import format_time
from driftloop.base.retrain_record import Champion
from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config
from driftloop.promotion.ledger import MOVES
from driftloop.reporting.run_report.page import REPORT_FILE
from driftloop.reporting.run_report.past_runs import (
    FetchedReport,
    History,
    RunPoint,
    episodes_of,
    point_of_tags,
)
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.atomic_file import write_atomically

MOST_SEARCHED = 500
_LISTED = 5


@dataclass(frozen=True, slots=True)
class ReportSelector:
    """Selects a report: of the newest run, of the run as of a moment, or of a run id."""

    as_of: datetime | None = None
    run_id: str | None = None


def model_history(workspace: Workspace, model: str, last: int) -> History:
    """Return a model's newest monitoring runs, the changes of its champion and its incidents.

    Raises:
        ConfigError: if the model is neither configured nor registered.
        RegistryError: if it was never monitored.
    """
    registry = open_registry(workspace)
    points = _points(registry, model, last)
    champion = registry.champion(model)
    return History(
        model=model,
        champion=Champion(champion.version if champion else None),
        runs=points,
        moves=tuple(entry for entry in read_ledger(registry, model) if entry.kind in MOVES),
        incidents=tuple(episodes_of(read_alerts(open_documents(workspace), model))),
    )


def fetch_report(
    workspace: Workspace, model: str, selector: ReportSelector, output: Path | None
) -> FetchedReport:
    """Copy a report out of MLflow, to `output` or below the state folder; return where it is.

    Raises:
        ConfigError: if the model is neither configured nor registered.
        RegistryError: if there is no such run, or it has no report.
        WorkspaceError: if the copy cannot be written.
    """
    registry = open_registry(workspace)
    point = _select(registry, model, selector)
    page = registry.file(point.run_id, REPORT_FILE)
    if page is None:
        raise RegistryError(
            f"the run of {model} as of {point.as_of.isoformat()} has no report: it is older than "
            "reports are or than `retention.reports`, or it could not be written. Run it again: "
            f"driftloop monitor {model} --as-of {point.as_of.isoformat()}"
        )
    file = f"{point.as_of:%Y-%m-%dT%H%M%SZ}.html"
    path = output or workspace.state / "reports" / model / file
    write_page(path, page)
    return FetchedReport(
        model=model,
        as_of=point.as_of,
        run_id=point.run_id,
        outcome=point.outcome,
        headline=point.headline,
        path=str(path),
        address=registry.address(model, point.run_id, REPORT_FILE),
    )


def write_page(path: Path, content: bytes) -> None:
    """Write a page atomically, in a folder that is made for it.

    Raises:
        WorkspaceError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise WorkspaceError(
            f"{path}: cannot be written ({error.strerror}); choose another path with --output"
        ) from error


def _points(registry: Registry, model: str, limit: int) -> tuple[RunPoint, ...]:
    is_registered = registry.registered(model)
    if not is_registered:
        find_config(registry.workspace.configs, model)
    runs = registry.finished(model, "monitor", limit) if is_registered else ()
    if not runs:
        raise RegistryError(
            f"{model} has no finished monitoring run at {registry.workspace.tracking_uri}; "
            f"start one with 'driftloop monitor {model}'"
        )
    return tuple(point_of_tags(run.run_id, run.tags) for run in reversed(runs))


def _select(registry: Registry, model: str, selector: ReportSelector) -> RunPoint:
    points = _points(registry, model, MOST_SEARCHED)
    if selector.run_id is not None:
        run_points = [point for point in points if point.run_id == selector.run_id]
        if not run_points:
            _refuse_retraining(registry, model, selector.run_id)
    elif selector.as_of is not None:
        run_points = _near(points, selector.as_of)
    else:
        run_points = [point for point in points if point.outcome != "empty"] or [points[-1]]
    if run_points:
        return run_points[-1]
    problem = f"--run: received {selector.run_id!r}"
    if selector.as_of is not None:
        problem = f"--as-of: no run of {model} as of {format_time(selector.as_of)}"
    newest = "; ".join(
        f"{point.as_of.isoformat()} (run {point.run_id})" for point in reversed(points[-_LISTED:])
    )
    raise RegistryError(f"{problem}; the newest runs of {model}: {newest}")


def _near(points: tuple[RunPoint, ...], moment: datetime) -> list[RunPoint]:
    """Return the runs as of a moment; a date without a time means the whole day."""
    exact = [point for point in points if abs(point.as_of - moment) < timedelta(seconds=1)]
    whole_day = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    day = [point for point in points if moment <= point.as_of < moment + timedelta(days=1)]
    return exact or (day if whole_day else [])


def _refuse_retraining(registry: Registry, model: str, run_id: str) -> None:
    for kind in ("retrain", "bootstrap"):
        for run in registry.finished(model, kind, MOST_SEARCHED):
            if run.run_id == run_id:
                as_of = format_time(run.tags.as_of)
                raise RegistryError(
                    f"run {run_id} is a training run ({as_of}) and has no report: only monitoring "
                    "runs have one. Its outcome is in model_card.md of that run"
                )
