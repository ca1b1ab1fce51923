"""What the parent message of an incident says, from the records of what happened."""

from dataclasses import fields, replace

from driftloop.alerts.blocks import bold, bullets, clean, line, section, sentence
from driftloop.alerts.incident import Card
from driftloop.alerts.links import Links
from driftloop.alerts.messages.causes import causes, headline, unjudged, worst
from driftloop.alerts.messages.retraining import change, next_step_of, outcome_line, outcome_of
from driftloop.alerts.messages.steps import PROMOTED, done, next_step
from driftloop.alerts.messages.wording import count
from driftloop.base.records import MonitorRecord, RetrainRecord

WATCH = line("Nothing now. The next run shows whether it holds.")
"""What to do after the version that serves was changed."""


def card_of(record: MonitorRecord, links: Links) -> Card:
    """Return what a run has to say: what broke, what was done, what to do."""
    return Card(
        headline=headline(record),
        causes=causes(record),
        done=done(record),
        step=next_step(record),
        worst=worst(record),
        facts=facts(record),
        links=links,
    )


def blind_card(record: MonitorRecord, links: Links, runs: int) -> Card:
    """Return the card that says that `runs` runs in a row could not judge the model, and why."""
    times = "The last run" if runs == 1 else f"The last {runs} runs in a row"
    why = line(bold("Why:"), f" {sentence(record.verdict.sentence)}")
    return Card(
        headline="monitoring is blind",
        causes=(
            section(
                line(bold(f"{times} could not judge the data"), ", so trouble would go unseen.")
            ),
            section(why, *bullets(unjudged(record))),
        ),
        done="Changed nothing: no verdict, no retraining.",
        step=line(
            "No alarm, but nobody is watching. In working hours, check that new data arrive and "
            "that enough rows reach each run."
        ),
        facts=facts(record),
        links=links,
    )


def with_retraining(card: Card, record: RetrainRecord, links: Links) -> Card:
    """Return the card with what came of a retraining in place of what was done and is to do."""
    outcome = outcome_of(record)
    return replace(
        card,
        done=f"Retrained. {outcome_line(record)}{change(record.comparison)}",
        step=PROMOTED if outcome == "promoted" else next_step_of(record),
        links=_joined(card.links, links),
    )


def with_deed(card: Card, done: str) -> Card:
    """Return the card after another version was made champion, `done` saying so."""
    return replace(card, done=sentence(done), step=WATCH)


def facts(record: MonitorRecord) -> tuple[str, ...]:
    """Return the small print of a run: its rows and window, the champion and the data."""
    return (
        f"{count(record.rows_current, 'row')} from {record.window}",
        f"version {clean(record.champion, 40)}",
        f"data {clean(record.rev[:10])}",
    )


def _joined(old: Links, new: Links) -> Links:
    """Return the new addresses, and the old ones where there is no new one."""
    names = [field.name for field in fields(Links)]
    return Links(**{name: getattr(new, name) or getattr(old, name) for name in names})
