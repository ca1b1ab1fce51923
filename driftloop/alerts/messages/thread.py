"""Replies in an incident's thread, and the same events for channels without threads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from driftloop.alerts.blocks import (
    Block,
    Line,
    Section,
    bold,
    clean,
    context,
    line,
    section,
    sentence,
)
from driftloop.alerts.incident import Acknowledgement, Incident, IncidentSummary
from driftloop.alerts.message import Kind, Links, Message, Severity, event_key
from driftloop.alerts.messages.causes import after_promotion
from driftloop.alerts.messages.parent import in_order, lasted, step_block, story_blocks, took_on
from driftloop.alerts.messages.wording import NO_LINKS, SIGNS, compose, count, lead_of
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord


class Occasion(Protocol):
    """What happened to a model at a moment: the record of a run, or that its champion is lost."""

    @property
    def model(self) -> str:
        """The model's name."""

    @property
    def as_of(self) -> datetime:
        """The moment as of which it was found."""


def opened_line(record: Occasion, incident: Incident, links: Links) -> Message:
    """Return what was found first, which stays when the parent above it changes."""
    summary = incident.summary
    lead = line(
        bold("Opened"), f" by the run of {format_time(record.as_of)} UTC: {summary.headline}."
    )
    causes = [section(*(cause.lead for cause in summary.causes))] if summary.causes else []
    blocks = (section(lead), *causes, section(bold("What driftloop did"), summary.action))
    return _line(record, "opened", incident.severity, blocks, links)


def worsened_line(record: Occasion, incident: Incident, why: str, links: Links) -> Message:
    """Return what got worse and what to do, for the thread and the channel.

    It is as severe as the incident ever was: news of something worse never look milder.
    """
    incident = _at_worst(incident)
    lead = _lead(record, incident, "it got worse.", f" {sentence(why)} {_first(incident.summary)}")
    blocks = (section(lead), step_block(incident.summary.next_step))
    return _line(record, "worsened", incident.severity, blocks, links)


def reopened_line(record: Occasion, incident: Incident, links: Links) -> Message:
    """Return that the trouble is back, for the thread and the channel."""
    lead = _lead(record, incident, "the trouble is back.", f" {_first(incident.summary)}")
    blocks = (section(lead), step_block(incident.summary.next_step), _needed(incident))
    return _line(record, "reopened", incident.severity, blocks, links)


def confirmed_line(record: Occasion, incident: Incident) -> Message:
    """Return that another run sees the trouble too, and how bad it is now."""
    text = f"The next run sees it too: {_first(incident.summary)}"
    return _line(record, "confirmed", incident.severity, (section(text),))


def started_line(record: MonitorRecord, incident: Incident) -> Message:
    """Return that a retraining started, and why."""
    reasons = record.decision.reasons or (record.verdict.sentence,)
    why = " ".join(sentence(reason) for reason in reasons[:3])
    lead = line(bold("Retraining started."), f" {why}")
    return _line(record, "started", incident.severity, (section(lead),))


def acknowledged_line(model: str, incident: Incident) -> Message:
    """Return who took the incident on."""
    taken = _taken(incident)
    key = event_key(model, taken.at, "acknowledged")
    return _reply(key, "acknowledged", "info", model, (section(took_on(taken)),), NO_LINKS)


def resolved_line(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return that the trouble is over and how long it lasted."""
    lead = line(
        f"{SIGNS['good']} ",
        bold(f"{clean(record.model, 60)}: back to normal"),
        f" after {lasted(incident)}. {_now(record)}",
    )
    return _line(record, "resolved", "good", (section(lead), *after_promotion(record)), links)


def _now(record: MonitorRecord) -> str:
    """Return the verdict on what is over; other trouble that has begun has its own."""
    began = f"Other trouble began on {format_time(record.as_of)} UTC, see the next message"
    return sentence(began if record.trouble else record.verdict.sentence)


def worsened_message(record: Occasion, incident: Incident, links: Links) -> Message:
    """Return what got worse, for a channel without threads."""
    return _alone(record, "worsened", _at_worst(incident), "worsened", links)


def reopened_message(record: Occasion, incident: Incident, links: Links) -> Message:
    """Return that the trouble is back, for a channel without threads."""
    return _alone(record, "reopened", incident, "back again", links, _needed(incident))


def resolved_message(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return that the trouble is over, for a channel without threads."""
    key = event_key(record.model, record.as_of, "resolved")
    lead, rest = "The trouble is over", f" after {lasted(incident)}."
    blocks = (
        section(line(bold(lead), f"{rest} {_now(record)}")),
        *after_promotion(record),
        *story_blocks(incident.summary),
    )
    headline = "back to normal"
    return compose(key, "resolved", "good", record.model, headline, blocks, links, lead + rest)


def acknowledged_message(model: str, incident: Incident) -> Message:
    """Return who took the incident on, for a channel without threads."""
    taken = _taken(incident)
    blocks = (section(took_on(taken)), section(bold("What it is"), _first(incident.summary)))
    key = event_key(model, taken.at, "acknowledged")
    did = "sees no problem in this" if taken.not_a_problem else "took this on"
    headline, links = f"{clean(taken.by, 60)} {did}", incident.summary.links
    return compose(key, "acknowledged", "info", model, headline, blocks, links)


def _alone(
    record: Occasion,
    kind: Kind,
    incident: Incident,
    news: str,
    links: Links,
    *more: Block,
) -> Message:
    summary, severity = incident.summary, incident.severity
    since = context(f"Since {format_time(incident.since)} UTC ({lasted(incident)})")
    blocks = in_order(summary, since, *more)
    key = event_key(record.model, record.as_of, kind)
    headline, lead = f"{news}: {summary.headline}", _first(summary)
    return compose(key, kind, severity, record.model, headline, blocks, links, lead)


def _line(
    record: Occasion,
    kind: Kind,
    severity: Severity,
    blocks: Sequence[Block],
    links: Links = NO_LINKS,
) -> Message:
    key = event_key(record.model, record.as_of, kind)
    return _reply(key, kind, severity, record.model, blocks, links)


def _reply(
    key: str, kind: Kind, severity: Severity, model: str, blocks: Sequence[Block], links: Links
) -> Message:
    """Return a message without a header: the thread stands below one."""
    lead, name = lead_of(blocks).removeprefix(f"{SIGNS[severity]} "), clean(model, 60)
    text = lead if lead.startswith(name) else f"{name}: {lead}"
    return Message(key, model, kind, severity, text, tuple(blocks), links)


def _lead(record: Occasion, incident: Incident, news: str, rest: str) -> Line:
    """Return a line with sign and model, because it is also shown outside its thread."""
    sign, name = SIGNS[incident.severity], clean(record.model, 60)
    return line(f"{sign} ", bold(f"{name}: {news}"), rest)


def _at_worst(incident: Incident) -> Incident:
    return replace(incident, severity=incident.peak_severity)


def _first(summary: IncidentSummary) -> str:
    return summary.causes[0].short if summary.causes else summary.headline


def _needed(incident: Incident) -> Section:
    return section(f"It now closes after {count(incident.needed, 'healthy run')} in a row.")


def _taken(incident: Incident) -> Acknowledgement:
    if incident.acknowledged is None:
        raise ValueError(f"nobody took incident {incident.number} on")
    return incident.acknowledged
