"""The parent message of an incident: one message that is updated in place as things happen."""

from dataclasses import replace
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
from driftloop.alerts.buttons import incident_buttons
from driftloop.alerts.incident import CAUSES, Acknowledgement, Incident, IncidentSummary
from driftloop.alerts.message import Message
from driftloop.alerts.messages.wording import compose, count, duration
from driftloop.base.periods import format_time

NOTHING = line("Nothing.")


def parent_message(model: str, incident: Incident) -> Message:
    """Return what the parent message says now: trouble that goes on, or what it was."""
    key = f"{model}/incident-{incident.number}"
    if incident.resolved_at is not None:
        return _over(key, model, incident, incident.resolved_at)
    summary, so_far = incident.summary, ""
    if incident.last > incident.since:
        so_far = f" ({duration(incident.since, incident.last)})"
    seen = f"seen in {count(incident.runs, 'run')}"
    later = [
        f"{CAUSES[cause]} since {format_time(began)}"
        for cause, began in incident.sinces.items()
        if began > incident.since
    ]
    since = context(" · ".join((f"Since {format_time(incident.since)} UTC{so_far}", seen, *later)))
    news = *_taken(incident.acknowledged), *_healthy(incident)
    blocks = *in_order(summary, since, *news), *_footer(summary.small_print)
    lead = " ".join(cause.short for cause in summary.causes[:2])
    severity = "info" if summary.fixed else incident.severity
    message = compose(key, "opened", severity, model, summary.headline, blocks, summary.links, lead)
    taken = incident.acknowledged is not None
    return replace(message, buttons=incident_buttons(model, taken, summary.waiting))


def in_order(summary: IncidentSummary, since: Context, *news: Block) -> tuple[Block, ...]:
    """Return what a message says, in the order in which a person who was just woken asks.

    What broke and how badly, what to do, since when, what was done about it; only then the details.
    """
    return (
        *summary.causes[:1],
        step_block(summary.next_step),
        since,
        section(bold("What driftloop did"), summary.action),
        *news,
        *summary.causes[1:],
        *worst_block(summary.most_changed),
    )


def lasted(incident: Incident) -> str:
    """Return how long trouble lasted, up to the newest run that saw it."""
    return duration(incident.since, incident.until)


def _over(key: str, model: str, incident: Incident, end: datetime) -> Message:
    summary = incident.summary
    span = f"From {format_time(incident.since)} to {format_time(incident.until)} UTC"
    seen = f"seen in {count(incident.runs, 'run')}"
    quiet = f"closed {format_time(end)} after {count(incident.needed, 'healthy run')} in a row"
    blocks = (
        section(
            line(bold("The trouble is over"), f" after {lasted(incident)}: {summary.headline}.")
        ),
        context(" · ".join((span, seen, quiet))),
        *story_blocks(summary),
        *_taken(incident.acknowledged),
        *_footer(summary.small_print),
    )
    return compose(key, "opened", "good", model, "back to normal", blocks, summary.links)


def story_blocks(summary: IncidentSummary) -> tuple[Block, ...]:
    """Return what an incident was and what was done, once it is over."""
    causes = section(bold("What it was"), *(cause.lead for cause in summary.causes))
    return causes, section(bold("What driftloop did"), summary.action), step_block(NOTHING)


def step_block(step: Line) -> Block:
    """Return what the reader should do."""
    return section(bold("What you should do"), step)


def worst_block(worst: tuple[Line, ...]) -> tuple[Block, ...]:
    """Return the features that changed most, with their distributions."""
    return (section(bold("Before → now"), *worst),) if worst else ()


def took_on(taken: Acknowledgement) -> Line:
    """Return who took an incident on, when, and their comment."""
    comment = f": {sentence(taken.comment)}" if taken.comment else "."
    by, at = bold(clean(taken.by, 60)), f"at {format_time(taken.at)} UTC"
    if taken.not_a_problem:
        return line(by, f" said {at} that this is not a problem{comment}")
    return line(by, f" took this on {at}{' and says' if taken.comment else ''}{comment}")


def _taken(taken: Acknowledgement | None) -> tuple[Block, ...]:
    return (section(took_on(taken)),) if taken is not None else ()


def _healthy(incident: Incident) -> tuple[Block, ...]:
    """Return how close an incident is to its end, once a run was healthy."""
    if incident.quiet < 1:
        return ()
    since = "since" if incident.quiet == 1 else f"in the last {incident.quiet} runs, up to"
    left = max(incident.needed - incident.quiet, 0)
    agree = "agrees" if left == 1 else "agree"
    closes = f": closes when {count(left, 'more run')} {agree}." if left else "."
    return (
        section(line(bold("Looks healthy"), f" {since} {format_time(incident.last)} UTC{closes}")),
    )


def _footer(facts: tuple[str, ...]) -> tuple[Context, ...]:
    return (context(" · ".join(facts)),) if facts else ()
