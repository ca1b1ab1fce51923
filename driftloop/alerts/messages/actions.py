"""Actions: what driftloop did about a run, and what the reader should do."""

from driftloop.alerts.blocks import Line, clean, code, line, sentence
from driftloop.alerts.contacts import NOBODY, Contacts
from driftloop.alerts.messages.retraining import decision, outcome_line
from driftloop.base.errors import join_names
from driftloop.base.records import MonitorRecord


def action_taken(record: MonitorRecord) -> str:
    """Return what driftloop did about a run."""
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
    # The causes have stated the other reasons already.
    stated = {record.verdict.sentence, *(check.sentence for check in record.broken)}
    reasons = [reason for reason in record.decision.reasons if reason not in stated][:3]
    shown = [] if record.decision.action == "none" else map(sentence, reasons)
    return " ".join((f"{dry}{lead}", *shown))


PROMOTED = line("Nothing now. The next run shows whether the new model holds.")

LEARN = line(
    "Do not rely on its predictions. In working hours, look whether the features say anything of "
    "the label and whether there are rows enough, then retrain."
)


def next_step(record: MonitorRecord, contacts: Contacts = NOBODY) -> Line:
    """Return what the reader should do, for the most severe cause."""
    if record.skewed:
        return line(
            "Now: find out what served these rows. Until it is fixed, do not trust what is served."
        )
    if record.broken:
        return _fix_data(record, contacts.data_owner)
    if record.moved:
        return line(
            "Ask who did it. If nobody meant to, run ",
            code(f"driftloop rollback {clean(record.model, 60)}"),
            "; if it was meant, nothing: the version now live is monitored.",
        )
    if record.changed:
        return line("Ask who did it: what driftloop compares and goes back to rests on versions.")
    if record.retrain is not None and record.retrain.ending == "promoted":
        return PROMOTED
    if record.decision.held == "losing_streak":
        return line(
            "Retraining has stopped until a person starts one. In working hours, read why the "
            "challengers lost, then run ",
            code(f"driftloop retrain {clean(record.model, 60)}"),
            ".",
        )
    if record.decision.action == "retrain" and record.retrain is None and not record.dry_run:
        return line("Wait for the retraining; its result is posted here.")
    if waiting := waiting_version(record):
        return line(
            f"Version {clean(waiting, 40)} is proven better and waits for approval. ",
            *decision(record.model, _form(record)),
        )
    return LEARN if record.doubt else _about_predictions(record)


def waiting_version(record: MonitorRecord) -> str | None:
    """Return the version that a retraining waits for a person to decide on, if one does."""
    waiting = (trial.version for trial in record.trials if trial.kind == "approval")
    return next(waiting, None) if record.decision.held == "waiting" else None


def _form(record: MonitorRecord) -> str | None:
    return next((trial.form for trial in record.trials if trial.kind == "approval"), None)


def _about_predictions(record: MonitorRecord) -> Line:
    """Return what the reader should do about a champion that predicts worse, or may."""
    version = f"Version {clean(record.champion, 40)}"
    if record.decision.held == "harder_inputs":
        return line(
            f"{version} does on these rows what a model can. Decide whether that is good enough "
            "to use; if not, look for features that tell such rows apart."
        )
    if record.performance.status == "fell":
        return line(
            f"{version} is live and predicts worse than it should. Decide now: stop using it, roll "
            "back, or retrain by hand."
        )
    if record.performance.broke_promise:
        return line(
            f"{version} is live and learned a relation that no longer holds. Decide now: stop "
            "using it, or retrain by hand."
        )
    if record.performance.status == "falling":
        return line(
            "Nothing tonight. It is a loss that may be within what is allowed: the next windows "
            "tell whether it grows."
        )
    return line(
        "Nothing tonight. In working hours, check whether the change is real and will stay."
    )


def _fix_data(record: MonitorRecord, owner: str) -> Line:
    named = [check.column for check in record.broken if check.column is not None]
    where = f" ({clean(join_names(dict.fromkeys(named), 3))})" if named else ""
    return line(
        f"Tell {owner} now{where}. Until it is fixed, do not trust "
        "predictions made from these data."
    )
