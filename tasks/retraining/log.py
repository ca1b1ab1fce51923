"""What a training run leaves in the registry for people: parameters, data, scores, pictures."""

from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.base.records import TrainingPlan
from driftloop.performance.metrics import Truth, score, valid_metrics
from driftloop.performance.target import Classes
from driftloop.training.importance import permutation_importances
from driftloop.training.training import Examples
from driftloop.training.tuning import hard_predictions
from tasks.monitoring.predict import Forecast
from tasks.registry.opening import open_registry
from tasks.registry.protocol import IMPORTANCES
from tasks.retraining.model_card import SETTINGS
from tasks.retraining.plots import confusion_matrix
from tasks.runtime.job import Job


def log_training(job: Job, run_id: str, plan: TrainingPlan, parameters: dict[str, Any]) -> None:
    """Store what was trained, on which data, under which configuration."""
    shown = {
        **parameters,
        "training_window": plan.training.window,
        "training_rows": plan.training.rows,
        "holdout_window": plan.holdout.window,
        "data_rev": plan.training.snapshot.rev,
        "config": job.config_hash,
    }
    files = {file.path: file.md5 for file in plan.training.snapshot.files}
    written = {
        "data/files.json": files,
        "data/plan.json": plan,
        "config.json": job.config.model_dump(mode="json"),
        SETTINGS: {name: value for name, value in parameters.items() if name != "start"},
    }
    open_registry(job.workspace).log(run_id, params=shown, files=written)


def log_importances(job: Job, run_id: str, judged: Forecast) -> None:
    """Store how much the model relies on each feature."""
    rows = Examples(judged.features, judged.y, judged.target)
    metric, seed = job.config.comparison.metric, job.config.training.seed
    weights = permutation_importances(judged.model, rows, metric, seed, judged.threshold)
    open_registry(job.workspace).log(run_id, files={IMPORTANCES: weights})


def log_scores(job: Job, run_id: str, judged: Forecast) -> None:
    """Store every score of the model on the holdout, and its confusion matrix if it has one."""
    values = {
        name: score(name, judged.y, judged.p, judged.threshold)
        for name in valid_metrics(job.config.task)
    }
    finite = {f"holdout_{name}": value for name, value in values.items() if np.isfinite(value)}
    open_registry(job.workspace).log(run_id, metrics=finite)
    if isinstance(judged.target, Classes):
        calls = (
            judged.p if judged.threshold is None else hard_predictions(judged.p, judged.threshold)
        )
        _log_confusion(job, run_id, judged.y, calls.argmax(axis=1), judged.target)


def _log_confusion(
    job: Job, run_id: str, y: Truth, guessed: npt.NDArray[Any], classes: Classes
) -> None:
    registry = open_registry(job.workspace)
    counts = [
        [int(((y == true) & (guessed == guess)).sum()) for guess in range(len(classes.names))]
        for true in range(len(classes.names))
    ]
    table = {"classes": list(classes.names), "rows_true_columns_predicted": counts}
    registry.log(run_id, files={"confusion_matrix.json": table})
    registry.log_figure(run_id, confusion_matrix(counts, classes.names), "confusion_matrix.png")
