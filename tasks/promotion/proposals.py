"""Challengers that won and are not champion yet, and new champions that are still watched.

Both stand in tags of the version: ``proposal`` of a challenger that waits for an answer or is in
shadow, ``probation`` of a champion, and a tag for each window on which it was scored.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from driftloop.base.periods import Window, format_time, parse_time
from driftloop.base.records import Comparison, Promotion, to_json, to_plain
from driftloop.promotion.ledger import outcome_of_key
from driftloop.promotion.modes import NextStep
from driftloop.promotion.sequential import InterimResult
from tasks.registry.ledger import settled_ledger, write_entry
from tasks.registry.opening import open_registry
from tasks.registry.protocol import PREFIX, Registry
from tasks.runtime.job import Job

Kind = Literal["approval", "shadow", "probation"]
PROPOSAL, PROBATION = "proposal", "probation"


@dataclass(frozen=True, slots=True)
class Watched:
    """A version under observation.

    `against` is the champion it is to replace (in a proposal) or replaced (in probation); `state`
    is ``on`` until it ends, and `ended` the moment of the run whose trial ended it.
    """

    kind: Kind
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

    @property
    def tag(self) -> str:
        """The tag it is kept in."""
        return PROBATION if self.kind == "probation" else PROPOSAL


def propose(
    job: Job, key: str, challenger: str, expected: str, comparison: Comparison, course: NextStep
) -> Promotion:
    """Let a challenger that won wait: for an answer, or for labelled windows.

    Call it while holding the promotion slot. A proposal that waits already is superseded.
    """
    registry = open_registry(job.workspace)
    kind: Literal["approval", "shadow"] = "approval" if course.step == "ask" else "shadow"
    done = outcome_of_key(settled_ledger(job), key)
    for older in watched(registry, job.model, PROPOSAL):
        if older.version != challenger:
            _end(job, older, "superseded", f"Version {challenger} is proposed in its place.")
    told = f"{comparison.sentence} {_told(kind, challenger, course)}"
    made = Watched(
        kind,
        key,
        challenger,
        expected,
        job.as_of,
        course.until,
        course.windows,
        course.confidence,
        comparison.sentence[:800],
    )
    if done is None:
        keep_watch(registry, job.model, made)
        registry.tag(job.model, challenger, {"comparison": to_json(comparison)[:4900]})
        write_entry(job, "awaiting", key, challenger, expected, told)
    return Promotion(False, challenger, expected, told, kind)


def _told(kind: Kind, challenger: str, course: NextStep) -> str:
    if kind == "approval" and course.until is not None:
        return f"Version {challenger} waits for approval until {format_time(course.until)} UTC."
    return f"Version {challenger} is in shadow for up to {course.windows} labelled windows."


def start_probation(job: Job, version: str, previous: str | None) -> None:
    """Begin to watch a new champion against its predecessor, if it has one."""
    settings = job.config.promotion.probation
    if previous is None or settings.windows == 0:
        return
    made = Watched(
        "probation",
        f"probation-{version}",
        version,
        previous,
        job.as_of,
        None,
        settings.windows,
        settings.confidence,
    )
    keep_watch(open_registry(job.workspace), job.model, made)


def watched(
    registry: Registry, model: str, tag: str, at: datetime | None = None
) -> tuple[Watched, ...]:
    """Return what is under observation and has not ended, by the tag it is kept in.

    With `at` also what ended in the run as of then: if that run was cut off, the next attempt has
    to tell of it.
    """
    found = []
    for tags in registry.versions(model).values():
        text = tags.get(PREFIX + tag)
        one = _watched(json.loads(text)) if text else None
        if one is not None and (one.state == "on" or (at is not None and one.ended == at)):
            found.append(one)
    return tuple(found)


def waiting_proposal(registry: Registry, model: str) -> Watched | None:
    """Return the challenger that waits for an answer or is in shadow, or None."""
    found = watched(registry, model, PROPOSAL)
    return max(found, key=lambda one: int(one.version)) if found else None


def keep_watch(registry: Registry, model: str, one: Watched) -> None:
    """Store a version under observation as it stands."""
    registry.tag(model, one.version, {one.tag: to_json(one)})


def end_watch(registry: Registry, model: str, one: Watched, state: str) -> None:
    """Store that the observation of a version has ended, and how."""
    keep_watch(registry, model, replace(one, state=state))


def looks_at(tags: Mapping[str, str], kind: Kind) -> tuple[InterimResult, ...]:
    """Return the windows on which a version was scored under observation, oldest first."""
    own = f"{PREFIX}{kind}.look."
    return tuple(_look(json.loads(tags[name])) for name in sorted(tags) if name.startswith(own))


def keep_look(registry: Registry, model: str, one: Watched, look: InterimResult) -> None:
    """Store a look; a second one at the same window takes the place of the first."""
    end = f"{look.window.end:%Y-%m-%dT%H-%M}"
    registry.tag(model, one.version, {f"{one.kind}.look.{end}": json.dumps(to_plain(look))})


def _end(job: Job, one: Watched, state: str, sentence: str) -> None:
    write_entry(job, "declined", f"{one.key}-{state}", one.version, one.against, sentence)
    end_watch(open_registry(job.workspace), job.model, one, state)


def _watched(stored: dict[str, Any]) -> Watched:
    until, ended = stored["until"], stored.get("ended")
    times = {
        "as_of": parse_time(stored["as_of"]),
        "until": until and parse_time(until),
        "ended": ended and parse_time(ended),
    }
    return Watched(**{**stored, **times})


def _look(stored: dict[str, Any]) -> InterimResult:
    edges = stored["window"]
    window = Window(parse_time(edges["start"]), parse_time(edges["end"]))
    return InterimResult(window, stored["rows"], stored["difference"], stored["error"])
