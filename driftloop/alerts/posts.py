"""Posts: events become messages of a model's alerts, each for the channels it concerns.

All of it is functions from the old state to the new one; see `driftloop.alerts.incident`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from driftloop.alerts.incident import (
    KEPT_INCIDENTS,
    Acknowledgement,
    AlertState,
    Cause,
    Incident,
    IncidentSummary,
    PastIncident,
    Post,
)
from driftloop.alerts.lifecycle import (
    AlertSettings,
    RunHealth,
    Transition,
    advance,
    blind_runs,
    newly_stuck,
    run_health,
)
from driftloop.alerts.message import Kind, Level, Links, Message
from driftloop.alerts.messages import thread
from driftloop.alerts.messages.causes import MOST_WORST, first_per_feature
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.summary import (
    blind_summary,
    doubt_summary,
    lost_summary,
    summary_of,
    with_new_champion,
)
from driftloop.alerts.messages.versions import REPORTED_TRIALS, stuck_message, trial_message
from driftloop.base.distribution import Shape
from driftloop.base.errors import AlertError, ChampionLostError
from driftloop.base.records import MonitorRecord, TrialAction, TrialOutcome
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.tags import PastRun

_MOVES: dict[TrialAction, str] = {
    "promoted": "Version {0} replaced version {1}.",
    "rolled_back": "Version {1} is live again in place of version {0}.",
}


@dataclass(frozen=True, slots=True)
class Routing:
    """Where posts go, and the moment at which they are written."""

    settings: AlertSettings
    now: datetime

    def channels(self, level: Level) -> tuple[str, ...]:
        """Return the channels that get messages of this severity."""
        keys = (channel.key for channel in self.settings.channels if channel.takes(level))
        return tuple(dict.fromkeys(keys))


@dataclass(frozen=True, slots=True)
class Run:
    """A monitoring run: what it recorded, what came before it, and where to look."""

    record: MonitorRecord
    history: tuple[PastRun, ...]
    links: Links


@dataclass(frozen=True, slots=True)
class LostChampion:
    """That a run found no champion, and where to look."""

    error: ChampionLostError
    as_of: datetime
    links: Links

    @property
    def model(self) -> str:
        """The model's name."""
        return self.error.model


def post_run(state: AlertState, run: Run, routing: Routing) -> Transition:
    """Return the state after a monitoring run, and what was new about its incident."""
    record, links = run.record, run.links
    health = run_health(record)
    summary = (
        summary_of(record, links, routing.settings.contacts)
        if health.causes
        else blind_summary(record, links, blind_runs(state, record.as_of))
    )
    transition = advance(state, health, _signed(summary, routing), routing.settings)
    state = transition.state
    for kind in transition.kinds:
        state = _write_event(state, run, kind, transition.why, routing)
    if "resolved" in transition.kinds:
        state = _remember(state)
    if state.open is not None and record.decision.action == "retrain" and not record.dry_run:
        state = state.write(_post(thread.started_line(record, state.open), state.open, routing))
    for trial in record.trials:
        if trial.action in REPORTED_TRIALS:
            state = _write_trial(state, run, trial, routing)
    if newly_stuck(record, run.history) and not {"opened", "worsened"} & set(transition.kinds):
        state = post_message(state, stuck_message(record, links), routing, loud=True)
    return replace(transition, state=state)


def post_lost_champion(state: AlertState, lost: LostChampion, routing: Routing) -> AlertState:
    """Return the state after a run that found no champion where the ledger has one."""
    summary = lost_summary(lost.error, lost.links)
    return _post_cause(state, "no_champion", lost, lost.error.version, summary, routing)


def post_doubt(
    state: AlertState, record: RetrainRecord, doubt: str, links: Links, routing: Routing
) -> AlertState:
    """Return the state after a first champion went live that may be no better than guessing."""
    summary, version = doubt_summary(record, doubt, links), record.champion.version or ""
    return _post_cause(state, "no_skill", record, version, summary, routing)


def _post_cause(
    state: AlertState,
    cause: Cause,
    occasion: thread.Occasion,
    champion: str,
    summary: IncidentSummary,
    routing: Routing,
) -> AlertState:
    """Return the state after trouble that is not a finding in a window."""
    health = RunHealth(
        as_of=occasion.as_of,
        window_start=occasion.as_of,
        causes=frozenset({cause}),
        champion=champion,
        judged=True,
        score=None,
        proven_until=None,
    )
    transition = advance(state, health, _signed(summary, routing), routing.settings)
    state = transition.state
    for kind in transition.kinds:
        state = _write_trouble(state, occasion, summary.links, kind, transition.why, routing)
    return state


def _signed(summary: IncidentSummary, routing: Routing) -> IncidentSummary:
    """Return the summary with who owns the model and its data."""
    owners = routing.settings.contacts.small_print
    return replace(summary, small_print=(*summary.small_print, *owners))


def post_message(
    state: AlertState,
    message: Message,
    routing: Routing,
    loud: bool = False,
    summary: IncidentSummary | None = None,
) -> AlertState:
    """Return the state with a message written: in the thread of the open incident, or alone.

    `loud` shows it outside the thread too; the parent says `summary` from now on, if it is given.
    """
    incident = state.open
    if incident is not None and summary is not None:
        state = state.with_incident(replace(incident, summary=summary))
    return state.write(_post(message, incident, routing, loud=loud))


def acknowledge(state: AlertState, model: str, by: Acknowledgement, routing: Routing) -> AlertState:
    """Return the state after a person took on the open incident.

    Raises:
        AlertError: if no incident is open.
    """
    incident = state.open
    if incident is None:
        raise AlertError(
            f"{model} has no open incident, so there is nothing to acknowledge; "
            "'driftloop status' shows what is open"
        )
    incident = replace(incident, acknowledged=by)
    message = thread.acknowledged_message(model, incident)
    line = thread.acknowledged_line(model, incident)
    return state.with_incident(incident).write(_post(message, incident, routing, line))


def mute(state: AlertState, until: datetime | None, by: str) -> AlertState:
    """Return the state muted until a moment, or not muted."""
    return replace(state, muted_until=until, muted_by=by if until is not None else "")


def level_of(message: Message) -> Level:
    """Return the severity by which a message is routed."""
    return "info" if message.severity == "good" else message.severity


def _write_event(state: AlertState, run: Run, kind: Kind, why: str, routing: Routing) -> AlertState:
    incident = state.resolved
    if kind != "resolved" or incident is None:
        shapes = _shapes(run.record) if kind in ("opened", "worsened", "reopened") else ()
        return _write_trouble(state, run.record, run.links, kind, why, routing, shapes)
    message = thread.resolved_message(run.record, incident, run.links)
    line = thread.resolved_line(run.record, incident, run.links)
    return state.write(_post(message, incident, routing, line))


def _write_trouble(
    state: AlertState,
    occasion: thread.Occasion,
    links: Links,
    kind: Kind,
    why: str,
    routing: Routing,
    shapes: tuple[Shape, ...] = (),
) -> AlertState:
    """Return the state with the post that an incident opened, worsened, came back or goes on."""
    incident = state.newest
    if incident is None:
        return state
    match kind:
        case "opened":
            key = f"{occasion.model}/{incident.number}/opened"
            message = replace(parent_message(occasion.model, incident), key=key)
            line = thread.opened_line(occasion, incident, links)
        case "worsened":
            message = thread.worsened_message(occasion, incident, links)
            line = thread.worsened_line(occasion, incident, why, links)
        case "reopened":
            message = thread.reopened_message(occasion, incident, links)
            line = thread.reopened_line(occasion, incident, links)
        case _:
            message = line = thread.confirmed_line(occasion, incident)
    loud = kind in ("worsened", "reopened")
    return state.write(_post(message, incident, routing, line, loud, shapes))


def _write_trial(state: AlertState, run: Run, trial: TrialOutcome, routing: Routing) -> AlertState:
    record, summary = run.record, state.open.summary if state.open is not None else None
    if summary is not None and trial.action in _MOVES:
        action = f"{_MOVES[trial.action].format(trial.version, trial.against)} {trial.sentence}"
        summary = with_new_champion(summary, action)
    message = trial_message(record.model, record.as_of, trial, run.links)
    return post_message(state, message, routing, loud=trial.action != "dropped", summary=summary)


def _post(
    message: Message,
    incident: Incident | None,
    routing: Routing,
    line: Message | None = None,
    loud: bool = False,
    shapes: tuple[Shape, ...] = (),
) -> Post:
    level = incident.severity if incident is not None else level_of(message)
    # What belongs to an incident goes to every channel that the incident has reached.
    reached = incident.peak_severity if incident is not None else level
    return Post(
        key=message.key,
        kind=message.kind,
        level=level,
        written=routing.now,
        message=message,
        waiting=routing.channels(reached),
        incident=incident.number if incident is not None else None,
        line=line,
        loud=loud,
        shapes=shapes,
    )


def _shapes(record: MonitorRecord) -> tuple[Shape, ...]:
    drawn = [finding for finding in record.drifted if finding.role == "feature" and finding.shape]
    shapes = (finding.shape for finding in first_per_feature(tuple(drawn)))
    return tuple(shape for shape in shapes if shape is not None)[:MOST_WORST]


def _remember(state: AlertState) -> AlertState:
    """Note an incident that is over among the past ones."""
    over = state.resolved
    if over is None or over.resolved_at is None:
        return state
    past = PastIncident(
        over.number,
        over.since,
        over.opened_at,
        over.resolved_at,
        over.peak_severity,
        over.causes,
        over.acknowledged is not None and over.acknowledged.not_a_problem,
    )
    return replace(state, past=(*state.past, past)[-KEPT_INCIDENTS:])
