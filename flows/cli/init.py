"""From a file to a monitored model: a workspace, then its first champion."""

import shutil
from pathlib import Path

from driftloop.base.errors import TrainingError
from driftloop.base.periods import format_time
from driftloop.base.records import RetrainRecord
from driftloop.base.workspace import Workspace
from driftloop.reporting.json.convert import retrain_output
from driftloop.reporting.json.init import InferredColumn, InitOutput
from driftloop.snapshots.options import Options
from flows.cli.display.results import columns_view
from flows.cli.session import enter, notes, running, waiting
from tasks.onboarding.workspace import Made, default_folder, make_workspace


def onboard(
    file: Path, folder: Path | None, options: Options, quiet: bool, verbose: bool
) -> InitOutput:
    """Return what was made of a file; after an error nothing of the workspace is left.

    Raises:
        DataError: if the file or an option cannot be used.
        WorkspaceError: if the folder is taken or cannot be written.
        TrainingError: if no first champion could be trained.
    """
    target = folder or default_folder(file, options)
    kept = target.is_dir()
    with waiting(f"Reading {file.name}"):
        made = make_workspace(file, target, options)
    columns = tuple(
        InferredColumn(name=column.name, role=column.role, reason=column.reason)
        for column in made.inferred.columns
    )
    if not quiet:
        notes.print(columns_view(columns, made.inferred.notes))
    try:
        record = _first_champion(made, verbose)
    except BaseException:
        _remove(made.workspace, keep_folder=kept)
        raise
    return _output(made, columns, record)


def _first_champion(made: Made, verbose: bool) -> RetrainRecord:
    enter(Workspace(made.workspace), verbose)
    from tasks.runtime.preflight import check_services

    check_services(Workspace(made.workspace))
    with running(f"Training the first champion of {made.model}", made.model):
        from flows.bootstrap import bootstrap

        record = bootstrap(made.model, made.bootstrap_as_of, workspace=str(made.workspace))
    if record.promotion is None or not record.promotion.promoted:
        raise TrainingError(f"no first champion for {made.model}: {record.sentence}")
    return record


def _remove(folder: Path, keep_folder: bool) -> None:
    if not keep_folder:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _output(made: Made, columns: tuple[InferredColumn, ...], record: RetrainRecord) -> InitOutput:
    trained = retrain_output(record)
    score, metric = trained.scores.challenger, trained.scores.metric
    return InitOutput(
        model=made.model,
        workspace=str(made.workspace),
        config=str(Workspace(made.workspace).configs / f"{made.model}.yaml"),
        rev=made.commit,
        rows=made.rows,
        batches=made.batches,
        train_until=made.train_until,
        columns=columns,
        notes=made.inferred.notes,
        champion=trained.champion,
        score=score,
        metric=metric,
        sentence=(
            f"{made.rows:,} rows in {made.batches} batches; the first champion was trained on data "
            f"until {format_time(made.train_until)} and has {metric} {score:.3f} on its holdout."
        ),
    )
