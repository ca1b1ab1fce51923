"""Messages about versions: trials, approvals, rollbacks, and retraining that stopped."""

from datetime import datetime

from driftloop.alerts.blocks import Line, bold, clean, code, line, section, sentence
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
_LEADS: dict[TrialAction, tuple[str, str]] = {
    "promoted": (
        "Version {version} replaced version {against}",
        ": it did better on fresh labels.",
    ),
    "dropped": (
        "Version {against} stays live",
        ": version {version} did not prove itself in shadow.",
    ),
    "rolled_back": (
        "Version {against} is live again",
        ": version {version} did worse on new labels.",
    ),
    "passed": ("Version {version} stays live", ": its probation is over."),
    "expired": (
        "Version {against} stays live",
        ": version {version} was proposed and not approved.",
    ),
    "none": ("Version {version} is under observation.", ""),
}


def trial_message(model: str, at: datetime, trial: TrialOutcome, links: Links) -> Message:
    """Return the message on what came of a version under observation."""
    names = {"version": clean(trial.version, 40), "against": clean(trial.against, 40)}
    subject, reason = (text.format(**names) for text in _LEADS[trial.action])
    lead = line(bold(subject), reason)
    blocks = (
        section(lead),
        section(bold("Evidence"), sentence(trial.sentence)),
        section(bold("What you should do"), _next_step(trial, clean(model, 60))),
    )
    key = event_key(model, at, "observed", f"{trial.kind}-{trial.version}-{trial.action}")
    headline = _HEADLINES[trial.action].format(**names)
    severity = _SEVERITIES[trial.action]
    return compose(key, "observed", severity, model, headline, lead.plain, blocks, links)


def stuck_message(record: MonitorRecord, links: Links) -> Message:
    """Return the message that driftloop stopped retraining and a person is needed."""
    reason = record.decision.reasons[-1] if record.decision.reasons else record.verdict.sentence
    lead = "driftloop no longer retrains this model."
    step = line(
        "In working hours, read why the challengers lost (their MLflow runs say so): labels, "
        "features or the kind of model may no longer fit. ",
        code(f"driftloop retrain {clean(record.model, 60)}"),
        " starts the loop again.",
    )
    blocks = (
        section(bold(lead)),
        section(bold("Why"), sentence(reason)),
        section(bold("What you should do"), step),
    )
    key = event_key(record.model, record.as_of, "stuck")
    headline = "retraining stopped, a person is needed"
    return compose(key, "stuck", "warning", record.model, headline, lead, blocks, links)


def answer_message(
    model: str, at: datetime, promotion: Promotion, comment: str, links: Links
) -> Message:
    """Return the message on what became of a challenger that waited for approval."""
    new, old = clean(promotion.version, 40), clean(promotion.previous or "none", 40)
    lead = (
        line(bold(f"Version {new} is live"), f": it was approved, and replaced version {old}.")
        if promotion.promoted
        else line(bold(f"Version {old} stays live"), f": version {new} was not promoted.")
    )
    blocks = [section(lead), section(bold("Why"), sentence(promotion.sentence))]
    if comment:
        blocks.append(section(bold("Comment"), sentence(comment)))
    state = "approved" if promotion.promoted else "declined"
    key = event_key(model, at, "observed", f"approval-{new}-{state}")
    headline = f"version {new} {'is live' if promotion.promoted else 'was not promoted'}"
    severity: Severity = "good" if promotion.promoted else "info"
    return compose(key, "observed", severity, model, headline, lead.plain, blocks, links)


def rollback_message(
    model: str, at: datetime, version: str, previous: str, reason: str, links: Links
) -> Message:
    """Return the message that `version` is champion again in place of `previous`."""
    live, left = clean(version, 40), clean(previous, 40)
    lead = line(bold(f"Version {live} is live again"), f" in place of version {left}.")
    blocks = (
        section(lead),
        section(bold("Why"), sentence(reason)),
        section(
            bold("What you should do"),
            "Find out why the newer version failed before the next retraining; drift or lost "
            "performance can start one at the next run.",
        ),
    )
    key = event_key(model, at, "rolled_back", version)
    return compose(key, "rolled_back", "info", model, "rolled back", lead.plain, blocks, links)


def _next_step(trial: TrialOutcome, model: str) -> Line:
    if trial.action == "rolled_back":
        return line(
            "In working hours, find out why the newer version failed. The next run decides again "
            "whether to retrain."
        )
    if trial.action == "expired":
        return line(
            "Nothing changed. If the version should go live, retrain and approve it in time."
        )
    if trial.action == "promoted":
        return line(
            "Nothing now. If predictions look wrong, run ",
            code(f"driftloop rollback {model}"),
            " or the ",
            bold("rollback"),
            " deployment.",
        )
    return line("Nothing.")
