"""Trials as tags of model versions: challengers that won and wait, and champions on probation.

``proposal`` is the tag of a challenger that waits for approval or is in shadow, ``probation`` that
of a new champion; each window on which a version was scored under observation has a tag, too.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Literal

from pydantic import TypeAdapter

from driftloop.base.periods import format_time
from driftloop.base.retrain_record import Promotion
from driftloop.base.scores import Comparison
from driftloop.base.serialize import LONGEST_TAG, to_json, to_plain
from driftloop.base.tags import VersionTags
from driftloop.promotion.ledger import Entry, end_of_proposal, outcome_of_key
from driftloop.promotion.modes import NextStep
from driftloop.promotion.sequential import InterimResult
from tasks.registry.ledger import reconciled_ledger, write_entry
from tasks.registry.memory import in_memory
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime import clock
from tasks.runtime.job import Job

TrialKind = Literal["approval", "shadow", "probation"]
PROPOSAL, PROBATION = "proposal", "probation"
_LONGEST_COMPARISON = 3_300
"""Characters: a trial with two sentences and two versions beside it stays below `LONGEST_TAG`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A version under observation, as it is stored.

    `against` is the champion it is to replace (in a proposal) or replaced (in probation); `state`
    is ``on`` until it ends, and `ended` the moment of the run that ended it. `comparison`
    is what a person reads before answering, without what has no room in a tag; `form` is the page.
    """

    kind: TrialKind
    key: str
    version: str
    against: str
    as_of: datetime
    until: datetime | None
    windows: int
    confidence: float
    sentence: str = ""
    state: str = "on"
    ended: datetime | None = None
    comparison: Comparison | None = None
    form: str | None = None


_TRIAL, _RESULT = TypeAdapter(Trial), TypeAdapter(InterimResult)


def propose(
    job: Job, key: str, challenger: str, expected: str, comparison: Comparison, next_step: NextStep
) -> Promotion:
    """Store a challenger that won as waiting: for approval, or for labelled windows.

    Call it while holding the promotion slot. A proposal that waits already is superseded. One that
    has ended since is reported as it ended, and as things stand now.
    """
    registry = open_registry(job.workspace)
    kind: Literal["approval", "shadow"] = "approval" if next_step.step == "ask" else "shadow"
    entries = reconciled_ledger(job)
    outcome, ended = outcome_of_key(entries, key), end_of_proposal(entries, key)
    if ended is not None:
        return as_of_today(job, ended)
    for older in running_trials(registry, job.model, PROPOSAL):
        if older.version != challenger:
            superseded = f"Version {challenger} is proposed in its place."
            request = f"{older.key}-superseded", older.version, older.against
            write_entry(job, "declined", *request, superseded)
            end_trial(registry, job.model, older, "superseded")
    # What was found of an earlier moment is asked now, and people have the whole time to answer.
    until = next_step.until and next_step.until + max(acted_at(job) - job.as_of, timedelta())
    waiting = f"is in shadow for up to {next_step.windows} labelled windows."
    if kind == "approval" and until is not None:
        waiting = f"waits for approval until {format_time(until)} UTC."
    sentence = f"{comparison.sentence} Version {challenger} {waiting}"
    trial = Trial(
        kind,
        key,
        challenger,
        expected,
        job.as_of,
        until,
        next_step.windows,
        next_step.confidence,
        comparison.sentence[:800],
        comparison=_with_room(comparison, _LONGEST_COMPARISON),
    )
    if outcome is None:
        store_trial(registry, job.model, trial)
        registry.tag(job.model, challenger, VersionTags(comparison=comparison_tag(comparison)))
        write_entry(job, "awaiting", key, challenger, expected, sentence)
    said = sentence if outcome is None else outcome.sentence
    return Promotion(False, challenger, expected, said, kind)


def acted_at(job: Job) -> datetime:
    """Return the moment at which a run acts: now, and in a replay the moment that it is as of."""
    return clock.now() if in_memory(job.workspace) is None else job.as_of


def comparison_tag(comparison: Comparison) -> str:
    """Return a comparison as JSON that has room in a tag of its version, whole where it has."""
    whole = to_json(comparison)
    return whole if len(whole) <= LONGEST_TAG else to_json(_with_room(comparison, LONGEST_TAG))


def _with_room(comparison: Comparison, characters: int) -> Comparison:
    """Return a comparison, as JSON at most so long: without its details, then without last gates.

    A champion without a score is left out.
    """
    champion = comparison.champion
    if champion is not None and not all(
        map(isfinite, (champion.value, champion.low, champion.high))
    ):
        champion = None
    kept = replace(comparison, champion=champion, slices=(), delong=None, worth=None)
    while kept.gates and len(to_json(kept)) > characters:
        kept = replace(kept, gates=kept.gates[:-1])
    return kept


def as_of_today(job: Job, ended: Entry) -> Promotion:
    """Return what a request that has ended came to, as things stand now."""
    champion = open_registry(job.workspace).champion(job.model)
    current = champion.version if champion else None
    moved = ended.kind in ("promoted", "rolled_back")
    if moved and current == ended.version:
        return Promotion(True, ended.version, ended.previous, ended.sentence)
    sentence, then = ended.sentence, ended.version if moved else ended.previous
    if moved:
        sentence = f"Version {ended.version} was promoted before."
    if current != then:
        sentence += f" The champion is now {current}."
    return Promotion(False, ended.version, current, sentence)


def start_probation(job: Job, version: str, previous: str | None) -> None:
    """Put a new champion on probation against its predecessor, if it has one."""
    settings = job.config.promotion.probation
    if previous is None or settings.windows == 0:
        return
    limits = settings.windows, settings.confidence
    key = f"probation-{version}"
    trial = Trial("probation", key, version, previous, job.as_of, None, *limits)
    store_trial(open_registry(job.workspace), job.model, trial)


def running_trials(
    registry: Registry, model: str, tag: str, at: datetime | None = None
) -> tuple[Trial, ...]:
    """Return the trials that have not ended, of either tag: `PROPOSAL` or `PROBATION`.

    With `at` also those that the run as of then ended: if that run was cut off, the next attempt
    has to report them.
    """
    trials = []
    for tags in registry.versions(model).values():
        text = tags.proposal if tag == PROPOSAL else tags.probation
        trial = _TRIAL.validate_json(text) if text else None
        if trial is not None and (trial.state == "on" or (at is not None and trial.ended == at)):
            trials.append(trial)
    return tuple(trials)


def waiting_proposal(registry: Registry, model: str) -> Trial | None:
    """Return the challenger that waits for approval or is in shadow, or None."""
    proposals = running_trials(registry, model, PROPOSAL)
    return max(proposals, key=lambda trial: int(trial.version)) if proposals else None


def store_trial(registry: Registry, model: str, trial: Trial) -> None:
    """Store a trial as it stands."""
    text = to_json(trial)
    is_probation = trial.kind == "probation"
    tags = VersionTags(probation=text) if is_probation else VersionTags(proposal=text)
    registry.tag(model, trial.version, tags)


def end_trial(registry: Registry, model: str, trial: Trial, state: str) -> None:
    """Store that a trial has ended, and how."""
    store_trial(registry, model, replace(trial, state=state))


def interim_results(tags: VersionTags, kind: TrialKind) -> tuple[InterimResult, ...]:
    """Return the windows on which a version was scored under observation, oldest first."""
    stored = tags.probation_looks if kind == "probation" else tags.shadow_looks
    return tuple(_RESULT.validate_json(text) for text in stored.values())


def store_interim_result(
    registry: Registry, model: str, trial: Trial, result: InterimResult
) -> None:
    """Store the result of a window; a second one of the same window replaces the first."""
    stored = {f"{result.window.end:%Y-%m-%dT%H-%M}": json.dumps(to_plain(result))}
    is_probation = trial.kind == "probation"
    tags = VersionTags(probation_looks=stored) if is_probation else VersionTags(shadow_looks=stored)
    registry.tag(model, trial.version, tags)
