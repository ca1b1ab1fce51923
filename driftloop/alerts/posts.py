"""Telling: what happened becomes posts of a model's alerts, each for the channels it concerns.

All of it is functions from the old state to the new one; see `driftloop.alerts.incident`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from driftloop.alerts.channels import Level
from driftloop.alerts.incident import (
    MOST_PAST,
    Acknowledgement,
    AlertState,
    Card,
    Incident,
    Past,
    Post,
)
from driftloop.alerts.lifecycle import AlertSettings, Turn, blind_runs, newly_stuck, sight_of, turn
from driftloop.alerts.links import Links
from driftloop.alerts.message import Kind, Message
from driftloop.alerts.messages.card import blind_card, card_of, with_deed
from driftloop.alerts.messages.causes import MOST_WORST, one_a_feature
from driftloop.alerts.messages.observation import stuck_message, trial_message
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.thread import (
    acknowledged_line,
    acknowledged_message,
    confirmed_line,
    opened_line,
    reopened_line,
    reopened_message,
    resolved_line,
    resolved_message,
    started_line,
    worsened_line,
    worsened_message,
)
from driftloop.base.errors import AlertError
from driftloop.base.past_run import PastRun
from driftloop.base.records import MonitorRecord, Shape, TrialAction, TrialOutcome

_MOVES: dict[TrialAction, str] = {
    "promoted": "Version {0} replaced version {1}.",
    "rolled_back": "Version {1} is live again in place of version {0}.",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """Who is told, what counts as a further loss, and the moment at which posts are written."""

    settings: AlertSettings
    margin: float
    now: datetime

    def waiting(self, level: Level, incident: Incident | None) -> tuple[str, ...]:
        """Return the channels that are told of a message of this severity.

        What belongs to an incident goes to every channel that the incident has reached.
        """
        told = incident.gravest if incident is not None else level
        return tuple(
            dict.fromkeys(channel.key for channel in self.settings.channels if channel.takes(told))
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A monitoring run: what it recorded, what came before it, and where to look."""

    record: MonitorRecord
    history: tuple[PastRun, ...]
    links: Links


def tell_run(state: AlertState, run: Run, situation: Situation) -> Turn:
    """Return the state after a monitoring run, and what was new about its incident."""
    record = run.record
    sight = sight_of(record)
    card = card_of(record, run.links) if sight.causes else _blind(state, run)
    found = turn(state, sight, card, situation.settings, situation.margin)
    state = found.state
    for kind in found.kinds:
        state = _write_turn(state, run, kind, found.why, situation)
    if "resolved" in found.kinds:
        state = _remember(state)
    state = _write_started(state, run, situation)
    for trial in record.trials:
        if trial.action not in ("none", "passed"):  # what goes well is silent
            state = _tell_trial(state, run, trial, situation)
    if newly_stuck(record, run.history) and not {"opened", "worsened"} & set(found.kinds):
        state = tell(state, stuck_message(record, run.links), situation, loud=True)
    return replace(found, state=state)


def tell(
    state: AlertState,
    message: Message,
    situation: Situation,
    loud: bool = False,
    card: Card | None = None,
) -> AlertState:
    """Return the state with a message written: in the thread of the open incident, or alone.

    Args:
        state: the alerts so far.
        message: what to say.
        situation: who is told.
        loud: whether it is shown outside the thread too.
        card: what the parent says from now on, if that changes.
    """
    incident = state.open
    if incident is not None and card is not None:
        state = state.with_incident(replace(incident, card=card))
    return state.write(_post(message, incident, situation, loud=loud))


def acknowledge(
    state: AlertState, model: str, by: Acknowledgement, situation: Situation
) -> AlertState:
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
    state = state.with_incident(incident)
    message = acknowledged_message(model, incident)
    return state.write(_post(message, incident, situation, acknowledged_line(model, incident)))


def mute(state: AlertState, until: datetime | None, by: str) -> AlertState:
    """Return the state muted until a moment, or not muted."""
    return replace(state, muted_until=until, muted_by=by if until is not None else "")


def level_of(message: Message) -> Level:
    """Return the severity by which a message is routed; good news counts as information."""
    return "info" if message.severity == "good" else message.severity


def _write_turn(
    state: AlertState, run: Run, kind: Kind, why: str, situation: Situation
) -> AlertState:
    incident = state.newest
    if incident is None:
        return state
    record, links, model = run.record, run.links, run.record.model
    message, line = {
        "opened": lambda: (
            replace(parent_message(model, incident), key=f"{model}/{incident.number}/opened"),
            opened_line(record, incident, links),
        ),
        "worsened": lambda: (
            worsened_message(record, incident, links),
            worsened_line(record, incident, why, links),
        ),
        "reopened": lambda: (
            reopened_message(record, incident, links),
            reopened_line(record, incident, links),
        ),
        "confirmed": lambda: (confirmed_line(record, incident),) * 2,
        "resolved": lambda: (
            resolved_message(record, incident, links),
            resolved_line(record, incident, links),
        ),
    }[kind]()
    loud = kind in ("worsened", "reopened")
    shapes = _shapes(record) if kind in ("opened", "worsened", "reopened") else ()
    return state.write(_post(message, incident, situation, line, loud, shapes))


def _write_started(state: AlertState, run: Run, situation: Situation) -> AlertState:
    record, incident = run.record, state.open
    if incident is None or record.decision.action != "retrain" or record.dry_run:
        return state
    return state.write(_post(started_line(record, incident), incident, situation))


def _tell_trial(
    state: AlertState, run: Run, trial: TrialOutcome, situation: Situation
) -> AlertState:
    record, card = run.record, state.open.card if state.open is not None else None
    if card is not None and trial.action in _MOVES:
        did = f"{_MOVES[trial.action].format(trial.version, trial.against)} {trial.sentence}"
        card = with_deed(card, did)
    message = trial_message(record.model, record.as_of, trial, run.links)
    return tell(state, message, situation, loud=trial.action != "dropped", card=card)


def _post(
    message: Message,
    incident: Incident | None,
    situation: Situation,
    line: Message | None = None,
    loud: bool = False,
    shapes: tuple[Shape, ...] = (),
) -> Post:
    level = incident.severity if incident is not None else level_of(message)
    return Post(
        key=message.key,
        kind=message.kind,
        level=level,
        written=situation.now,
        message=message,
        waiting=situation.waiting(level, incident),
        incident=incident.number if incident is not None else None,
        line=line,
        loud=loud,
        shapes=shapes,
    )


def _shapes(record: MonitorRecord) -> tuple[Shape, ...]:
    drawn = [one for one in record.drifted if one.role == "feature" and one.shape is not None]
    shapes = (finding.shape for finding in one_a_feature(tuple(drawn)))
    return tuple(shape for shape in shapes if shape is not None)[:MOST_WORST]


def _blind(state: AlertState, run: Run) -> Card:
    return blind_card(run.record, run.links, blind_runs(state, run.record.as_of))


def _remember(state: AlertState) -> AlertState:
    """Note an incident that is over among the past ones."""
    over = state.newest
    if over is None or over.resolved_at is None:
        return state
    past = Past(
        over.number, over.since, over.opened_at, over.resolved_at, over.gravest, over.causes
    )
    return replace(state, past=(*state.past, past)[-MOST_PAST:])
