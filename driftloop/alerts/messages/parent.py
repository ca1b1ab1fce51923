"""The parent message of an incident: one message that is updated in place as things happen."""

from datetime import datetime

from driftloop.alerts.blocks import (
    Block,
    Context,
    Line,
    bold,
    clean,
    context,
    line,
    section,
    sentence,
)
from driftloop.alerts.incident import Acknowledgement, Card, Incident
from driftloop.alerts.message import Message
from driftloop.alerts.messages.wording import compose, count, lasted
from driftloop.base.periods import readable

NOTHING = line("Nothing.")


def parent_message(model: str, incident: Incident) -> Message:
    """Return what the parent message says now: trouble that goes on, or what it was."""
    key = f"{model}/incident-{incident.number}"
    if incident.resolved_at is not None:
        return _over(key, model, incident, incident.resolved_at)
    card = incident.card
    blocks = (
        *card.causes[:1],
        context(_standing(incident)),
        *card.causes[1:],
        *worst_block(card.worst),
        *action_blocks(card.done, card.step),
        *_taken(incident.acknowledged),
        *_healthy(incident),
        *_footer(card.facts),
    )
    summary = " ".join(cause.short for cause in card.causes[:2])
    return compose(
        key, "opened", incident.severity, model, card.headline, summary, blocks, card.links
    )


def _over(key: str, model: str, incident: Incident, end: datetime) -> Message:
    card = incident.card
    long = lasted(incident.since, incident.until)
    summary = line(bold("The trouble is over"), f" after {long}: {card.headline}.")
    span = f"From {readable(incident.since)} to {readable(incident.until)} UTC"
    seen = f"seen in {count(incident.runs, 'run')}"
    quiet = f"closed {readable(end)} after {count(incident.needed, 'healthy run')} in a row"
    blocks = (
        section(summary),
        context(" · ".join((span, seen, quiet))),
        *story_blocks(card),
        *_taken(incident.acknowledged),
        *_footer(card.facts),
    )
    headline = "back to normal"
    return compose(key, "opened", "good", model, headline, summary.plain, blocks, card.links)


def story_blocks(card: Card) -> tuple[Block, ...]:
    """Return what an incident was and what was done, once it is over."""
    causes = section(bold("What it was"), *(cause.lead for cause in card.causes))
    return causes, *action_blocks(card.done, NOTHING)


def action_blocks(done: str, step: Line) -> tuple[Block, ...]:
    """Return what driftloop did and what the reader should do."""
    return section(bold("What driftloop did"), done), step_block(step)


def step_block(step: Line) -> Block:
    """Return what the reader should do."""
    return section(bold("What you should do"), step)


def worst_block(worst: tuple[Line, ...]) -> tuple[Block, ...]:
    """Return the features that changed most, with their distributions."""
    return (section(bold("Before → now"), *worst),) if worst else ()


def took_on(taken: Acknowledgement) -> Line:
    """Return who took an incident on, when, and their comment."""
    comment = f" and says: {sentence(taken.comment)}" if taken.comment else "."
    return line(bold(clean(taken.by, 60)), f" took this on at {readable(taken.at)} UTC{comment}")


def _standing(incident: Incident) -> str:
    long = lasted(incident.since, incident.last)
    seen = f"seen in {count(incident.runs, 'run')}"
    return f"Since {readable(incident.since)} UTC ({long}) · {seen}"


def _taken(taken: Acknowledgement | None) -> tuple[Block, ...]:
    return (section(took_on(taken)),) if taken is not None else ()


def _healthy(incident: Incident) -> tuple[Block, ...]:
    """Return how close an incident is to its end, once a run was healthy."""
    if incident.quiet < 1:
        return ()
    until = f"{readable(incident.last)} UTC"
    since = (
        f" since {until}"
        if incident.quiet == 1
        else f" in the last {incident.quiet} runs, up to {until}"
    )
    left = max(incident.needed - incident.quiet, 0)
    agree = "agrees" if left == 1 else "agree"
    closes = f": closes when {count(left, 'more run')} {agree}." if left else "."
    return (section(line(bold("Looks healthy"), f"{since}{closes}")),)


def _footer(facts: tuple[str, ...]) -> tuple[Context, ...]:
    return (context(" · ".join(facts)),) if facts else ()
