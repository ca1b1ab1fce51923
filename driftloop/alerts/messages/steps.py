"""What driftloop did about a run, and what the reader should do; texts are escaped mrkdwn."""

from driftloop.alerts.blocks import escape, sentence
from driftloop.alerts.messages.causes import fell
from driftloop.alerts.messages.retraining import outcome_line, outcome_of
from driftloop.base.errors import join_names
from driftloop.base.records import MonitorRecord


def done(record: MonitorRecord) -> str:
    """Return what driftloop did about a run."""
    reasons = " ".join(sentence(reason) for reason in _untold(record))
    dry = "Dry run, so nothing was changed. " if record.dry_run else ""
    if record.retrain is not None:
        lead = "A trial retraining:" if record.dry_run else "Retrained."
        return f"{dry}{lead} {outcome_line(record.retrain)}"
    lead = {
        "none": "Changed nothing.",
        "alert": "Changed nothing.",
        "hold": "Held back the retraining.",
        "retrain": "Would retrain." if record.dry_run else "Started a retraining.",
    }[record.decision.action]
    return f"{dry}{lead} {reasons}".strip()


def next_step(record: MonitorRecord) -> str:
    """Return what the reader should do, for the gravest cause."""
    if record.broken:
        return _mend_data(record)
    if record.retrain is not None and outcome_of(record.retrain) == "promoted":
        return "Nothing now. The next run shows whether the new model holds."
    if record.decision.held == "losing_streak":
        return (
            "Retraining has stopped until a person starts one. In working hours, read why the "
            f"challengers lost, then run `driftloop retrain {escape(record.model, 60)}`."
        )
    if record.decision.action == "retrain" and record.retrain is None and not record.dry_run:
        return "Wait for the retraining; its result is posted here."
    if record.decision.held == "waiting" and (version := _waiting(record)) is not None:
        return (
            f"Version {version} is proven better and waits for approval. Decide on it with "
            f"`driftloop approve {escape(record.model, 60)}`, or in the Prefect UI."
        )
    if fell(record):
        return (
            f"Version {escape(record.champion, 40)} is live and predicts worse than it should. "
            "Decide now: stop using it, roll back, or retrain by hand."
        )
    return "Nothing tonight. In working hours, check whether the change is real and will stay."


def _mend_data(record: MonitorRecord) -> str:
    named = [check.column for check in record.broken if check.column is not None]
    where = f" ({escape(join_names(dict.fromkeys(named), 3))})" if named else ""
    return (
        f"Tell the owner of the data feed now{where}. Until it is mended, do not trust "
        "predictions made from these data."
    )


def _waiting(record: MonitorRecord) -> str | None:
    asked = next((trial for trial in record.trials if trial.kind == "approval"), None)
    return None if asked is None else escape(asked.version, 40)


def _untold(record: MonitorRecord) -> tuple[str, ...]:
    """Return the reasons that the causes have not told already."""
    if record.decision.action == "none":
        return ()
    told = {record.verdict.sentence, *(check.sentence for check in record.broken)}
    return tuple(reason for reason in record.decision.reasons if reason not in told)[:3]
