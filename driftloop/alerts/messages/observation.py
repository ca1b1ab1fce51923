"""Messages about versions under observation, and about a loop that stopped."""

from datetime import datetime

from driftloop.alerts.blocks import Block, escape, section, sentence
from driftloop.alerts.links import Links
from driftloop.alerts.message import Message, Severity, event_key
from driftloop.alerts.messages.wording import compose
from driftloop.base.records import MonitorRecord, Promotion, TrialAction, TrialOutcome

_HEADLINES: dict[TrialAction, str] = {
    "promoted": "version {version} is live after its shadow",
    "dropped": "version {version} left its shadow unpromoted",
    "rolled_back": "rolled back to version {against}",
    "passed": "version {version} passed its probation",
    "expired": "nobody approved version {version}",
    "none": "version {version} is still watched",
}
_SEVERITIES: dict[TrialAction, Severity] = {
    "promoted": "good",
    "rolled_back": "warning",
    "expired": "warning",
    "passed": "info",
    "dropped": "info",
    "none": "info",
}
_LEADS: dict[TrialAction, str] = {
    "promoted": "*Version {version} replaced version {against}*: it did better on fresh labels.",
    "dropped": "*Version {against} stays live*: version {version} did not prove itself in shadow.",
    "rolled_back": "*Version {against} is live again*: version {version} did worse on new labels.",
    "passed": "*Version {version} stays live*: its probation is over.",
    "expired": "*Version {against} stays live*: version {version} was proposed and not approved.",
    "none": "*Version {version} is under observation.*",
}


def trial_message(model: str, at: datetime, trial: TrialOutcome, links: Links) -> Message:
    """Return the message on what came of a version under observation."""
    names = {"version": escape(trial.version, 40), "against": escape(trial.against, 40)}
    summary = _LEADS[trial.action].format(**names)
    blocks: list[Block] = [
        section(summary),
        section(f"*Evidence*\n{sentence(trial.sentence)}"),
        section(f"*What you should do*\n{_next_step(trial, escape(model, 60))}"),
    ]
    key = event_key(model, at, "observed", f"{trial.kind}-{trial.version}-{trial.action}")
    headline = _HEADLINES[trial.action].format(**names)
    return compose(
        key, "observed", _SEVERITIES[trial.action], model, headline, summary, blocks, links
    )


def stuck_message(record: MonitorRecord, links: Links) -> Message:
    """Return the message that driftloop stopped retraining and a person is needed."""
    reason = record.decision.reasons[-1] if record.decision.reasons else record.verdict.sentence
    summary = "*driftloop no longer retrains this model.*"
    blocks: list[Block] = [
        section(summary),
        section(f"*Why*\n{sentence(reason)}"),
        section(
            "*What you should do*\nIn working hours, read why the challengers lost (their MLflow "
            "runs say so): labels, features or the kind of model may no longer fit. "
            f"`driftloop retrain {escape(record.model, 60)}` starts the loop again."
        ),
    ]
    key = event_key(record.model, record.as_of, "stuck")
    headline = "retraining stopped, a person is needed"
    return compose(key, "stuck", "warning", record.model, headline, summary, blocks, links)


def answer_message(
    model: str, at: datetime, done: Promotion, comment: str, links: Links
) -> Message:
    """Return the message on what became of a challenger that waited for approval."""
    new, old = escape(done.version, 40), escape(done.previous or "none", 40)
    summary = (
        f"*Version {new} is live*: it was approved, and replaced version {old}."
        if done.promoted
        else f"*Version {old} stays live*: version {new} was not promoted."
    )
    blocks: list[Block] = [section(summary), section(f"*Why*\n{sentence(done.sentence)}")]
    if comment:
        blocks.append(section(f"*Comment*\n{sentence(comment)}"))
    state = "approved" if done.promoted else "declined"
    key = event_key(model, at, "observed", f"approval-{new}-{state}")
    headline = f"version {new} {'is live' if done.promoted else 'was not promoted'}"
    severity: Severity = "good" if done.promoted else "info"
    return compose(key, "observed", severity, model, headline, summary, blocks, links)


def _next_step(trial: TrialOutcome, model: str) -> str:
    if trial.action == "rolled_back":
        return (
            "In working hours, find out why the newer version failed. The next run decides anew "
            "whether to retrain."
        )
    if trial.action == "expired":
        return "Nothing changed. If the version should go live, retrain and approve it in time."
    if trial.action == "promoted":
        return (
            f"Nothing now. If predictions look wrong, run `driftloop rollback {model}` or the "
            "*rollback* deployment."
        )
    return "Nothing."
