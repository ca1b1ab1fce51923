"""The parent message of an incident: one message that is updated in place as things happen."""

from datetime import datetime

from driftloop.alerts.blocks import Block, context, escape, section, sentence
from driftloop.alerts.incident import Acknowledgement, Card, Incident
from driftloop.alerts.message import Message
from driftloop.alerts.messages.wording import compose, count, gist, lasted, lead_of
from driftloop.base.periods import format_time


def parent_message(model: str, incident: Incident) -> Message:
    """Return what the parent message says now: trouble that goes on, or what it was."""
    key = f"{model}/incident-{incident.number}"
    if incident.resolved_at is not None:
        return _over(key, model, incident, incident.resolved_at)
    card = incident.card
    blocks = [
        *(section(cause) for cause in card.causes[:1]),
        context(_standing(incident)),
        *(section(cause) for cause in card.causes[1:]),
        *worst_block(card.worst),
        *action_blocks(card.done, card.step),
        *_closing(incident),
        *_footer(card.facts),
    ]
    return compose(
        key,
        "opened",
        incident.severity,
        model,
        card.headline,
        " ".join(gist(cause) for cause in card.causes[:2]),
        blocks,
        card.links,
    )


def _over(key: str, model: str, incident: Incident, end: datetime) -> Message:
    card = incident.card
    long = lasted(incident.since, incident.until)
    summary = f"*The trouble is over* after {long}: {card.headline}."
    span = f"From {format_time(incident.since)} to {format_time(incident.until)} UTC"
    seen = f"seen in {count(incident.runs, 'run')}"
    quiet = f"closed {format_time(end)} after {count(incident.needed, 'healthy run')} in a row"
    blocks = [
        section(summary),
        context(" · ".join((span, seen, quiet))),
        *story_blocks(card),
        *_taken(incident.acknowledged),
        *_footer(card.facts),
    ]
    return compose(key, "opened", "good", model, "back to normal", summary, blocks, card.links)


def story_blocks(card: Card) -> list[Block]:
    """Return what an incident was and what was done, once it is over."""
    was = "\n".join(lead_of(cause) for cause in card.causes)
    return [section(f"*What it was*\n{was}"), *action_blocks(card.done, "Nothing.")]


def action_blocks(done: str, step: str) -> list[Block]:
    """Return what driftloop did and what the reader should do."""
    return [section(f"*What driftloop did*\n{done}"), section(f"*What you should do*\n{step}")]


def worst_block(worst: tuple[str, ...]) -> list[Block]:
    """Return the features that changed most, with their pictures."""
    return [section("\n".join(("*Before → now*", *worst)))] if worst else []


def took_on(taken: Acknowledgement) -> str:
    """Return who took an incident on, when, and what they said, as escaped mrkdwn."""
    said = f" and says: {sentence(taken.comment)}" if taken.comment else "."
    return f"*{escape(taken.by, 60)}* took this on at {format_time(taken.at)} UTC{said}"


def _standing(incident: Incident) -> str:
    long = lasted(incident.since, incident.last)
    seen = f"seen in {count(incident.runs, 'run')}"
    return f"Since {format_time(incident.since)} UTC ({long}) · {seen}"


def _closing(incident: Incident) -> list[Block]:
    """Return who works on it, and how close it is to its end."""
    return [*_taken(incident.acknowledged), *_healthy(incident)]


def _taken(taken: Acknowledgement | None) -> list[Block]:
    return [section(took_on(taken))] if taken is not None else []


def _healthy(incident: Incident) -> list[Block]:
    if incident.quiet < 1:
        return []
    until = f"{format_time(incident.last)} UTC"
    looks = (
        f"*Looks healthy* since {until}"
        if incident.quiet == 1
        else f"*Looks healthy* in the last {incident.quiet} runs, up to {until}"
    )
    left = max(incident.needed - incident.quiet, 0)
    agree = "agrees" if left == 1 else "agree"
    closes = f": closes when {count(left, 'more run')} {agree}." if left else "."
    return [section(f"{looks}{closes}")]


def _footer(facts: tuple[str, ...]) -> list[Block]:
    return [context(" · ".join(facts))] if facts else []
