"""Past monitoring runs of a model, and their reports."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from driftloop.base.errors import RegistryError, WorkspaceError
from driftloop.base.periods import format_time, parse_time
from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config
from driftloop.promotion.ledger import MOVES
from driftloop.reporting.json.base import Champion
from driftloop.reporting.json.reports import (
    HistoryIncident,
    HistoryMove,
    HistoryOutput,
    HistoryRun,
    ReportOutput,
)
from driftloop.reporting.run_page.page import REPORT_FILE
from driftloop.reporting.run_page.past import RunPoint, point_of_tags
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry, own_tags
from tasks.reporting.run_report import episodes_of

MOST_SEARCHED = 500
_LISTED = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report: of the newest run, of the one that looked from a moment, or of a run."""

    as_of: datetime | None = None
    run_id: str | None = None


def model_history(workspace: Workspace, model: str, last: int) -> HistoryOutput:
    """Return a model's newest monitoring runs, the moves of its champion and its incidents.

    Raises:
        ConfigError: if the model is neither configured nor registered.
        RegistryError: if it was never monitored.
    """
    registry = open_registry(workspace)
    points = _points(registry, model, last)
    champion = registry.champion(model)
    moves = [one for one in read_ledger(registry, model) if one.kind in MOVES]
    episodes = episodes_of(read_alerts(open_documents(workspace), model))
    return HistoryOutput(
        model=model,
        champion=Champion(version=champion.version if champion else None),
        runs=tuple(HistoryRun.of(point) for point in points),
        moves=tuple(HistoryMove.of(move) for move in moves),
        incidents=tuple(HistoryIncident.of(episode) for episode in episodes),
    )


def fetch_report(
    workspace: Workspace, model: str, wanted: Wanted, output: Path | None
) -> ReportOutput:
    """Copy a report out of MLflow and return where it is.

    Args:
        workspace: the workspace.
        model: the model's name.
        wanted: which of its reports.
        output: where to put it; left out, below the state folder.

    Raises:
        ConfigError: if the model is neither configured nor registered.
        RegistryError: if there is no such run, or it has no report.
        WorkspaceError: if the copy cannot be written.
    """
    registry = open_registry(workspace)
    point = _chosen(registry, model, wanted)
    page = registry.file(point.run_id, REPORT_FILE)
    if page is None:
        raise RegistryError(
            f"the run of {model} as of {_told(point)} has no report: it was made before there were "
            "reports, or the report could not be written. Run it again: "
            f"driftloop monitor {model} --as-of {point.as_of.isoformat()}"
        )
    path = output or report_path(workspace, model, point.as_of)
    write_whole(path, page)
    return ReportOutput(
        model=model,
        as_of=point.as_of,
        run_id=point.run_id,
        outcome=point.outcome,
        path=str(path),
        address=registry.address(model, point.run_id, REPORT_FILE),
    )


def report_path(workspace: Workspace, model: str, as_of: datetime) -> Path:
    """Return where the local copy of a report is."""
    return workspace.state / "reports" / model / f"{as_of:%Y-%m-%dT%H%M%SZ}.html"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that nobody ever sees half written.

    Raises:
        WorkspaceError: if it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{path}: cannot be written ({error.strerror}); name another place with --output"
        ) from error


def _points(registry: Registry, model: str, most: int) -> tuple[RunPoint, ...]:
    known = model in registry.models()
    if not known:
        find_config(registry.workspace.configs, model)
    runs = registry.finished(model, "monitor", most) if known else ()
    if not runs:
        raise RegistryError(
            f"{model} has no finished monitoring run at {registry.workspace.tracking_uri}; "
            f"start one with 'driftloop monitor {model}'"
        )
    return tuple(point_of_tags(run.run_id, own_tags(run.tags)) for run in reversed(runs))


def _chosen(registry: Registry, model: str, wanted: Wanted) -> RunPoint:
    points = _points(registry, model, MOST_SEARCHED)
    if wanted.run_id is not None:
        run_points = [point for point in points if point.run_id == wanted.run_id]
        if not run_points:
            _refuse_retraining(registry, model, wanted.run_id)
    elif wanted.as_of is not None:
        run_points = _near(points, wanted.as_of)
    else:
        run_points = [points[-1]]
    if run_points:
        return run_points[-1]
    asked = (
        f"--run: received {wanted.run_id!r}"
        if wanted.run_id is not None
        else f"--as-of: no run of {model} as of {format_time(wanted.as_of or points[-1].as_of)}"
    )
    newest = "; ".join(
        f"{_told(point)} (run {point.run_id})" for point in reversed(points[-_LISTED:])
    )
    raise RegistryError(f"{asked}; the newest of {model}: {newest}")


def _near(points: tuple[RunPoint, ...], moment: datetime) -> list[RunPoint]:
    """Return the runs of a moment; a date alone is all of its day."""
    exact = [point for point in points if abs(point.as_of - moment) < timedelta(seconds=1)]
    whole_day = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    day = [point for point in points if moment <= point.as_of < moment + timedelta(days=1)]
    return exact or (day if whole_day else [])


def _refuse_retraining(registry: Registry, model: str, run_id: str) -> None:
    for kind in ("retrain", "bootstrap"):
        for run in registry.finished(model, kind, MOST_SEARCHED):
            if run.run_id == run_id:
                seen = format_time(parse_time(own_tags(run.tags)["as_of"]))
                raise RegistryError(
                    f"run {run_id} is a training ({seen}) and has no report of its own: only "
                    "monitoring runs have one. What it came to is in model_card.md of that run"
                )


def _told(point: RunPoint) -> str:
    return point.as_of.isoformat()
