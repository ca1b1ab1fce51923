"""Making a model for a plan: trained here, by a job of somebody else's, or offered as it is."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from driftloop.base.errors import TrainingError
from driftloop.base.retrain_record import ModelVersion, TrainingPlan
from driftloop.performance.target import Classes, Target
from driftloop.training.foreign import ForeignModel
from driftloop.training.training import threshold_of, with_settings
from driftloop.training.warm_start import train
from tasks.monitoring.tables import weighted_examples
from tasks.registry.environment_lock import OF_ITS_OWN, environment_of
from tasks.registry.models import StoredModel, fetch_model, model_of
from tasks.retraining.job import Purpose, foreign_model, train_by_job
from tasks.retraining.plan import OpenTraining
from tasks.runtime.job import Job


@dataclass(frozen=True, slots=True)
class Made:
    """A model, the rows it was trained on, and what is stored of how it was made.

    `start` is the version that it continued from, whose rows it has seen, too.
    """

    stored: StoredModel
    rows: pd.DataFrame
    parameters: dict[str, Any]
    start: ModelVersion | None = None

    @property
    def model(self) -> Any:
        """The model itself."""
        return self.stored.model


def make_model(
    job: Job,
    opened: OpenTraining,
    plan: TrainingPlan,
    parameters: dict[str, Any],
    rows: pd.DataFrame,
    target: Target,
    purpose: Purpose,
) -> Made:
    """Return a model of labelled rows, in which classes that `target` does not hold are left out.

    Raises:
        TrainingError: if none can be made.
    """
    by_job = job.config.training.job
    if isinstance(target, Classes):
        rows = rows[target.encode(rows[job.config.data.label]) >= 0].reset_index(drop=True)
    if job.offered is not None:
        model = offered_model(job, job.offered.uri, rows, target)
        return Made(of_others(model), rows, {"model": job.offered.uri})
    if by_job is not None:
        if opened.run_id is None:
            raise TrainingError("a dry run trains no model")
        model, seen = train_by_job(job, by_job, opened.run_id, rows, target, purpose)
        return Made(of_others(model), seen, {"job": by_job.kind, **by_job.parameters})
    return _trained(job, opened, plan, parameters, rows, target)


def of_others(model: ForeignModel) -> StoredModel:
    """Return a model of others as it is stored: its files as they are."""
    return StoredModel(model, pd.DataFrame(), OF_ITS_OWN)


def offered_model(job: Job, uri: str, rows: pd.DataFrame, target: Target) -> ForeignModel:
    """Return the model of MLflow's at an address, if it predicts the target of some rows.

    Raises:
        TrainingError: if it does not, or cannot be loaded or trusted.
        RegistryError: if there is none.
    """
    kept = TemporaryDirectory()
    folder = fetch_model(job.workspace, uri, Path(kept.name))
    model = foreign_model(job, folder, uri, rows, target)
    model.keep(kept)
    return model


def _trained(
    job: Job,
    opened: OpenTraining,
    plan: TrainingPlan,
    parameters: dict[str, Any],
    rows: pd.DataFrame,
    target: Target,
) -> Made:
    config, start = job.config, None
    estimator = with_settings(config.training.estimator, parameters)
    settings = config.training.model_copy(update={"estimator": estimator})
    environment = environment_of(estimator, job.workspace.root)
    known = weighted_examples(job, rows, target, plan.half_life)
    if settings.warm_start and opened.champion is not None:
        start = model_of(job, opened.champion.version)
    trained = train(settings, known, config.features.by_type, config.comparison.metric, start)
    threshold = threshold_of(trained.model)
    logged = {
        **estimator.model_dump(),
        "seed": settings.seed,
        "imbalance": settings.imbalance,
        "calibration": settings.calibration,
        "threshold": 0.5 if threshold is None else threshold,
        "start": trained.sentence,
    }
    stored = StoredModel(trained.model, known.table.head(50), environment, settings.allowed_types)
    return Made(stored, rows, logged, opened.champion if trained.warm else None)
