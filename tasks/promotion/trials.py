"""Versions under observation: scored side by side on each new labelled window, until it is clear.

A challenger in shadow is promoted or dropped, a new champion on probation stays or is rolled back,
an approval that nobody gave expires.
"""

from dataclasses import dataclass, replace
from typing import Literal, cast

from driftloop.base.periods import format_time
from driftloop.base.records import (
    DataSlice,
    ModelVersion,
    Performance,
    Promotion,
    TrialAction,
    TrialOutcome,
)
from driftloop.promotion.ledger import EntryKind
from driftloop.promotion.sequential import InterimResult, TrialStatus, TrialVerdict, judge_trial
from driftloop.promotion.trial import interim_result, trial_sentence
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import forecast
from tasks.monitoring.tables import read_labelled
from tasks.promotion.promote import Move, carry_out
from tasks.promotion.proposals import (
    PROBATION,
    PROPOSAL,
    Watched,
    end_watch,
    keep_look,
    looks_at,
    watched,
)
from tasks.registry.ledger import note_once
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.runtime.step import step


@dataclass(frozen=True, slots=True)
class Fresh:
    """The labelled window of a run, and whether the champion could be scored on it."""

    rows: DataSlice
    performance: Performance


@step("continue trials", retries=2)
def continue_trials(
    job: Job, champion: ModelVersion, rows: DataSlice, performance: Performance
) -> tuple[TrialOutcome, ...]:
    """Return what became of the versions under observation; carries out what that asks for.

    Each labelled window counts once, also when a run is repeated. A window from before the end of
    a version's holdout does not count, nor one that overlaps another that did, nor one whose feed
    was broken or whose rows were too few.
    """
    registry, fresh = open_registry(job.workspace), Fresh(rows, performance)
    probations, proposals = (
        [one for one in watched(registry, job.model, tag, job.as_of) if one.as_of < job.as_of]
        for tag in (PROBATION, PROPOSAL)
    )
    outcomes = [
        _trial(job, probation, fresh)
        for probation in probations
        if probation.version == champion.version
    ]
    for proposal in sorted(proposals, key=lambda one: int(one.version))[-1:]:
        is_shadow = proposal.kind == "shadow"
        outcomes.append(_trial(job, proposal, fresh) if is_shadow else _approval(job, proposal))
    return tuple(outcomes)


def _trial(job: Job, one: Watched, fresh: Fresh) -> TrialOutcome:
    registry = open_registry(job.workspace)
    why = _cannot_look(job, one, fresh)
    if why is None and not job.dry_run:
        look = _look(job, one, fresh)
        if look is None:
            why = "The two versions cannot be told apart on this window."
        else:
            keep_look(registry, job.model, one, look)
    looks = looks_at(registry.tags(job.model, one.version), one.kind)[: one.windows]
    if len(looks) < one.windows and _overdue(job, one):
        return _give_up(job, one, len(looks))
    if not looks:
        status: Literal["inconclusive", "going_on"] = "inconclusive" if why else "going_on"
        sentence = why or f"Version {one.version} has not been scored yet."
        return _outcome(one, status, "none", 0, None, sentence)
    verdict = judge_trial(looks, one.windows, one.confidence)
    sentence = trial_sentence(verdict, job.config.comparison.metric, one.version, one.against)
    action, sentence = _act(job, one, verdict, sentence)
    return _outcome(one, verdict.status, action, verdict.looks, verdict.difference, sentence)


def _overdue(job: Job, one: Watched) -> bool:
    """Say whether twice the planned windows have passed: too many could not be judged."""
    end = job.config.data.label_delay.after(one.as_of)
    for _ in range(2 * one.windows + 1):
        end = job.config.windows.current.after(end)
    return job.as_of >= end


def _give_up(job: Job, one: Watched, looks: int) -> TrialOutcome:
    """End a trial whose windows could not be judged; the champion stays, whichever it is."""
    sentence = (
        f"Version {one.version} could be held against {one.against} on {looks} of {one.windows} "
        "labelled windows only, in twice the time: nothing was proven."
    )
    action: TrialAction = "none"
    if not job.dry_run:
        action = "passed" if one.kind == "probation" else "dropped"
        if one.kind == "probation":
            end_watch(open_registry(job.workspace), job.model, one, "passed")
        else:
            _close(job, one, "declined", "dropped", sentence)
    return _outcome(one, "undecided", action, looks, None, sentence)


def _cannot_look(job: Job, one: Watched, fresh: Fresh) -> str | None:
    registry, window = open_registry(job.workspace), fresh.rows.window
    for version in (one.version, one.against):
        seen = registry.version(job.model, version).holdout
        if seen is None or window.start < seen.end:
            return f"Labels of rows that version {version} never met have not arrived yet."
    for look in looks_at(registry.tags(job.model, one.version), one.kind):
        if look.window != window and look.window.overlaps(window):
            return f"The newest labelled window overlaps {look.window}, which counted already."
    if fresh.performance.score is None:
        return fresh.performance.sentence
    return None


def _look(job: Job, one: Watched, fresh: Fresh) -> InterimResult | None:
    metric, window = job.config.comparison.metric, fresh.rows.window
    table = read_labelled(job, fresh.rows)
    newer, older = (forecast(job, version, table) for version in (one.version, one.against))
    if newer.target != older.target:
        return None
    seed = job.config.comparison.seed
    return interim_result(metric, window, newer.y, (newer.scored, older.scored), seed)


def _act(job: Job, one: Watched, verdict: TrialVerdict, sentence: str) -> tuple[TrialAction, str]:
    """Do what a verdict asks for; return what that was, and the sentence with it."""
    if verdict.status == "going_on" or job.dry_run:
        return "none", sentence
    if one.state != "on":  # done by this run before it was cut off
        return cast(TrialAction, one.state), one.sentence
    if one.kind == "probation" and verdict.status == "worse":
        move = Move(one.key, one.against, one.version, "rolled_back", sentence)
        return _moved(job, one, carry_out(job, move), ("rolled_back", "none"), sentence)
    if one.kind == "probation":
        _end(job, one, "passed", sentence)
        return "passed", sentence
    if verdict.status == "better":
        move = Move(f"{one.key}-shadow", one.version, one.against, "promoted", sentence)
        done = carry_out(job, replace(move, tags={"previous_champion": one.against}))
        return _moved(job, one, done, ("promoted", "dropped"), sentence)
    _close(job, one, "declined", "dropped", sentence)
    return "dropped", sentence


def _moved(
    job: Job,
    one: Watched,
    done: Promotion,
    actions: tuple[TrialAction, TrialAction],
    sentence: str,
) -> tuple[TrialAction, str]:
    """End a trial whose move was made, or was not since somebody else moved the champion."""
    action = actions[0] if done.promoted else actions[1]
    text = sentence if done.sentence == sentence else f"{sentence} {done.sentence}"
    _end(job, one, action, text)
    return action, text


def _approval(job: Job, one: Watched) -> TrialOutcome:
    if one.until is None or job.as_of < one.until:
        until = f" until {format_time(one.until)} UTC" if one.until else ""
        told_so = f"Version {one.version} waits for approval{until}."
        return _outcome(one, "going_on", "none", 0, None, told_so)
    sentence = (
        f"Nobody approved version {one.version} by {format_time(one.until)} UTC: version "
        f"{one.against} stays."
    )
    if not job.dry_run:
        _close(job, one, "expired", "expired", sentence)
    return _outcome(one, "undecided", "expired", 0, None, sentence)


def _close(job: Job, one: Watched, kind: EntryKind, state: str, sentence: str) -> None:
    """Note in the ledger, once, that a challenger was not promoted after all."""
    with promotion_slot(job):
        note_once(job, kind, f"{one.key}-{state}", one.version, one.against, sentence)
        _end(job, one, state, sentence)


def _end(job: Job, one: Watched, state: str, sentence: str) -> None:
    told_by_this_run = replace(one, ended=job.as_of, sentence=sentence[:800])
    end_watch(open_registry(job.workspace), job.model, told_by_this_run, state)


def _outcome(
    one: Watched,
    status: TrialStatus | Literal["inconclusive"],
    action: TrialAction,
    looks: int,
    difference: float | None,
    sentence: str,
) -> TrialOutcome:
    return TrialOutcome(
        one.kind,
        one.version,
        one.against,
        status,
        action,
        looks,
        one.windows,
        difference,
        sentence,
    )
