"""The evaluation matrix on disk: models trained at each moment, kept as their predictions."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.backtest.matrix import Matrix, StoredModel, filled, period_scores
from driftloop.backtest.matrix_models import LabelledTable, TrainingSetting, predictions_of
from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError
from driftloop.base.periods import Window, parse_time
from driftloop.base.windows import EARLIEST
from driftloop.config.model_config import ModelConfig
from driftloop.performance.target import Classes
from tasks.monitoring.reference_profiles import profile_of
from tasks.monitoring.tables import broken_periods, examples, read_labelled, target_in
from tasks.runtime.job import Job
from tasks.snapshots.resolve import snapshot_at

Moments = tuple[datetime, ...]
Settings = tuple[TrainingSetting, ...]
OnModel = Callable[[str, int, int], None]


def matrix_of(job: Job, moments: Moments, settings: Settings, on_model: OnModel) -> Matrix:
    """Return the matrix of a job's data; models that are on disk already are not trained again.

    Args:
        moments: edges of the periods; a model is trained at each but the last.
        settings: what is trained.
        on_model: called with the setting, and how many of how many of its models there are.

    Raises:
        DataError: if there are no labelled rows, or their classes do not suit the task.
    """
    folder = matrix_folder(job, moments)
    return fill_matrix(
        folder, job.config, labelled_table(job, moments), moments, settings, on_model
    )


def matrix_folder(job: Job, moments: Moments) -> Path:
    """Return where the models of a matrix are kept, by all that they depend on."""
    return job.workspace.state / "matrix" / job.model / _key(job, moments)


def labelled_table(job: Job, moments: Moments) -> LabelledTable:
    """Return the labelled rows before the last moment; raises `DataError` without any."""
    data, time = (
        DataSlice(snapshot_at(job, job.rev), Window(EARLIEST, moments[-1])),
        job.config.data.time,
    )
    table = read_labelled(job, data)
    if table.empty:
        raise DataError(f"no labelled rows before {moments[-1]:%Y-%m-%d}")
    times = table[time].to_numpy().astype("datetime64[us]")
    intact = np.ones(len(table), dtype=bool)
    rows = LabelledTable(examples(job, table, target_in(job, table)), times, intact)
    first = table.iloc[: rows.at(moments[0])]
    if not first.empty:
        history = Window(parse_time(table[time].iloc[0].to_pydatetime()), moments[-1])
        for period in broken_periods(job, profile_of(job, first), table, history):
            intact[rows.at(period.window.start) : rows.at(period.window.end)] = False
    return rows


def fill_matrix(
    folder: Path,
    config: ModelConfig,
    rows: LabelledTable,
    moments: Moments,
    settings: Settings,
    on_model: OnModel,
) -> Matrix:
    """Return the matrix of labelled rows, whose models are kept in a folder."""
    windows, delay, metric = config.windows, config.data.label_delay, config.comparison.metric
    ends = tuple(windows.labelled_window(moment, delay).end for moment in moments)
    edges, labelled = tuple(map(rows.at, moments)), tuple(map(rows.at, ends))
    models, scores = {}, {}
    for setting in settings:
        place, name = folder / setting.name.replace(" ", "-"), setting.name
        kept = tuple(_models(place, config, rows, setting, ends[:-1], on_model))
        make = partial(
            period_scores, metric, rows.examples.y, rows.examples.target.width, edges, kept
        )
        models[name], scores[name] = kept, filled(_kept(place / "scores.npy", make))
    y, target = rows.examples.y, rows.examples.target
    names = target.names if isinstance(target, Classes) else ()
    return Matrix(metric, y, target.width, edges, labelled, models, scores, config.value, names)


def _models(
    folder: Path,
    config: ModelConfig,
    rows: LabelledTable,
    setting: TrainingSetting,
    ends: Moments,
    on_model: OnModel,
) -> Iterator[StoredModel | None]:
    folder.mkdir(parents=True, exist_ok=True)
    for number, end in enumerate(ends):
        make = partial(predictions_of, config, rows, setting, end)
        p = _kept(folder / f"{number:04d}.npy", make)
        on_model(setting.name, number + 1, len(ends))
        if not len(p):
            yield None
            continue
        threshold = float(p[0, 0])
        yield StoredModel(rows.at(end), p[1:], None if np.isnan(threshold) else threshold)


def _key(job: Job, moments: Moments) -> str:
    """Return a digest over all that the models of a matrix depend on."""
    unrelated = {"windows", "half_lives", "holdout", "search", "refit"}
    kept = {"training", "features", "data", "quality", "task", "comparison", "windows", "drift"}
    config = job.config.model_dump(mode="json", include=kept)
    config["training"] = {k: v for k, v in config["training"].items() if k not in unrelated}
    config["comparison"] = config["comparison"]["metric"]
    files = sorted(f"{file.md5} {file.path}" for file in snapshot_at(job, job.rev).files)
    given = config, files, [moment.isoformat() for moment in moments]
    text = json.dumps(given, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _kept(path: Path, make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return an array that is on disk, made and kept there first where it is not."""
    if not path.exists():
        partly = path.with_suffix(f".{os.getpid()}")
        with partly.open("wb") as file:
            np.save(file, make(), allow_pickle=False)
        partly.replace(path)
    kept: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return kept
