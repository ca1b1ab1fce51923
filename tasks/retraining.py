"""The steps of a retraining: plan, search, train, compare, promote."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.compare import Predictions, compare
from driftloop.errors import RegistryError, TrainingError
from driftloop.labels import Classes, find_classes
from driftloop.metrics import BINARY_ONLY, METRICS, score
from driftloop.periods import Window, readable, split
from driftloop.planning import Draft, Labelled, choose_window, draft_plan
from driftloop.records import (
    Comparison,
    DataSlice,
    ModelVersion,
    Promotion,
    Refusal,
    RetrainRecord,
    Snapshot,
    TrainingPlan,
    to_json,
)
from driftloop.training import fit, predict, search, with_settings
from driftloop.windows import EARLIEST
from tasks.factory import step
from tasks.job import Job, code_version
from tasks.models import load_model, log_model, register
from tasks.monitoring import reference_slice, run_key, window_verdict
from tasks.plots import confusion_matrix
from tasks.registry import (
    Registry,
    classes_of,
    data_tags,
    open_registry,
    registry_errors,
    score_tags,
)
from tasks.snapshots import snapshot_at
from tasks.tables import broken_periods, examples, inside, read_features, read_labelled


@dataclass(frozen=True, slots=True)
class OpenTraining:
    """A training run under way: the MLflow run (None in a dry run) and the champion to beat."""

    run_id: str | None
    key: str
    kind: str
    champion: ModelVersion | None


@step("open training run", retries=2)
def open_training(job: Job, snapshot: Snapshot, kind: str, champion: str | None) -> OpenTraining:
    """Return the training run of this job; one that was cut off goes on where it stopped.

    Args:
        kind: ``retrain``, or ``bootstrap`` for a first champion.
        champion: the version to beat; None takes the present one.
    """
    registry = open_registry(job.workspace)
    present = registry.version(job.model, champion) if champion else registry.champion(job.model)
    key = run_key(job, kind, snapshot.rev)
    if job.dry_run:
        return OpenTraining(None, key, kind, present)
    tags = {
        "driftloop.as_of": job.as_of.isoformat(),
        "driftloop.champion": present.version if present else "",
    }
    run = registry.open_run(job.model, kind, key, f"{kind} {job.model} {readable(job.as_of)}", tags)
    pinned = run.data.tags["driftloop.champion"]
    if pinned and (present is None or present.version != pinned):
        present = registry.version(job.model, pinned)
    if not pinned:
        present = None
    return OpenTraining(run.info.run_id, key, kind, present)


@step("check for a champion", retries=2)
def refuse_second_bootstrap(job: Job) -> None:
    """Refuse to bootstrap a model that has a champion, unless this very job made it.

    Raises:
        RegistryError: naming the champion.
    """
    registry = open_registry(job.workspace)
    champion = registry.champion(job.model)
    if champion is None:
        return
    snapshot = snapshot_at(job, job.rev)
    if registry.version_of(job.model, run_key(job, "bootstrap", snapshot.rev)) is None:
        raise RegistryError(
            f"{job.model} has a champion already, version {champion.version}; use "
            f"'driftloop retrain {job.model}' to challenge it"
        )


@step("find change")
def find_change(job: Job, snapshot: Snapshot, opened: OpenTraining) -> datetime | None:
    """Return where the present drift from the champion's reference began, or None.

    Looks back from the current window, one window at a time, until one shows no drift. Windows
    that cannot be judged are passed over. The data are asked and not earlier runs, so that the
    answer is the same after a week in which nothing ran.
    """
    champion = opened.champion
    if champion is None or champion.training is None:
        return None
    reference = read_features(job, reference_slice(job, snapshot, champion))
    past = Window(champion.training.window.end, job.window.end)
    rows = read_features(job, DataSlice(snapshot, past))
    since = None
    for period in split(past, job.config.windows.current):
        status = window_verdict(job, reference, inside(rows, period, job.config.data.time)).status
        if status == "inconclusive":
            continue
        if status != "drift":
            break
        since = period.start
    return since


@step("plan training")
def plan_training(
    job: Job, snapshot: Snapshot, opened: OpenTraining, changed: datetime | None
) -> TrainingPlan | Refusal:
    """Return which rows train and which judge, or why nothing can be trained.

    Only rows whose labels have arrived are used, and no period whose feed was broken.
    """
    end = job.labelled_window.end
    part = DataSlice(snapshot, Window(EARLIEST, end))
    table = read_labelled(job, part)
    if table.empty:
        return Refusal(f"No labelled rows before {readable(end)}: nothing was trained.")
    time = job.config.data.time
    whole = Window(table[time].iloc[0].to_pydatetime().replace(tzinfo=UTC), end)
    reference = table
    if opened.champion is not None:
        reference = read_features(job, reference_slice(job, snapshot, opened.champion))
    excluded = tuple(broken.window for broken in broken_periods(job, reference, table, whole))
    sound = _without(table, excluded, time)
    if sound.empty:
        return Refusal("Every labelled period comes from a broken feed: nothing was trained.")
    return _plan(job, replace(part, excluded=excluded), sound, opened.champion, changed)


@step("search settings")
def search_settings(job: Job, plan: TrainingPlan) -> dict[str, Any]:
    """Return the estimator settings that validated best in time order."""
    settings, features = job.config.training, job.config.features
    table, classes = _training_table(job, plan)
    trials = search(
        settings,
        examples(job, table, classes),
        (features.numeric, features.categorical),
        job.config.comparison.metric,
    )
    return trials[0].parameters


@step("train challenger")
def train_challenger(
    job: Job, opened: OpenTraining, plan: TrainingPlan, parameters: dict[str, Any]
) -> str:
    """Train, store and register the challenger; return its version.

    The version carries its lineage as tags. A version registered by an attempt that was cut off
    is returned as it is.
    """
    registry = open_registry(job.workspace)
    done = registry.version_of(job.model, opened.key)
    if done is not None:
        return done
    run_id = opened.run_id
    if run_id is None:
        raise TrainingError("a dry run trains no model")
    features, settings = job.config.features, job.config.training
    table, classes = _training_table(job, plan)
    rows = examples(job, table, classes)
    estimator = with_settings(settings.estimator, parameters)
    model = fit(estimator, rows, features.numeric, features.categorical, settings.seed)
    sample = rows.table.head(50)
    model_id = log_model(registry, run_id, model, sample, model.predict(sample))
    held = read_labelled(job, plan.holdout)
    judged = examples(job, held, classes)
    p = predict(model, judged.table, classes)
    first = compare(Predictions(judged.y, p, None), job.config.comparison).challenger
    tags = {
        "driftloop.key": opened.key,
        "driftloop.kind": opened.kind,
        "driftloop.as_of": job.as_of.isoformat(),
        "driftloop.config": job.config_hash,
        "driftloop.code": code_version(),
        **data_tags(plan.training, plan.holdout.window),
        **score_tags(first, classes),
    }
    _log_training(registry, job, run_id, plan, {**estimator.model_dump(), "seed": settings.seed})
    _log_scores(registry, run_id, judged.y, p, classes)
    return register(registry, job.model, run_id, model_id, tags)


@step("compare on holdout", retries=2)
def compare_models(
    job: Job, opened: OpenTraining, plan: TrainingPlan, challenger: str
) -> Comparison:
    """Return champion against challenger on the frozen holdout.

    Raises:
        TrainingError: if the holdout overlaps what either model was trained on.
    """
    registry = open_registry(job.workspace)
    versions = [registry.version(job.model, challenger)]
    versions += [opened.champion] if opened.champion else []
    for version in versions:
        _check_disjoint(version, plan.holdout.window)
    table = read_labelled(job, plan.holdout)
    classes = classes_of(registry, job.model, challenger)
    y = classes.codes(table[job.config.data.label])
    rows = examples(job, table, classes)
    p = [
        predict(load_model(registry, job.model, version.version), rows.table, classes)
        for version in versions
    ]
    champion = p[1] if len(p) > 1 else None
    return compare(Predictions(y, p[0], champion), job.config.comparison)


@step("record training", retries=2)
def record_training(job: Job, opened: OpenTraining, record: RetrainRecord) -> None:
    """Store the outcome of the training run in MLflow."""
    if opened.run_id is None:
        return
    comparison = record.comparison
    tags = {
        "trained": str(record.challenger is not None).lower(),
        "won": str(record.won).lower(),
        "promoted": str(bool(record.promotion and record.promotion.promoted)).lower(),
        "sentence": record.sentence[:500],
        "rev": record.rev,
    }
    metrics = {"as_of": job.as_of.timestamp()}
    if comparison is not None:
        metrics["holdout_rows"] = float(comparison.rows)
        if comparison.champion is not None and comparison.difference is not None:
            metrics[f"champion_{comparison.metric}"] = comparison.champion.value
            metrics["difference"] = comparison.difference
    tagged = {f"driftloop.{name}": value for name, value in tags.items()}
    open_registry(job.workspace).close_run(opened.run_id, tagged, metrics, record)


def _plan(
    job: Job,
    part: DataSlice,
    table: pd.DataFrame,
    champion: ModelVersion | None,
    changed: datetime | None,
) -> TrainingPlan | Refusal:
    config, time = job.config, job.config.data.time
    classes = find_classes(table[config.data.label], config.data.positive)
    times = table[time].to_numpy().astype("datetime64[us]")
    rows = Labelled(times, classes.codes(table[config.data.label]), part.window.end)
    trained_until = champion.training.window.end if champion and champion.training else None
    draft = draft_plan(rows, config.training, changed, trained_until)
    if isinstance(draft, Refusal):
        return draft
    everything = examples(job, table, classes)
    chosen, candidates = choose_window(
        draft,
        lambda window: everything.rows(
            slice(rows.since(window.start).start, rows.since(window.end).start)
        ),
        config.training,
        (config.features.numeric, config.features.categorical),
        config.comparison.metric,
    )
    return _finished_plan(part, draft, chosen, candidates)


def _finished_plan(part: DataSlice, draft: Draft, chosen: Any, candidates: Any) -> TrainingPlan:
    def cut(window: Window, rows: int) -> DataSlice:
        inside = tuple(one for one in part.excluded if one.overlaps(window))
        return DataSlice(part.snapshot, window, inside, rows)

    left_out = f", {len(part.excluded)} broken periods left out" if part.excluded else ""
    sentence = (
        f"Trained on {chosen.rows:,} labelled rows from {chosen.window} ({chosen.candidate}"
        f"{left_out}); holdout of {draft.holdout_rows:,} rows from {draft.holdout}."
    )
    return TrainingPlan(
        cut(chosen.window, chosen.rows),
        cut(draft.holdout, draft.holdout_rows),
        candidates,
        sentence,
    )


def _training_table(job: Job, plan: TrainingPlan) -> tuple[pd.DataFrame, Classes]:
    table = read_labelled(job, plan.training)
    return table, find_classes(table[job.config.data.label], job.config.data.positive)


def _without(table: pd.DataFrame, windows: tuple[Window, ...], time: str) -> pd.DataFrame:
    keep = pd.Series(True, index=table.index)
    for window in windows:
        start, end = (edge.replace(tzinfo=None) for edge in (window.start, window.end))
        keep &= ~table[time].between(start, end, inclusive="left")
    return table[keep].reset_index(drop=True)


def _check_disjoint(version: ModelVersion, holdout: Window) -> None:
    if version.training is None:
        raise RegistryError(
            f"version {version.version} does not say what it was trained on, so no holdout can be "
            "proven fair"
        )
    if version.training.window.end > holdout.start:
        raise TrainingError(
            f"the holdout from {holdout} overlaps the training data of version {version.version}, "
            f"which end {readable(version.training.window.end)}: no fair comparison"
        )


def _log_training(
    registry: Registry,
    job: Job,
    run_id: str,
    plan: TrainingPlan,
    parameters: dict[str, Any],
) -> None:
    shown = {
        **parameters,
        "training_window": plan.training.window,
        "training_rows": plan.training.rows,
        "holdout_window": plan.holdout.window,
        "data_rev": plan.training.snapshot.rev,
        "config": job.config_hash,
    }
    files = {file.path: file.md5 for file in plan.training.snapshot.files}
    with registry_errors(registry.workspace):
        for name, value in shown.items():
            registry.client.log_param(run_id, name, str(value))
        registry.client.log_dict(run_id, files, "data/files.json")
        registry.client.log_dict(run_id, json.loads(to_json(plan)), "data/plan.json")
        registry.client.log_dict(run_id, job.config.model_dump(mode="json"), "config.json")


def _log_scores(
    registry: Registry, run_id: str, y: npt.NDArray[Any], p: npt.NDArray[Any], classes: Classes
) -> None:
    scores = {
        name: score(name, y, p) for name in METRICS if classes.binary or name not in BINARY_ONLY
    }
    called = p.argmax(axis=1)
    counts = [
        [int(((y == true) & (called == guess)).sum()) for guess in range(len(classes.names))]
        for true in range(len(classes.names))
    ]
    with registry_errors(registry.workspace):
        for name, value in scores.items():
            if np.isfinite(value):
                registry.client.log_metric(run_id, f"holdout_{name}", value)
        table = {"classes": list(classes.names), "rows_true_columns_predicted": counts}
        registry.client.log_dict(run_id, table, "confusion_matrix.json")
        figure = confusion_matrix(counts, classes.names)
        registry.client.log_figure(run_id, figure, "confusion_matrix.png")


def compose_record(
    job: Job,
    snapshot: Snapshot,
    opened: OpenTraining,
    reason: str,
    plan: TrainingPlan | None = None,
    parameters: dict[str, Any] | None = None,
    challenger: str | None = None,
    comparison: Comparison | None = None,
    promotion: Promotion | None = None,
    refusal: Refusal | None = None,
) -> RetrainRecord:
    """Return the record of a training; with a refusal nothing was promoted, and it says why."""
    previous = opened.champion.version if opened.champion else None
    if refusal is not None:
        promotion = Promotion(False, challenger or "", previous, refusal.sentence)
    return RetrainRecord(
        model=job.model,
        as_of=job.as_of,
        rev=snapshot.rev,
        reason=reason,
        challenger=challenger,
        run_id=opened.run_id,
        parameters=parameters or {},
        plan=plan,
        comparison=comparison,
        promotion=promotion,
        sentence=promotion.sentence if promotion else "",
    )
