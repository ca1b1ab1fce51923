"""The message about a retraining: promoted, kept, refused or failed, each in its own words."""

from typing import Literal

from driftloop.alerts.blocks import Block, bullets, context, escape, fields, section, sentence
from driftloop.alerts.links import Links
from driftloop.alerts.message import Message, Severity, event_key
from driftloop.alerts.messages.wording import compose, count, interval, number, score
from driftloop.base.periods import format_time
from driftloop.base.records import Comparison, RetrainRecord

Outcome = Literal["promoted", "proposed", "kept", "refused", "failed"]
SEVERITIES: dict[Outcome, Severity] = {
    "promoted": "good",
    "proposed": "info",
    "kept": "info",
    "refused": "warning",
    "failed": "warning",
}


def outcome_of(record: RetrainRecord) -> Outcome:
    """Return how the retraining ended.

    ``proposed``: it proved better and waits, for approval or in shadow.
    ``refused``: the challenger proved better, and a gate or the registry stopped it. ``kept``: it
    did not prove better. ``failed``: there is no challenger to compare.
    """
    if record.promotion is not None and record.promotion.promoted:
        return "promoted"
    if record.promotion is not None and record.promotion.waits_for is not None:
        return "proposed"
    if record.comparison is None:
        return "failed"
    return "refused" if record.won or record.comparison.proven else "kept"


def outcome_line(record: RetrainRecord) -> str:
    """Return one escaped sentence on how the retraining ended and which version is live."""
    outcome, new, old = outcome_of(record), _challenger(record), _champion(record)
    if outcome == "promoted":
        first = record.promotion is not None and record.promotion.previous is None
        return _capital(f"{new} is live." if first else f"{new} replaced {old}.")
    if outcome == "proposed":
        waits = "approval" if _waits_for(record) == "approval" else "fresh labels in shadow"
        return f"{_capital(new)} proved better and waits for {waits}; {old} stays live."
    held = record.comparison is not None and record.comparison.claim == "non_inferior"
    if outcome == "kept":
        return (
            f"The new model did not prove {'as good' if held else 'better'}, so {old} stays live."
        )
    if outcome == "refused":
        did = "proved as good" if held else "did better"
        return f"The new model {did} but was not promoted; {old} stays live."
    return f"No new model could be trained; {old} stays live."


def retrain_message(record: RetrainRecord, links: Links) -> Message:
    """Return the message about a retraining's outcome, with scores, gates and what comes next."""
    outcome = outcome_of(record)
    summary = f"*{outcome_line(record)}*{change(record.comparison)}"
    blocks: list[Block] = [section(summary)]
    if record.comparison is not None:
        blocks.append(fields(_numbers(record.comparison)))
    blocks.append(section(f"*Why it retrained*\n{sentence(record.reason)}"))
    blocks.append(section(f"*What driftloop did*\n{_done(record, outcome)}"))
    blocks.append(section(f"*What you should do*\n{next_step_of(record)}"))
    blocks.append(context(f"Data {escape(record.rev[:10])} · {format_time(record.as_of)} UTC"))
    key = event_key(record.model, record.as_of, "retrained", _key_part(record, outcome))
    return compose(
        key,
        "retrained",
        SEVERITIES[outcome],
        record.model,
        _headline(record, outcome),
        summary,
        blocks,
        links,
    )


def _key_part(record: RetrainRecord, outcome: Outcome) -> str:
    # A replay that promotes another version, or ends otherwise, is news.
    version = f"-{record.promotion.version}" if outcome == "promoted" and record.promotion else ""
    return f"{outcome}{version}"


def _headline(record: RetrainRecord, outcome: Outcome) -> str:
    if outcome == "promoted":
        return f"{_challenger(record)} is live"
    if outcome == "proposed":
        waits = _waits_for(record) == "approval"
        return f"{_challenger(record)} {'waits for approval' if waits else 'is in shadow'}"
    if outcome == "kept":
        return f"kept {_champion(record)}"
    return "new model not promoted" if outcome == "refused" else "retraining failed"


def _challenger(record: RetrainRecord) -> str:
    version = record.promotion.version if record.promotion else record.challenger
    return "the new model" if version is None else f"version {escape(version, 40)}"


def _waits_for(record: RetrainRecord) -> str | None:
    return record.promotion.waits_for if record.promotion else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _champion(record: RetrainRecord) -> str:
    previous = record.promotion.previous if record.promotion else None
    return "the current model" if previous is None else f"version {escape(previous, 40)}"


def change(comparison: Comparison | None) -> str:
    """Return both models' scores as an escaped sentence after a space, or nothing."""
    if comparison is None:
        return ""
    metric, new = escape(comparison.metric, 60), number(comparison.challenger.value)
    where = f"on {count(comparison.rows, 'row')} neither model was trained on"
    if comparison.champion is None:
        return f" Its {metric} is {new} on {count(comparison.rows, 'row')} it was not trained on."
    return f" Old model's {metric} {number(comparison.champion.value)}, new {new}, {where}."


def _numbers(comparison: Comparison) -> list[tuple[str, str]]:
    pairs = []
    if comparison.champion is not None:
        pairs.append(("Old score", score(comparison.champion)))
    pairs.append(("New score", score(comparison.challenger)))
    if comparison.difference is not None:
        edge = interval(comparison.low, comparison.high, "+")
        pairs.append(("Gain", number(comparison.difference, "+") + edge))
        sure = f"{comparison.confidence * 100:.4g} % sure"
        pairs.append(("Gain needed", f"over {number(comparison.bound)}, {sure}"))
    return pairs


def _done(record: RetrainRecord, outcome: Outcome) -> str:
    """Return what was done and why, with the gates that stand in the way."""
    if record.comparison is None:
        return sentence(record.sentence)
    failed = [gate for gate in record.comparison.gates if not gate.passed]
    if failed and outcome != "promoted":
        lines = [f"{gate.gate}: {gate.sentence}" for gate in failed]
        blocked = f"{len(failed)} of {count(len(record.comparison.gates), 'gate')} failed"
        return f"Left the champion alone: {blocked}.\n{bullets(lines)}"
    every = record.comparison.gates
    gates = f"Passed every gate: {_named(record.comparison)}." if every and not failed else ""
    if outcome == "promoted":
        return f"{gates} Moved the champion to {_challenger(record)}.".strip()
    reason = record.promotion.sentence if record.promotion else record.sentence
    why = record.comparison.sentence if outcome == "kept" else reason
    return f"{gates} {sentence(why)}".strip()


def _named(comparison: Comparison) -> str:
    return ", ".join(escape(gate.gate.replace("_", " "), 60) for gate in comparison.gates[:20])


def next_step_of(record: RetrainRecord) -> str:
    """Return what the reader should do after a retraining, as escaped mrkdwn."""
    outcome, name = outcome_of(record), escape(record.model, 60)
    if outcome == "promoted":
        if record.promotion is None or record.promotion.previous is None:
            return "Nothing now."
        return (
            f"Nothing now. If predictions look wrong, run `driftloop rollback {name}` or the "
            f"*rollback* deployment: {_champion(record)} then comes back with its reference data."
        )
    if outcome == "proposed" and _waits_for(record) == "approval":
        return (
            "Decide in the Prefect UI (run *approve*), or with "
            f"`driftloop approve {name}` or `driftloop approve {name} --decline`."
        )
    if outcome == "proposed":
        return "Nothing. The next runs with labels decide."
    if outcome == "kept":
        return (
            f"Nothing, if {_champion(record)} is still good enough to use. If not, stop using it. "
            "What caused the retraining may go on; the next run decides again."
        )
    if outcome == "refused":
        return (
            "In working hours, read why it was stopped and mend that. "
            "The next retraining tries again."
        )
    return "In working hours, mend the cause above. Nothing changed, and the next run tries again."
