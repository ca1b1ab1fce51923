"""Content of an incident's parent message, from the records of what happened."""

from dataclasses import fields, replace

from driftloop.alerts.blocks import bold, bullets, clean, code, line, section, sentence
from driftloop.alerts.contacts import NOBODY, Contacts
from driftloop.alerts.incident import IncidentSummary
from driftloop.alerts.message import Links
from driftloop.alerts.messages.actions import (
    LEARN,
    PROMOTED,
    action_taken,
    next_step,
    waiting_version,
)
from driftloop.alerts.messages.causes import causes, doubtful, most_changed, unjudged
from driftloop.alerts.messages.retraining import (
    next_step_of,
    outcome_line,
    score_change,
    waiting_for_approval,
)
from driftloop.alerts.messages.wording import count
from driftloop.base.errors import ChampionLostError
from driftloop.base.records import NO_SKILL, MonitorRecord
from driftloop.base.retrain_record import RetrainRecord

WATCH = line("Nothing now. The next run shows whether it holds.")
"""What to do after the version that serves was changed."""


def summary_of(record: MonitorRecord, links: Links, contacts: Contacts = NOBODY) -> IncidentSummary:
    """Return what a run has to say: what broke, what was done, what to do."""
    return IncidentSummary(
        headline=record.headline,
        causes=causes(record),
        action=action_taken(record),
        next_step=next_step(record, contacts),
        most_changed=most_changed(record),
        small_print=small_print(record),
        links=links,
        waiting=waiting_version(record),
        fixed=record.fixed,
        limit=record.performance.limit,
    )


def lost_summary(lost: ChampionLostError, links: Links) -> IncidentSummary:
    """Return the summary that says that the model has no champion, and the way back."""
    name = clean(lost.model, 60)
    step = line("Now: train a first champion with ", code(f"driftloop bootstrap {name}"), ".")
    if lost.ways_back:
        version = clean(lost.ways_back[0], 40)
        step = line("Now: run ", code(f"driftloop rollback {name} --to {version}"), ".")
    return IncidentSummary(
        headline="the model has no champion",
        causes=(
            section(line(bold("No version is champion."), f" {sentence(lost.sentence)}")),
            section("Nothing is monitored until there is one."),
        ),
        action="Changed nothing: which version should serve is for a person to say.",
        next_step=step,
        links=links,
    )


def doubt_summary(record: RetrainRecord, doubt: str, links: Links) -> IncidentSummary:
    """Return the summary that says that a first champion is not proven better than guessing."""
    return IncidentSummary(
        headline=NO_SKILL,
        causes=(doubtful(f"Version {record.champion.version}: {doubt} on its holdout."),),
        action=record.sentence,
        next_step=LEARN,
        links=links,
    )


def blind_summary(record: MonitorRecord, links: Links, runs: int) -> IncidentSummary:
    """Return the summary that says that `runs` runs in a row could not judge the model, and why."""
    times = "The last run" if runs == 1 else f"The last {runs} runs in a row"
    why = line(bold("Why:"), f" {sentence(record.verdict.sentence)}")
    return IncidentSummary(
        headline=f"{record.headline}, monitoring is blind",
        causes=(
            section(
                line(bold(f"{times} could not judge the data"), ", so trouble would go unseen.")
            ),
            section(why, *bullets(unjudged(record))),
        ),
        action="Changed nothing: no verdict, no retraining.",
        next_step=line(
            "No alarm, but nobody is watching. In working hours, check that new data arrive and "
            "that enough rows reach each run."
        ),
        small_print=small_print(record),
        links=links,
    )


def with_retraining(
    summary: IncidentSummary, record: RetrainRecord, links: Links
) -> IncidentSummary:
    """Return the summary with what came of a retraining in place of what was done and is to do."""
    return replace(
        summary,
        headline=record.headline_after(summary.headline, summary.limit),
        action=f"Retrained. {outcome_line(record)}{score_change(record.comparison)}",
        next_step=PROMOTED if record.ending == "promoted" else next_step_of(record),
        links=_joined(summary.links, links),
        waiting=waiting_for_approval(record),
        fixed=record.fixes(summary.limit),
    )


def with_new_champion(summary: IncidentSummary, action: str) -> IncidentSummary:
    """Return the summary after another version was made champion, `action` saying so."""
    return replace(summary, action=sentence(action), next_step=WATCH, waiting=None)


def small_print(record: MonitorRecord) -> tuple[str, ...]:
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
