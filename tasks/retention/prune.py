"""Removal of old runs, reports and local copies, as a model's `retention` says.

What is needed is kept whatever stands there. Of runs these are the newest, which later runs look
back on, and all since an open incident or a running trial began. Trainings are never removed: a
rollback may go to what they made, which needs their profile and the hashes of their rows.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from driftloop.base.errors import DataError, DriftloopError, IncompleteError
from driftloop.base.periods import Span
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.reporting.retention import Kind, Pruning, Removal
from driftloop.reporting.run_report.page import REPORT_FILE
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.promotion.trial_store import PROBATION, PROPOSAL, running_trials
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry, Run
from tasks.reporting.run_report import MOST_PAST
from tasks.runtime.step import step

_MOST_RUNS = 50_000
"""Runs that MLflow returns at once; a later pruning finds the others."""


def prune_models(
    workspace: Workspace,
    configs: tuple[ModelConfig, ...],
    broken: tuple[str, ...],
    as_of: datetime,
    dry_run: bool,
) -> Pruning:
    """Remove what is older than each model's settings say, or say in a dry run what that would be.

    A failure of one model does not stop the others. `broken` are the errors of configurations that
    are not valid, whose models are left out.

    Raises:
        IncompleteError: with the record, where something could not be removed.
    """
    removals: list[Removal] = []
    errors = list(broken)
    for config in configs:
        try:
            removals += prune_model(workspace, config, as_of, dry_run)
        except DriftloopError as error:
            errors.append(f"{config.model}: {error}")
    result = Pruning(dry_run, tuple(removals))
    if errors:
        raise IncompleteError("; ".join(errors), result)
    return result


@step("prune model", retries=2)
def prune_model(
    workspace: Workspace, config: ModelConfig, as_of: datetime, dry_run: bool
) -> tuple[Removal, ...]:
    """Remove what is older than a model's settings say, each thing by itself and the oldest first.

    One that is cut off is repeated: what is gone already is passed over.
    """
    model, kept, registry = config.model, config.retention, open_registry(workspace)
    removals: list[Removal | None] = []
    if (kept.runs or kept.reports) and registry.registered(model):
        busy = _busy_since(workspace, registry, model)
        gone = list(_old_runs(registry, model, kept.runs, as_of, MOST_PAST, busy))
        removals.append(_remove_runs(registry, model, gone, dry_run))
        known = {run.run_id for run in gone}
        old = _old_runs(registry, model, kept.reports, as_of, 1, busy)
        pages = [run for run in old if run.run_id not in known and not run.tags.removed]
        removals.append(_remove_reports(registry, model, pages, dry_run))
    copies: dict[Kind, tuple[Path, Span | None]] = {
        "copies of reports": (workspace.state / "reports" / model, kept.reports),
        "profiles": (workspace.state / "profiles" / model, kept.profiles),
    }
    for kind, (folder, span) in copies.items():
        paths = _old_copies(folder, span, as_of)
        removals.append(_removal(model, kind, [(used, _size(path)) for used, path in paths]))
        for _, path in () if dry_run else paths:
            _remove(path)
    return tuple(removal for removal in removals if removal is not None)


def _busy_since(workspace: Workspace, registry: Registry, model: str) -> list[datetime]:
    """Return since when the open incident and each running trial need runs."""
    incident = read_alerts(open_documents(workspace), model).open
    trials = [
        trial for tag in (PROPOSAL, PROBATION) for trial in running_trials(registry, model, tag)
    ]
    begun = [incident.since, incident.opened_at] if incident else []
    return [*begun, *(trial.as_of for trial in trials)]


def _old_runs(
    registry: Registry,
    model: str,
    span: Span | None,
    as_of: datetime,
    newest: int,
    busy: list[datetime],
) -> Iterator[Run]:
    """Yield the runs that are older than a span and not needed, the oldest first.

    One whose tags somebody spoilt is left alone.
    """
    if span is None:
        return
    needed = registry.finished(model, "monitor", newest)
    since = [moment for run in needed if (moment := _moment(run)) is not None]
    before = min([span.before(as_of), *since, *busy])
    for run in reversed(registry.finished(model, "monitor", _MOST_RUNS, before)):
        moment = _moment(run)
        if moment is not None and moment < before:
            yield run


def _moment(run: Run) -> datetime | None:
    try:
        return run.tags.as_of
    except DataError:
        return None


def _remove_runs(registry: Registry, model: str, runs: list[Run], dry_run: bool) -> Removal | None:
    old = []
    for run in runs:
        old.append((run.tags.as_of, sum(registry.file_sizes(run.run_id).values())))
        if not dry_run:
            registry.remove_run(run.run_id)
    return _removal(model, "runs", old)


def _remove_reports(
    registry: Registry, model: str, runs: list[Run], dry_run: bool
) -> Removal | None:
    old = []
    for run in runs:
        size = registry.file_sizes(run.run_id).get(REPORT_FILE)
        old += [] if size is None else [(run.tags.as_of, size)]
        if not dry_run:  # also where there is none, so that nobody looks again
            registry.remove_file(run.run_id, REPORT_FILE)
    return _removal(model, "reports", old)


def _old_copies(folder: Path, span: Span | None, as_of: datetime) -> list[tuple[datetime, Path]]:
    """Return what was not used for a span, the oldest first, without the newest."""
    if span is None or not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if not path.name.endswith(".partial")]
    used = sorted((datetime.fromtimestamp(path.stat().st_mtime, UTC), path) for path in paths)
    return [(moment, path) for moment, path in used[:-1] if moment < span.before(as_of)]


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(path: Path) -> None:
    """Remove a file or a folder; what cannot be removed is tried again the next time."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _removal(model: str, kind: Kind, old: list[tuple[datetime, int]]) -> Removal | None:
    if not old:
        return None
    oldest = min(moment for moment, _ in old)
    return Removal(model, kind, len(old), oldest, sum(size for _, size in old))
