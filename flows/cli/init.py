"""The steps of ``driftloop init`` and ``adopt``: a workspace from a file, its first champion."""

import shutil
from pathlib import Path

from driftloop.base.errors import TrainingError
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.scores import metric_name
from driftloop.base.workspace import Workspace
from driftloop.onboarding.result import NewWorkspace
from driftloop.snapshots.options import Options
from flows.cli.display.data import columns_view
from flows.cli.session import enter, notes, running, waiting
from tasks.onboarding.workspace import CreatedWorkspace, create_workspace, default_folder


def onboard(
    file: Path, folder: Path | None, options: Options, quiet: bool, verbose: bool
) -> NewWorkspace:
    """Return the workspace made of a file; after an error nothing of it is left.

    A log of predictions gets its first verdict, too.

    Raises:
        DataError: if the file or an option cannot be used.
        WorkspaceError: if the folder is taken or cannot be written.
        TrainingError: if no first champion could be trained.
    """
    target = folder or default_folder(file, options)
    existed = target.is_dir()
    with waiting(f"Reading {file.name}"):
        created = create_workspace(file, target, options)
    if not quiet:
        notes.print(columns_view(created.inferred.columns, created.inferred.notes))
    try:
        return _result(created, _first_champion(created, verbose), _first_verdict(created))
    except BaseException:
        for path in created.root.iterdir() if existed else (created.root,):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        raise


def _first_champion(created: CreatedWorkspace, verbose: bool) -> RetrainRecord:
    model, workspace = created.inferred.name, Workspace(created.root)
    enter(workspace, verbose)
    from tasks.runtime.preflight import check_services

    check_services(workspace)
    doing = "Adopting" if created.inferred.served else "Training the first champion of"
    with running(f"{doing} {model}", model):
        from flows.bootstrap import bootstrap
        from tasks.alerts.write import UndeliveredError

        try:
            record = bootstrap(model, created.bootstrap_as_of, workspace=str(created.root))
        except UndeliveredError as error:  # the next run sends what waits
            if not isinstance(error.record, RetrainRecord):
                raise
            record = error.record
    if record.promotion is None or not record.promotion.promoted:
        raise TrainingError(f"no first champion for {model}: {record.sentence}")
    return record


def _first_verdict(created: CreatedWorkspace) -> MonitorRecord | None:
    """Return the first run of a log that was adopted; None where no whole period is left."""
    model, as_of = created.inferred.name, created.newest_as_of
    if created.inferred.served is None or as_of is None:
        return None
    with running(f"Monitoring {model}", model):
        from flows.monitor import monitor
        from tasks.alerts.write import UndeliveredError

        try:
            return monitor(model, as_of, workspace=str(created.root))
        except UndeliveredError as error:  # the next run sends what waits
            if not isinstance(error.record, MonitorRecord):
                raise
            return error.record


def _result(
    created: CreatedWorkspace, record: RetrainRecord, verdict: MonitorRecord | None
) -> NewWorkspace:
    inferred, scores = created.inferred, record.scores
    doubt = record.comparison.challenger.doubt if record.comparison else ""
    until = inferred.training.until
    trained = (
        f"the first champion was trained on data until {format_time(until)} and has "
        f"{metric_name(scores.metric)} {scores.challenger:.3f} on its holdout."
        f"{f' {doubt}: do not rely on it.' if doubt else ''}"
        if scores.challenger is not None
        else record.sentence
    )
    return NewWorkspace(
        model=inferred.name,
        workspace=str(created.root),
        config=str(Workspace(created.root).configs / f"{inferred.name}.yaml"),
        rev=created.commit,
        rows=inferred.rows,
        batches=created.batches,
        train_until=until,
        columns=inferred.columns,
        notes=inferred.notes,
        champion=record.champion,
        score=scores.challenger,
        metric=scores.metric,
        sentence=f"{inferred.rows:,} rows in {created.batches} batches; {trained}",
        verdict=verdict,
        newest=created.newest_as_of,
    )
