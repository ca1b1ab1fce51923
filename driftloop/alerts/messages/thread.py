"""What an incident's thread tells, line by line, and the same for channels without threads."""

from collections.abc import Sequence

from driftloop.alerts.blocks import (
    SECTION_LIMIT,
    Block,
    context,
    cut,
    escape,
    limited,
    section,
    sentence,
)
from driftloop.alerts.incident import Acknowledgement, Card, Incident
from driftloop.alerts.links import Links
from driftloop.alerts.message import Kind, Message, Severity, event_key
from driftloop.alerts.messages.card import card_of
from driftloop.alerts.messages.parent import action_blocks, story_blocks, took_on, worst_block
from driftloop.alerts.messages.wording import (
    NO_LINKS,
    SIGNS,
    compose,
    count,
    gist,
    lasted,
    lead_of,
    links_line,
    plain,
    rest_line,
)
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord


def opened_line(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return what was seen first, which stays when the parent above it changes."""
    card = incident.card
    lead = f"*Opened* by the run of {format_time(record.as_of)} UTC: {card.headline}."
    seen = "\n".join(lead_of(cause) for cause in card.causes)
    told = tuple(filter(None, (lead, seen, f"*What driftloop did*\n{card.done}")))
    return _line(record, "opened", incident.severity, told, links)


def worsened_line(record: MonitorRecord, incident: Incident, why: str, links: Links) -> Message:
    """Return what got worse and what to do, for the thread and the channel; `why` is plain text."""
    lead = f"{_named(record, incident)}: it got worse.* {sentence(why)} {_first(incident.card)}"
    step = f"*What you should do*\n{incident.card.step}"
    return _line(record, "worsened", incident.severity, (lead, step), links)


def reopened_line(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return that the trouble is back, for the thread and the channel."""
    lead = f"{_named(record, incident)}: the trouble is back.* {_first(incident.card)}"
    step = f"*What you should do*\n{incident.card.step}"
    return _line(record, "reopened", incident.severity, (lead, step, _needed(incident)), links)


def confirmed_line(record: MonitorRecord, incident: Incident) -> Message:
    """Return that another run sees the trouble too, and how bad it is now."""
    told = _first(card_of(record, NO_LINKS))
    return _line(record, "confirmed", incident.severity, (f"The next run sees it too: {told}",))


def started_line(record: MonitorRecord, incident: Incident) -> Message:
    """Return that a retraining started, and why."""
    reasons = record.decision.reasons or (record.verdict.sentence,)
    why = " ".join(sentence(reason) for reason in reasons[:3])
    return _line(record, "started", incident.severity, (f"*Retraining started.* {why}",))


def acknowledged_line(model: str, incident: Incident) -> Message:
    """Return who took the incident on."""
    taken = _taken(incident)
    key = event_key(model, taken.at, "acknowledged")
    return _reply(key, "acknowledged", "info", model, (took_on(taken),), NO_LINKS)


def resolved_line(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return that the trouble is over and how long it lasted."""
    name = escape(record.model, 60)
    lead = f"{SIGNS['good']} *{name}: back to normal* after {_duration(incident)}."
    paragraphs = (f"{lead} {sentence(record.verdict.sentence)}", *_aftermath(record))
    return _line(record, "resolved", "good", paragraphs, links)


def worsened_message(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return what got worse, for a channel without threads."""
    headline = f"worsened: {incident.card.headline}"
    return _alone(record, "worsened", incident, headline, links)


def reopened_message(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return that the trouble is back, for a channel without threads."""
    headline = f"back again: {incident.card.headline}"
    return _alone(record, "reopened", incident, headline, links, (section(_needed(incident)),))


def resolved_message(record: MonitorRecord, incident: Incident, links: Links) -> Message:
    """Return that the trouble is over, for a channel without threads."""
    key = event_key(record.model, record.as_of, "resolved")
    summary = f"*The trouble is over* after {_duration(incident)}."
    blocks = [
        section(f"{summary} {sentence(record.verdict.sentence)}"),
        *(section(paragraph) for paragraph in _aftermath(record)),
        *story_blocks(incident.card),
    ]
    return compose(key, "resolved", "good", record.model, "back to normal", summary, blocks, links)


def acknowledged_message(model: str, incident: Incident) -> Message:
    """Return who took the incident on, for a channel without threads."""
    taken = _taken(incident)
    told = took_on(taken)
    blocks = [section(told), section(f"*What it is*\n{_first(incident.card)}")]
    key = event_key(model, taken.at, "acknowledged")
    headline = f"{escape(taken.by, 60)} took this on"
    return compose(key, "acknowledged", "info", model, headline, told, blocks, incident.card.links)


def _alone(
    record: MonitorRecord,
    kind: Kind,
    incident: Incident,
    headline: str,
    links: Links,
    more: Sequence[Block] = (),
) -> Message:
    card = incident.card
    blocks = [
        *(section(cause) for cause in card.causes),
        *worst_block(card.worst),
        *action_blocks(card.done, card.step),
        *more,
        context(f"Since {format_time(incident.since)} UTC ({_duration(incident)})"),
    ]
    key = event_key(record.model, record.as_of, kind)
    summary = _first(card)
    return compose(key, kind, incident.severity, record.model, headline, summary, blocks, links)


def _line(
    record: MonitorRecord,
    kind: Kind,
    severity: Severity,
    paragraphs: Sequence[str],
    links: Links = NO_LINKS,
) -> Message:
    key = event_key(record.model, record.as_of, kind)
    return _reply(key, kind, severity, record.model, paragraphs, links)


def _reply(
    key: str, kind: Kind, severity: Severity, model: str, paragraphs: Sequence[str], links: Links
) -> Message:
    """Return a message without a header: the thread stands below one."""
    told, name = plain(paragraphs[0]).removeprefix(f"{SIGNS[severity]} "), escape(model, 60)
    text = told if told.startswith(name) else f"{name}: {told}"
    blocks = limited(map(section, paragraphs), links_line(links), rest_line(links))
    return Message(key, model, kind, severity, cut(text, SECTION_LIMIT), blocks)


def _named(record: MonitorRecord, incident: Incident) -> str:
    """Return sign and name, which a line needs where it is also shown in the channel."""
    return f"{SIGNS[incident.severity]} *{escape(record.model, 60)}"


def _first(card: Card) -> str:
    return gist(card.causes[0]) if card.causes else card.headline


def _needed(incident: Incident) -> str:
    return f"It now closes after {count(incident.needed, 'healthy run')} in a row."


def _duration(incident: Incident) -> str:
    return lasted(incident.since, incident.until)


def _aftermath(record: MonitorRecord) -> list[str]:
    return [f"*Did the new version help?* {sentence(record.aftermath)}"] if record.aftermath else []


def _taken(incident: Incident) -> Acknowledgement:
    if incident.acknowledged is None:
        raise ValueError(f"nobody took incident {incident.number} on")
    return incident.acknowledged
