"""Planning of a training: its run, where the drift began, training rows and holdout."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import ChampionLostError, ConfigError, RegistryError, TrainingError
from driftloop.base.periods import Span, Window, format_time, parse_time
from driftloop.base.retrain_record import ModelVersion, Refusal, TrainingPlan, WindowScore, left_out
from driftloop.base.tags import RunTags, VersionTags
from driftloop.base.windows import EARLIEST
from driftloop.performance.target import label_text
from driftloop.training.estimators import NOT_TRAINED
from driftloop.training.plan.candidates import (
    LabelledRows,
    PlanCandidates,
    plan_candidates,
    rows_to_learn_a_change,
)
from driftloop.training.plan.change_point import Change, change_in_performance, joint_change
from driftloop.training.plan.choice import WindowChoice
from driftloop.training.training import Examples
from driftloop.training.weights import recency_weights
from tasks.coordination.agreement import agreed_champion
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import predict_model
from tasks.monitoring.reference_profiles import profile_of
from tasks.monitoring.steps import run_key
from tasks.monitoring.tables import (
    broken_periods,
    examples,
    read_labelled,
    rows_inside,
    rows_outside,
    target_in,
)
from tasks.monitoring.windows import reference_profile
from tasks.registry.ledger import current_writer
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of, model_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import version_with_key
from tasks.runtime.job import Job, code_version
from tasks.runtime.step import step


@dataclass(frozen=True, slots=True)
class OpenTraining:
    """A training run in progress: its MLflow run (None in a dry run) and the champion to beat."""

    run_id: str | None
    key: str
    kind: str
    champion: ModelVersion | None


def signed(job: Job, opened: OpenTraining, tags: VersionTags) -> VersionTags:
    """Return a version's tags with the training that makes it: its run, configuration, code."""
    return replace(
        tags,
        key=opened.key,
        kind=opened.kind,
        as_of=job.as_of,
        config=job.config_hash,
        code=code_version(),
        by=current_writer(),
    )


@step("open training run", retries=2)
def open_training(job: Job, snapshot: Snapshot, kind: str, champion: str | None) -> OpenTraining:
    """Return the training run of this job; one that was cut off is resumed.

    `kind` is ``retrain``, or ``bootstrap`` for a first champion; `champion` is the version to beat,
    None the current champion.
    """
    registry = open_registry(job.workspace)
    current = registry.version(job.model, champion) if champion else _champion(job, kind)
    key = run_key(job, kind, snapshot.rev)
    if job.dry_run:
        return OpenTraining(None, key, kind, current)
    version = current.version if current else ""
    opening = RunTags(kind=kind, key=key, as_of=job.as_of, champion=version)
    name = f"{kind} {job.model} {format_time(job.as_of)}"
    with promotion_slot(job):  # two processes of the same job share one run
        run = registry.open_run(job.model, name, opening)
    pinned = run.tags.champion
    if pinned and (current is None or current.version != pinned):
        current = registry.version(job.model, pinned)
    return OpenTraining(run.run_id, key, kind, current if pinned else None)


def _champion(job: Job, kind: str) -> ModelVersion | None:
    """Return the champion; a first one is trained also where one was lost, a next one is not."""
    try:
        return agreed_champion(job)[0]
    except ChampionLostError:
        if kind == "bootstrap":
            return None
        raise


@step("check for a champion", retries=2)
def refuse_second_bootstrap(job: Job) -> None:
    """Raise `RegistryError` if there is a champion that this job, at a commit, did not make."""
    registry = open_registry(job.workspace)
    champion = registry.champion(job.model)
    if champion is None:
        return
    key = run_key(job, "bootstrap", job.rev)
    if version_with_key(registry, job.model, key) is None:
        raise RegistryError(
            f"{job.model} already has a champion, version {champion.version}; use "
            f"'driftloop retrain {job.model}' to challenge it"
        )


def refuse_untrained(job: Job) -> None:
    """Raise `ConfigError` if driftloop only watches the model, so that there is none to change."""
    if not job.config.trained_here:
        raise ConfigError(f"{job.model}: {NOT_TRAINED}")


@step("plan training", retries=2)
def plan_training(
    job: Job, snapshot: Snapshot, opened: OpenTraining, changed: datetime | None
) -> TrainingPlan | Refusal:
    """Return the training rows and the holdout, or why nothing can be trained.

    Only rows whose labels have arrived are used, and no period whose feed was broken. `changed` is
    where drift of the inputs began; the champion's performance on rows that are new to it may show
    another change (see `driftloop.training.plan.change_point`).
    """
    end = job.labelled_window.end
    part, time = DataSlice(snapshot, Window(EARLIEST, end)), job.config.data.time
    champion = opened.champion
    table = read_labelled(job, part, *([model_of(job, champion.version)] if champion else []))
    if table.empty:
        sentence = f"No labelled rows before {format_time(end)}: nothing was trained."
        return Refusal(sentence, short=True)
    history = Window(table[time].iloc[0].to_pydatetime().replace(tzinfo=UTC), end)
    reference = reference_profile(job, snapshot, champion) if champion else profile_of(job, table)
    target = target_for(job, champion.version) if champion else None
    broken = broken_periods(job, reference, table, history, target)
    excluded = tuple(period.window for period in broken)
    intact = rows_outside(table, excluded, time)
    if intact.empty:
        return Refusal("Every labelled period comes from a broken feed: nothing was trained.")
    shown = _change_by_labels(job, champion, intact)
    change = joint_change(changed, shown, job.config.windows.current)
    return _plan(job, replace(part, excluded=excluded), intact, champion, change)


def _change_by_labels(
    job: Job, champion: ModelVersion | None, table: pd.DataFrame
) -> Change | None:
    """Return since when the champion has failed on labelled rows that it was not trained on.

    There are classes that it cannot predict, with rows enough to be judged, or it is worse. The
    data decide and not earlier runs, so that a pause hides nothing. Of a champion that was refitted
    the model that was compared is asked: its holdout, which it never saw, tells what was held
    before a change that came right after the training.
    """
    if champion is None or champion.training is None:
        return None
    time, registry = job.config.data.time, open_registry(job.workspace)
    compared_end = registry.tags(job.model, champion.version).compared_end
    unseen = Window(compared_end or champion.training.window.end, job.labelled_window.end)
    rows = rows_inside(table, unseen, time).reset_index(drop=True)
    if rows.empty:
        return None
    target = target_for(job, champion.version)
    scored = predict_model(job, compared_model_of(job, champion.version), rows, target)
    least, labels = job.config.training.holdout.minimum_per_class, rows[job.config.data.label]
    new = [name for name, count in scored.unknown.items() if count >= least]
    if new:
        row = int(np.isin(label_text(labels).astype(str), new).argmax())
        return Change(parse_time(rows[time].iloc[row].to_pydatetime()), "classes")
    metric, enough = job.config.comparison.metric, rows_to_learn_a_change(job.config.training)
    first = change_in_performance(metric, scored.y, scored.p, scored.threshold, enough)
    if first is None:
        return None
    began = rows[time].iloc[scored.features.index[first]].to_pydatetime()
    return Change(parse_time(began), "performance")


def _plan(
    job: Job,
    part: DataSlice,
    table: pd.DataFrame,
    champion: ModelVersion | None,
    change: Change | None,
) -> TrainingPlan | Refusal:
    config, time = job.config, job.config.data.time
    labelled = examples(job, table, target_in(job, table))
    times = table[time].to_numpy().astype("datetime64[us]")
    rows = LabelledRows(times, labelled.y, part.window.end, config.task == "regression")
    offered = job.offered.trained_until if job.offered else None
    ends = [champion.training.window.end] if champion and champion.training else []
    ends += [offered] if offered else []
    plan = plan_candidates(rows, config.training, change, max(ends, default=None))
    if isinstance(plan, Refusal):
        unseen = Window(max(ends, default=EARLIEST), part.window.end)
        return _without_broken(plan, part.excluded, unseen)
    if offered is not None:
        plan = replace(plan, candidates=(_before(plan, rows, offered),))

    def load(some: slice, half_life: Span | None) -> Examples:
        newest = parse_time(pd.Timestamp(times[some.stop - 1]).to_pydatetime())
        weights = recency_weights(times[some], newest, half_life)
        return replace(labelled.rows(some), weights=weights)

    features, metric = config.features.by_type, config.comparison.metric
    end = rows.since(plan.holdout.start).start
    choice = WindowChoice(load, end, config.training, features, metric)
    chosen, candidates = choice.among(plan.candidates)

    def cut(window: Window, rows: int) -> DataSlice:
        excluded = tuple(period for period in part.excluded if period.overlaps(window))
        return DataSlice(part.snapshot, window, excluded, rows)

    training = cut(chosen.window, chosen.rows)
    holdout = cut(plan.holdout, plan.holdout_rows)
    excluded = tuple(dict.fromkeys((*training.excluded, *holdout.excluded)))
    sentence = _sentence(job, plan, chosen, excluded, change)
    refit, half_life = config.training.refit and job.offered is None, chosen.half_life
    return TrainingPlan(training, holdout, candidates, sentence, refit, half_life)


def _without_broken(refusal: Refusal, broken: tuple[Window, ...], unseen: Window) -> Refusal:
    """Return a refusal that names the broken feed among the rows new to the champion, if any.

    While the feed is broken to the end, rows do not come with time.
    """
    new = [window for window in broken if window.overlaps(unseen)]
    if not new:
        return refusal
    short = refusal.short and max(window.end for window in new) < unseen.end
    return Refusal(f"{refusal.sentence} {left_out(new)}", short)


def _before(plan: PlanCandidates, rows: LabelledRows, offered: datetime) -> WindowScore:
    """Return the longest window, cut where an offered model has seen nothing any more."""
    longest = max(plan.candidates, key=lambda candidate: candidate.rows)
    end = min(longest.window.end, offered)
    if end <= longest.window.start:
        raise TrainingError(
            f"--trained-until {format_time(end)} lies before all labelled rows, so that the data "
            "hold none that the model was trained on"
        )
    count = rows.since(end).start - rows.since(longest.window.start).start
    return replace(longest, window=Window(longest.window.start, end), rows=count)


def _sentence(
    job: Job,
    plan: PlanCandidates,
    chosen: WindowScore,
    broken: tuple[Window, ...],
    change: Change | None,
) -> str:
    by = "Trained"
    if job.offered is not None:
        by = f"{job.offered.uri} was trained elsewhere, as far as its word goes"
    since = ""
    if change is not None and change.by != "inputs":
        what = "worse" if change.by == "performance" else "new classes"
        since = f"; {what} since {change.since:%Y-%m-%d}"
    return (
        f"{by} on {chosen.rows:,} labelled rows from {chosen.window} ({chosen.candidate}"
        f"{since}); holdout of {plan.holdout_rows:,} rows from {plan.holdout}. {left_out(broken)}"
    ).rstrip()
