"""Commands about data: init, adopt, snapshot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from driftloop.base.errors import DataError
from driftloop.base.periods import Every
from driftloop.base.scores import Task
from driftloop.base.workspace import Workspace
from driftloop.onboarding.result import NewWorkspace
from driftloop.snapshots.options import Options
from driftloop.snapshots.record import SnapshotRecord
from driftloop.training.served_columns import ServedColumns
from flows.cli.command import Json, Verbose, command
from flows.cli.display.data import adopt_view, init_view, snapshot_view
from flows.cli.options import AsOf, DryRun, Name, configured_job, time_of
from flows.cli.session import running

Time = Annotated[str, typer.Option(help="Column with the time of the event, as ISO times.")]
Columns = list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """The options of a new workspace that `init` and `adopt` share."""

    name: Annotated[str | None, typer.Option(help="Model name; default: the file's.")] = None
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", help="New folder; default: here, named as the model."),
    ] = None
    drop: Annotated[Columns, typer.Option(help="Column to leave out; may be repeated.")] = None
    every: Annotated[
        Every | None,
        typer.Option(
            help="Length of a period; default: the shortest with enough rows (week or longer)."
        ),
    ] = None
    train_until: Annotated[
        str | None,
        typer.Option(
            help="End of the first champion's data, or of the rows to compare with; default: after "
            "half of the rows."
        ),
    ] = None
    positive: Annotated[
        str | None, typer.Option(help="The positive one of two classes; default: the rarer one.")
    ] = None
    key: Annotated[
        str | None,
        typer.Option(help="Column that identifies a row; needed where rows share a time."),
    ] = None
    label_delay: Annotated[
        str, typer.Option(help="How long after the event a label can be trusted: '7 days'.")
    ] = "0 days"
    numeric: Annotated[
        Columns, typer.Option(help="Column to take for a quantity; may be repeated.")
    ] = None
    categorical: Annotated[
        Columns, typer.Option(help="Column to take for a category; may be repeated.")
    ] = None
    task: Annotated[
        Task | None, typer.Option(help="What the label is; default: two classes, or more.")
    ] = None
    json: Json = False
    verbose: Verbose = False

    def of_columns(
        self, time: str, label: str | None, served: ServedColumns | None = None
    ) -> Options:
        """Return the options of a file with these columns; without a label, labels come later."""
        return Options(
            time=time,
            label="label" if label is None else label,
            name=self.name,
            drop=tuple(self.drop or ()),
            every=self.every,
            train_until=self.train_until,
            positive=self.positive,
            key=self.key,
            label_delay=self.label_delay,
            numeric=tuple(self.numeric or ()),
            categorical=tuple(self.categorical or ()),
            task=self.task,
            served=served,
            labelled=label is not None,
        )


@command(init_view)
def init(
    file: Annotated[Path, typer.Argument(help="Time-ordered CSV or Parquet file.")],
    time: Time,
    label: Annotated[str, typer.Option(help="Column to predict: 2 to 50 classes, or a quantity.")],
    given: FileOptions,
) -> NewWorkspace:
    """Make a workspace from a file: data in DVC, a configuration, a first champion."""
    from flows.cli.init import onboard

    options = given.of_columns(time, label)
    return onboard(file, given.workspace, options, quiet=given.json, verbose=given.verbose)


@command(adopt_view)
def adopt(
    time: Time,
    model: Annotated[
        str | None, typer.Argument(help="Model in MLflow: models:/NAME/VERSION, or its folder.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Rows as a model gets them, CSV or Parquet; with --predictions, those that the "
            "log is joined to by --key."
        ),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(help="With a model: what it was trained on; default: not known."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load a model that runs code, such as pickle.")
    ] = False,
    predictions: Annotated[
        Path | None,
        typer.Option(help="No model: log of features and what was predicted, CSV or Parquet."),
    ] = None,
    score: Annotated[
        str | None, typer.Option(help="Column with the probability, or with the quantity.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option(help="Column with the class that was decided for.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="Column with the version of the model that predicted.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Column with what came true; default: labels come later.")
    ] = None,
    *,
    given: FileOptions,
) -> NewWorkspace:
    """Make a model that was trained elsewhere champion, or watch it by a log of what it said."""
    from flows.cli.init import adopt_log, adopt_model

    if (model is None) == (predictions is None) or (model is not None and data is None):
        raise DataError("give a model and --data, the rows it predicts on, or --predictions")
    served = None if predictions is None else ServedColumns.named(score, decision, version)
    if served is None and label is None:
        raise DataError("give --label, the column of true outcomes by which the model is judged")
    options = given.of_columns(time, label, served)
    target, quiet, verbose = given.workspace, given.json, given.verbose
    if predictions is not None:
        return adopt_log(predictions, data, target, options, quiet=quiet, verbose=verbose)
    return adopt_model(str(model), data, training, target, options, trust, quiet, verbose)


@command(snapshot_view)
def snapshot(
    place: Workspace,
    name: Name,
    source: Annotated[
        Path | None, typer.Option(help="File or folder, in place of the configured source.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Start of the window that a query is for.")
    ] = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files once more that were taken already.")
    ] = False,
) -> SnapshotRecord:
    """Turn newly arrived data into a snapshot: checked, committed, tagged, pushed."""
    begin = time_of(since)
    job = configured_job(place, name, as_of)
    with running(f"Taking a snapshot of {name}", name):
        from flows.snapshot import snapshot as flow

        path = str(source.resolve()) if source else None
        return flow(name, path, begin, job.as_of, dry_run, again, str(place.root))
