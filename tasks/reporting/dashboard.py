"""The dashboard of all models: gathering their state, and writing the page."""

from dataclasses import replace
from pathlib import Path

from driftloop.base.errors import ConfigError, DriftloopError
from driftloop.base.scores import shown
from driftloop.base.tags import ModelTags
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from driftloop.decision.outcome import TROUBLE
from driftloop.reporting.business import business_series
from driftloop.reporting.dashboard.page import dashboard_page
from driftloop.reporting.dashboard.rows import Dashboard, ModelRow, dashboard_sentence, is_stale
from driftloop.reporting.run_report.page import REPORT_FILE
from driftloop.reporting.run_report.past_runs import last_move, point_of_tags
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import Documents, all_documents, open_documents
from tasks.registry.ledger import ledger_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import ModelOverview, Registry, Run
from tasks.reporting.history import write_page
from tasks.runtime import clock
from tasks.runtime.step import step

PAGE = "index.html"
_NOTHING = ModelOverview(None, ModelTags(), ())


@step("gather models", retries=2)
def gather_models(workspace: Workspace) -> tuple[ModelRow, ...]:
    """Return a row for every configured model; a model that cannot be evaluated says why."""
    documents, registry = open_documents(workspace), open_registry(workspace)
    overviews, problem = dict[str, ModelOverview](), None
    try:
        overviews = registry.overviews()
        documents = all_documents(workspace, {name: one.tags for name, one in overviews.items()})
    except DriftloopError as error:
        problem = f"the registry could not be read: {error}"
    rows = []
    for path in sorted(workspace.configs.glob("*.yaml")):
        row = ModelRow(path.stem, "missing")
        if problem is not None:  # who keeps the alerts is in the registry, too
            rows.append(_not_evaluated(row, problem))
            continue
        row = _with_incident(row, documents)
        row = _with_overview(row, workspace, overviews.get(row.model, _NOTHING))
        rows.append(_with_configuration(row, path))
    return tuple(rows)


@step("write dashboard", retries=2)
def write_dashboard(workspace: Workspace, rows: tuple[ModelRow, ...], folder: Path) -> Dashboard:
    """Write the page to `folder` and, beside it, the newest report of every model.

    Raises:
        WorkspaceError: if it cannot be written.
    """
    registry = open_registry(workspace)
    linked = tuple(
        replace(row, report=_report(registry, row, folder)) if row.run_id else row for row in rows
    )
    path = folder / PAGE
    write_page(path, dashboard_page(linked, clock.now()).encode())
    return Dashboard(str(path), dashboard_sentence(linked), linked)


def _not_evaluated(row: ModelRow, problem: str) -> ModelRow:
    """Return the row of a model that could not be evaluated, which is never a healthy one."""
    outcome = row.outcome if row.outcome in TROUBLE else "inconclusive"
    return replace(row, problem=row.problem or problem, outcome=outcome)


def _with_incident(row: ModelRow, documents: Documents) -> ModelRow:
    try:
        incident = read_alerts(documents, row.model).open
    except DriftloopError as error:
        return _not_evaluated(row, f"its alerts cannot be read: {error}")
    if incident is None:
        return row
    return replace(row, incident_since=incident.since, incident_severity=incident.severity)


def _with_overview(row: ModelRow, workspace: Workspace, overview: ModelOverview) -> ModelRow:
    try:
        return _with_runs(_with_champion(row, overview), workspace, overview.runs)
    except (DriftloopError, KeyError, TypeError, ValueError) as error:
        return _not_evaluated(row, f"its data in the registry cannot be read: {error}")


def _with_configuration(row: ModelRow, path: Path) -> ModelRow:
    try:
        config = load_config(path)
    except ConfigError as error:
        return _not_evaluated(row, f"its configuration is not valid: {error}")
    if config.model != row.model:
        return _not_evaluated(row, f"its configuration is for another model, {config.model!r}")
    days = config.windows.current.days
    stale = row.as_of is not None and is_stale(row.as_of, clock.now(), days)
    return replace(row, stale=stale)


def _with_champion(row: ModelRow, overview: ModelOverview) -> ModelRow:
    move = last_move(ledger_of(overview.tags))
    if move is None:
        return replace(row, champion=overview.champion)
    return replace(
        row,
        champion=overview.champion,
        promoted_at=move.as_of if move.version == overview.champion else None,
        move=f"{move.kind.replace('_', ' ')} {move.as_of:%Y-%m-%d}",
    )


def _with_runs(row: ModelRow, workspace: Workspace, runs: tuple[Run, ...]) -> ModelRow:
    if not runs:
        return row
    points = [point_of_tags(run.run_id, run.tags) for run in reversed(runs)]
    last = points[-1]
    scored = next((point for point in reversed(points) if point.score is not None), last)
    return replace(
        row,
        run_id=last.run_id,
        outcome=last.outcome,
        headline=last.headline,
        sentence=last.sentence,
        as_of=last.as_of,
        scores=tuple(point.score for point in points),
        metric=scored.metric,
        score=last.score,
        low=last.low,
        high=last.high,
        balance=runs[0].tags.balance,
        business=business_series(
            [point.business for point in points],
            [shown(scored.metric, point.score) for point in points],
            scored.metric,
            {},
        ),
        rev=last.rev or None,
        links=_links(workspace, row.model, runs[0]),
    )


def _links(workspace: Workspace, model: str, run: Run) -> tuple[tuple[str, str], ...]:
    page = workspace.mlflow_page
    links = (
        ("Run", page(f"experiments/{run.experiment}/runs/{run.run_id}") or ""),
        ("Model", page(f"models/{model}") or ""),
        ("Prefect", run.tags.prefect_run or ""),
    )
    return tuple((label, address) for label, address in links if address)


def _report(registry: Registry, row: ModelRow, folder: Path) -> str | None:
    """Copy a model's newest report beside the page, unless it is there; return its address.

    The report of a finished run no longer changes. Names contain no dot, so another model's copies
    cannot be mistaken for this one's.
    """
    place = f"reports/{row.model}.{row.run_id}.html"
    path = folder / place
    if path.is_file():
        return place
    try:
        page = registry.file(row.run_id, REPORT_FILE)
    except DriftloopError:  # the page without a link is worth more than none
        return None
    if page is None:
        return None
    write_page(path, page)
    for old in path.parent.glob(f"{row.model}.*.html"):
        if old != path:
            old.unlink(missing_ok=True)
    return place
