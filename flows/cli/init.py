"""The steps of ``driftloop init``: a workspace from a file, then its first champion."""

import shutil
from pathlib import Path

from driftloop.base.errors import TrainingError
from driftloop.base.periods import format_time
from driftloop.base.records import RetrainRecord
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

    Raises:
        DataError: if the file or an option cannot be used.
        WorkspaceError: if the folder is taken or cannot be written.
        TrainingError: if no first champion could be trained.
    """
    target = folder or default_folder(file, options)
    kept = target.is_dir()
    with waiting(f"Reading {file.name}"):
        made = create_workspace(file, target, options)
    if not quiet:
        notes.print(columns_view(made.inferred.columns, made.inferred.notes))
    try:
        record = _first_champion(made, verbose)
    except BaseException:
        _remove(made.workspace, store_folder=kept)
        raise
    return _result(made, record)


def _first_champion(made: CreatedWorkspace, verbose: bool) -> RetrainRecord:
    enter(Workspace(made.workspace), verbose)
    from tasks.runtime.preflight import check_services

    check_services(Workspace(made.workspace))
    with running(f"Training the first champion of {made.model}", made.model):
        from flows.bootstrap import bootstrap

        record = bootstrap(made.model, made.bootstrap_as_of, workspace=str(made.workspace))
    if record.promotion is None or not record.promotion.promoted:
        raise TrainingError(f"no first champion for {made.model}: {record.sentence}")
    return record


def _remove(folder: Path, store_folder: bool) -> None:
    if not store_folder:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _result(made: CreatedWorkspace, record: RetrainRecord) -> NewWorkspace:
    score, metric = record.scores.challenger, record.scores.metric
    return NewWorkspace(
        model=made.model,
        workspace=str(made.workspace),
        config=str(Workspace(made.workspace).configs / f"{made.model}.yaml"),
        rev=made.commit,
        rows=made.rows,
        batches=made.batches,
        train_until=made.train_until,
        columns=made.inferred.columns,
        notes=made.inferred.notes,
        champion=record.champion,
        score=score,
        metric=metric,
        sentence=(
            f"{made.rows:,} rows in {made.batches} batches; the first champion was trained on data "
            f"until {format_time(made.train_until)} and has {metric} {score:.3f} on its holdout."
        ),
    )
