"""Training runs in the registry, for people: parameters, data, scores and plots."""

from typing import TYPE_CHECKING, Any

import numpy as np

from driftloop.base.retrain_record import TrainingPlan
from driftloop.performance.metrics import score, valid_metrics
from driftloop.performance.target import Classes, predicted_classes
from driftloop.training.importance import permutation_importances
from driftloop.training.training import Examples
from tasks.monitoring.predict import LabelledPredictions
from tasks.registry.opening import open_registry
from tasks.registry.protocol import IMPORTANCES
from tasks.retraining.model_card import SETTINGS_FILE
from tasks.runtime.job import Job

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def log_training(job: Job, run_id: str, plan: TrainingPlan, parameters: dict[str, Any]) -> None:
    """Store what was trained, on which data, under which configuration."""
    logged = {
        **parameters,
        "training_window": plan.training.window,
        "training_rows": plan.training.rows,
        "holdout_window": plan.holdout.window,
        "half_life": str(plan.half_life or "none"),
        "data_rev": plan.training.snapshot.rev,
        "config": job.config_hash,
    }
    files = {file.path: file.md5 for file in plan.training.snapshot.files}
    documents = {
        "data/files.json": files,
        "data/plan.json": plan,
        "config.json": job.config.model_dump(mode="json"),
        SETTINGS_FILE: {name: value for name, value in parameters.items() if name != "start"},
    }
    open_registry(job.workspace).log(run_id, params=logged, files=documents)


def log_importances(job: Job, run_id: str, scored: LabelledPredictions) -> None:
    """Store how much the model relies on each feature."""
    rows = Examples(scored.features, scored.y, scored.target)
    metric, seed = job.config.comparison.metric, job.config.training.seed
    weights = permutation_importances(scored.model, rows, metric, seed, scored.threshold)
    open_registry(job.workspace).log(run_id, files={IMPORTANCES: weights})


def log_scores(job: Job, run_id: str, scored: LabelledPredictions) -> None:
    """Store every score of the model on the holdout, and its confusion matrix if it has one."""
    values = {
        name: score(name, scored.y, scored.p, scored.threshold)
        for name in dict.fromkeys((*valid_metrics(job.config.task), job.config.comparison.metric))
    }
    finite = {f"holdout_{name}": value for name, value in values.items() if np.isfinite(value)}
    registry = open_registry(job.workspace)
    registry.log(run_id, metrics=finite)
    if isinstance(scored.target, Classes):
        from sklearn.metrics import confusion_matrix

        names, predicted = scored.target.names, predicted_classes(scored.p, scored.threshold)
        counts = confusion_matrix(scored.y, predicted, labels=np.arange(len(names))).tolist()
        table = {"classes": list(names), "rows_true_columns_predicted": counts}
        registry.log(run_id, files={"confusion_matrix.json": table})
        registry.log_figure(run_id, confusion_figure(counts, names), "confusion_matrix.png")


def confusion_figure(counts: list[list[int]], names: tuple[str, ...]) -> "Figure":
    """Return the plot of a confusion matrix: rows are true classes, shades are shares of a row."""
    from matplotlib.figure import Figure

    side = max(4.0, 0.6 * len(names) + 2)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = [[cell / max(1, sum(row)) for cell in row] for row in counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, cells in enumerate(counts):
        for column, cell in enumerate(cells):
            dark = shares[row][column] > 0.5
            axes.text(
                column, row, f"{cell:,}", ha="center", va="center", color="w" if dark else "k"
            )
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title("Confusion matrix on the holdout")
    return figure
