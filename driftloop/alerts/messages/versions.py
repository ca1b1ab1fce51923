"""Messages about versions: trials, approvals, rollbacks, and retraining that stopped."""

from dataclasses import dataclass
from datetime import datetime

from driftloop.alerts.blocks import Line, bold, clean, code, line, section, sentence
from driftloop.alerts.message import Links, Message, Severity, event_key
from driftloop.alerts.messages.parent import step_block
from driftloop.alerts.messages.wording import compose
from driftloop.base.records import MonitorRecord, TrialAction, TrialOutcome
from driftloop.base.retrain_record import Promotion


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts on an outcome, with places for both versions."""

    severity: Severity
    news: str
    reason: str
    step: str = "Nothing."


_TRIALS: dict[TrialAction, _Texts] = {
    "promoted": _Texts(
        "good",
        "Version {version} replaced version {against}",
        ": it did better on fresh labels.",
    ),
    "dropped": _Texts(
        "info",
        "Version {against} stays live",
        ": version {version} did not prove itself in shadow.",
    ),
    "rolled_back": _Texts(
        "warning",
        "Version {against} is live again",
        ": version {version} did worse on new labels.",
        "In working hours, find out why the newer version failed. The next run decides again "
        "whether to retrain.",
    ),
    "expired": _Texts(
        "warning",
        "Version {against} stays live",
        ": version {version} was proposed and not approved.",
        "Nothing changed. If the version should go live, retrain and approve it in time.",
    ),
}
REPORTED_TRIALS = tuple(_TRIALS)
"""Outcomes that are news; a version that is still observed or passed its probation is silent."""


def trial_message(model: str, at: datetime, trial: TrialOutcome, links: Links) -> Message:
    """Return the message on an outcome of `REPORTED_TRIALS`."""
    texts = _TRIALS[trial.action]
    names = {"version": clean(trial.version, 40), "against": clean(trial.against, 40)}
    step = undo_step(model) if trial.action == "promoted" else line(texts.step)
    blocks = (
        section(line(bold(texts.news.format(**names)), texts.reason.format(**names))),
        section(bold("Evidence"), sentence(trial.sentence)),
        step_block(step),
    )
    key = event_key(model, at, "observed", f"{trial.kind}-{trial.version}-{trial.action}")
    return compose(key, "observed", texts.severity, model, trial.headline, blocks, links)


def undo_step(model: str, then: str = ".") -> Line:
    """Return what to do after a promotion: nothing, or roll it back."""
    return line(
        "Nothing now. If predictions look wrong, run ",
        code(f"driftloop rollback {clean(model, 60)}"),
        " or the ",
        bold("rollback"),
        f" deployment{then}",
    )


def stuck_message(record: MonitorRecord, links: Links) -> Message:
    """Return the message that driftloop stopped retraining and a person is needed."""
    reason = record.decision.reasons[-1] if record.decision.reasons else record.verdict.sentence
    step = line(
        "In working hours, read why the challengers lost (their MLflow runs say so): labels, "
        "features or the kind of model may no longer fit. ",
        code(f"driftloop retrain {clean(record.model, 60)}"),
        " starts the loop again.",
    )
    blocks = (
        section(bold("driftloop no longer retrains this model.")),
        section(bold("Why"), sentence(reason)),
        step_block(step),
    )
    key = event_key(record.model, record.as_of, "stuck")
    headline = "retraining stopped, a person is needed"
    return compose(key, "stuck", "warning", record.model, headline, blocks, links)


def answer_message(
    model: str, at: datetime, promotion: Promotion, comment: str, links: Links
) -> Message:
    """Return the message on what became of a challenger that waited for approval."""
    new, old = clean(promotion.version, 40), clean(promotion.previous or "none", 40)
    severity: Severity
    if promotion.promoted:
        state, severity = "approved", "good"
        lead = line(
            bold(f"Version {new} is live"), f": it was approved, and replaced version {old}."
        )
    else:
        state, severity = "declined", "info"
        lead = line(bold(f"Version {old} stays live"), f": version {new} was not promoted.")
    blocks = [section(lead), section(bold("Why"), sentence(promotion.sentence))]
    if comment:
        blocks.append(section(bold("Comment"), sentence(comment)))
    key = event_key(model, at, "observed", f"approval-{new}-{state}")
    return compose(key, "observed", severity, model, answer_headline(promotion), blocks, links)


def answer_headline(promotion: Promotion) -> str:
    """Return what became of a challenger that waited for approval, in a few words."""
    return f"version {promotion.version} {'is live' if promotion.promoted else 'was not promoted'}"


def rollback_headline(version: str) -> str:
    """Return which version is champion again, in a few words."""
    return f"rolled back to version {version}"


def rollback_message(
    model: str, at: datetime, version: str, previous: str | None, reason: str, links: Links
) -> Message:
    """Return the message that `version` is champion again, in place of `previous` or of none."""
    live = clean(version, 40)
    left = f"version {clean(previous, 40)}" if previous else "none, which the model was left with"
    step = (
        "Find out why the newer version failed before the next retraining; drift or lost "
        "performance can start one at the next run."
    )
    blocks = (
        section(line(bold(f"Version {live} is live again"), f" in place of {left}.")),
        section(bold("Why"), sentence(reason)),
        step_block(line(step)),
    )
    key = event_key(model, at, "rolled_back", version)
    return compose(key, "rolled_back", "info", model, rollback_headline(version), blocks, links)
