"""The steps of ``driftloop init`` and ``adopt``: a workspace from a file, its first champion."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from driftloop.base.errors import TrainingError
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.scores import named_score
from driftloop.base.workspace import Workspace
from driftloop.onboarding.result import NewWorkspace
from driftloop.snapshots.options import Options
from flows.cli.display.data import columns_view
from flows.cli.session import enter, notes, running, waiting
from tasks.onboarding.workspace import CreatedWorkspace, create_workspace, default_folder

Record = TypeVar("Record", MonitorRecord, RetrainRecord)


def onboard(
    file: Path, folder: Path | None, options: Options, quiet: bool, verbose: bool
) -> NewWorkspace:
    """Return the workspace made of a file; after an error nothing of it is left.

    A log of predictions and a model that is adopted get their first verdict, too.

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


def adopt_model(
    uri: str,
    data: Path | None,
    training: Path | None,
    folder: Path | None,
    options: Options,
    trust: bool,
    quiet: bool,
    verbose: bool,
) -> NewWorkspace:
    """Return the workspace whose first champion is a model of MLflow's; see `onboard`."""
    from tasks.onboarding.adopted import with_model, with_training_table

    file = data or Path()
    target = folder or default_folder(file, options)
    with waiting(f"Opening {uri}"), TemporaryDirectory() as joined:
        options = with_model(options, uri, Workspace(target.absolute()), trust)
        if training is not None:
            file, options = with_training_table(options, file, training, Path(joined))
        return onboard(file, target, options, quiet, verbose)


def adopt_log(
    log: Path, data: Path | None, folder: Path | None, options: Options, quiet: bool, verbose: bool
) -> NewWorkspace:
    """Return the workspace of a log of predictions, joined to rows if they are apart."""
    if data is None:
        return onboard(log, folder, options, quiet, verbose)
    from tasks.onboarding.adopted import with_predictions

    with TemporaryDirectory() as joined:
        file, options = with_predictions(options, data, log, Path(joined))
        return onboard(file, folder, options, quiet, verbose)


def _first_champion(created: CreatedWorkspace, verbose: bool) -> RetrainRecord:
    model, workspace = created.inferred.name, Workspace(created.root)
    enter(workspace, verbose)
    from tasks.runtime.preflight import check_services

    check_services(workspace)
    adopted = created.inferred.adopted
    own = created.inferred.served is None and adopted is None
    doing = "Training the first champion of" if own else "Adopting"
    with running(f"{doing} {model}", model):
        from flows.bootstrap import bootstrap

        record = _record(
            RetrainRecord,
            lambda: bootstrap(
                model,
                created.bootstrap_as_of,
                workspace=str(created.root),
                adopted=adopted.uri if adopted else None,
                trained_until=adopted.until if adopted else None,
            ),
        )
    if record.promotion is None or not record.promotion.promoted:
        raise TrainingError(f"no first champion for {model}: {record.sentence}")
    return record


def _first_verdict(created: CreatedWorkspace) -> MonitorRecord | None:
    """Return the first run of what was adopted; None where no whole period is left."""
    model, as_of = created.inferred.name, created.newest_as_of
    own = created.inferred.served is None and created.inferred.adopted is None
    if own or as_of is None:
        return None
    with running(f"Monitoring {model}", model):
        from flows.monitor import monitor

        return _record(MonitorRecord, lambda: monitor(model, as_of, workspace=str(created.root)))


def _record(kind: type[Record], run: Callable[[], Record]) -> Record:
    """Return the record of a run, also where messages wait, which the next run sends."""
    from tasks.alerts.write import UndeliveredError

    try:
        return run()
    except UndeliveredError as error:
        if not isinstance(error.record, kind):
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
        f"{named_score(scores.metric, scores.challenger)} on its holdout."
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
