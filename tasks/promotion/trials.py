"""Trials: two versions scored side by side on each new labelled window, until it is clear.

A challenger in shadow is promoted or dropped, a new champion on probation stays or is rolled back,
an approval that nobody gave expires.
"""

from dataclasses import dataclass, replace
from typing import Literal, cast

from driftloop.base.data_slices import DataSlice
from driftloop.base.findings import Performance
from driftloop.base.periods import format_time
from driftloop.base.records import TrialAction, TrialOutcome
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import VersionTags
from driftloop.promotion.ledger import EntryKind
from driftloop.promotion.sequential import InterimResult, TrialStatus, TrialVerdict, judge_trial
from driftloop.promotion.trial import interim_result, trial_sentence
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import predict_version
from tasks.monitoring.tables import read_labelled
from tasks.promotion.promote import Move, carry_out_move
from tasks.promotion.trial_store import (
    PROBATION,
    PROPOSAL,
    Trial,
    acted_at,
    end_trial,
    interim_results,
    running_trials,
    store_interim_result,
)
from tasks.registry.ledger import record_outcome_once
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.runtime.step import step


@dataclass(frozen=True, slots=True)
class LabelledWindow:
    """The labelled window of a run, and whether the champion could be scored on it."""

    rows: DataSlice
    performance: Performance


@step("continue trials", retries=2)
def continue_trials(
    job: Job, champion: ModelVersion, rows: DataSlice, performance: Performance
) -> tuple[TrialOutcome, ...]:
    """Return how each trial of the model stands; promotes, drops or rolls back where it is clear.

    Each labelled window counts once, also when a run is repeated. A window from before the end of
    a version's holdout does not count, nor one that overlaps another that did, nor one whose feed
    was broken or that has too few rows.
    """
    registry, labelled = open_registry(job.workspace), LabelledWindow(rows, performance)
    probations, proposals = (
        [
            trial
            for trial in running_trials(registry, job.model, tag, job.as_of)
            if trial.as_of < job.as_of
        ]
        for tag in (PROBATION, PROPOSAL)
    )
    outcomes = [
        _continue(job, probation, labelled)
        for probation in probations
        if probation.version == champion.version
    ]
    for proposal in sorted(proposals, key=lambda trial: int(trial.version))[-1:]:
        if proposal.kind == "shadow":
            outcomes.append(_continue(job, proposal, labelled))
        else:
            outcomes.append(_continue_approval(job, proposal))
    return tuple(outcomes)


def _continue(job: Job, trial: Trial, labelled: LabelledWindow) -> TrialOutcome:
    registry = open_registry(job.workspace)
    obstacle = _obstacle(job, trial, labelled)
    if obstacle is None and not job.dry_run:
        result = _score_both(job, trial, labelled)
        if result is None:
            obstacle = "The two versions predict alike on this window."
        else:
            store_interim_result(registry, job.model, trial, result)
    results = interim_results(registry.tags(job.model, trial.version), trial.kind)[: trial.windows]
    if len(results) < trial.windows and _overdue(job, trial):
        return _give_up(job, trial, len(results))
    if not results:
        status: Literal["inconclusive", "going_on"] = "inconclusive" if obstacle else "going_on"
        sentence = obstacle or f"Version {trial.version} has not been scored yet."
        return _outcome(trial, status, "none", 0, None, sentence)
    verdict = judge_trial(results, trial.windows, trial.confidence)
    sentence = trial_sentence(verdict, job.config.comparison.metric, trial.version, trial.against)
    action, sentence = _act_on(job, trial, verdict, sentence)
    return _outcome(trial, verdict.status, action, verdict.looks, verdict.difference, sentence)


def _overdue(job: Job, trial: Trial) -> bool:
    """Say whether twice the planned windows have passed: too many could not be judged."""
    end = job.config.data.label_delay.after(trial.as_of)
    for _ in range(2 * trial.windows + 1):
        end = job.config.windows.current.after(end)
    return job.as_of >= end


def _give_up(job: Job, trial: Trial, windows: int) -> TrialOutcome:
    """End a trial whose windows could not be judged; the champion stays, whichever it is."""
    sentence = (
        f"Version {trial.version} could be compared with {trial.against} on only {windows} of "
        f"{trial.windows} labelled windows in twice the planned time: nothing was proven."
    )
    action: TrialAction = "none"
    if not job.dry_run:
        action = "passed" if trial.kind == "probation" else "dropped"
        if trial.kind == "probation":
            end_trial(open_registry(job.workspace), job.model, trial, "passed")
        else:
            _record_and_end(job, trial, "declined", "dropped", sentence)
    return _outcome(trial, "undecided", action, windows, None, sentence)


def _obstacle(job: Job, trial: Trial, labelled: LabelledWindow) -> str | None:
    """Return why the labelled window does not count, or None where it does."""
    registry, window = open_registry(job.workspace), labelled.rows.window
    for version in (trial.version, trial.against):
        holdout = registry.version(job.model, version).holdout
        if holdout is None or window.start < holdout.end:
            return f"Labels of rows that are new to version {version} have not arrived yet."
    for result in interim_results(registry.tags(job.model, trial.version), trial.kind):
        if result.window != window and result.window.overlaps(window):
            return f"The newest labelled window overlaps {result.window}, which counted already."
    if labelled.performance.score is None:
        return labelled.performance.sentence
    return None


def _score_both(job: Job, trial: Trial, labelled: LabelledWindow) -> InterimResult | None:
    metric, window = job.config.comparison.metric, labelled.rows.window
    versions = trial.version, trial.against
    table = read_labelled(job, labelled.rows, *(model_of(job, version) for version in versions))
    newer, older = (predict_version(job, version, table) for version in versions)
    if newer.target != older.target:
        return None
    seed = job.config.comparison.seed
    return interim_result(metric, window, newer.y, (newer.scored, older.scored), seed)


def _act_on(
    job: Job, trial: Trial, verdict: TrialVerdict, sentence: str
) -> tuple[TrialAction, str]:
    """Carry out what a verdict calls for; return what that was, and the sentence with it."""
    if verdict.status == "going_on" or job.dry_run:
        return "none", sentence
    if trial.state != "on":  # done by this run before it was cut off
        return cast(TrialAction, trial.state), trial.sentence
    if trial.kind == "probation" and verdict.status == "worse":
        move = Move(trial.key, trial.against, trial.version, "rolled_back", sentence)
        return _move_and_end(job, trial, move, otherwise="none")
    if trial.kind == "probation":
        _end(job, trial, "passed", sentence)
        return "passed", sentence
    if verdict.status == "better":
        tags = VersionTags(previous_champion=trial.against)
        key = f"{trial.key}-shadow"
        move = Move(key, trial.version, trial.against, "promoted", sentence, tags)
        return _move_and_end(job, trial, move, otherwise="dropped")
    _record_and_end(job, trial, "declined", "dropped", sentence)
    return "dropped", sentence


def _move_and_end(
    job: Job, trial: Trial, move: Move, otherwise: TrialAction
) -> tuple[TrialAction, str]:
    """Make a move and end the trial, `otherwise` where somebody else has moved the champion."""
    promotion = carry_out_move(job, move)
    action: TrialAction = move.intent if promotion.promoted else otherwise
    text = move.sentence
    if promotion.sentence != text:
        text = f"{text} {promotion.sentence}"
    _end(job, trial, action, text)
    return action, text


def _continue_approval(job: Job, trial: Trial) -> TrialOutcome:
    if trial.until is None or acted_at(job) < trial.until:
        until = f" until {format_time(trial.until)} UTC" if trial.until else ""
        sentence = f"Version {trial.version} waits for approval{until}."
        return _outcome(trial, "going_on", "none", 0, None, sentence)
    sentence = (
        f"Nobody approved version {trial.version} by {format_time(trial.until)} UTC: version "
        f"{trial.against} stays."
    )
    if not job.dry_run:
        _record_and_end(job, trial, "expired", "expired", sentence)
    return _outcome(trial, "undecided", "expired", 0, None, sentence)


def _record_and_end(job: Job, trial: Trial, kind: EntryKind, state: str, sentence: str) -> None:
    """Record in the ledger, once, that a challenger was not promoted after all."""
    with promotion_slot(job):
        key = f"{trial.key}-{state}"
        record_outcome_once(job, kind, key, trial.version, trial.against, sentence)
        _end(job, trial, state, sentence)


def _end(job: Job, trial: Trial, state: str, sentence: str) -> None:
    ended_by_this_run = replace(trial, ended=job.as_of, sentence=sentence[:800])
    end_trial(open_registry(job.workspace), job.model, ended_by_this_run, state)


def _outcome(
    trial: Trial,
    status: TrialStatus | Literal["inconclusive"],
    action: TrialAction,
    windows: int,
    difference: float | None,
    sentence: str,
) -> TrialOutcome:
    versions = trial.kind, trial.version, trial.against
    seen = windows, trial.windows, difference
    return TrialOutcome(*versions, status, action, *seen, sentence, trial.form)
