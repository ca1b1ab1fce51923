"""The message about a retraining: promoted, kept, refused or failed, each in its own words."""

from dataclasses import replace
from functools import partial

from driftloop.alerts.blocks import (
    Block,
    Fields,
    Line,
    Span,
    bold,
    bullets,
    clean,
    code,
    context,
    line,
    section,
    sentence,
)
from driftloop.alerts.buttons import proposal_buttons
from driftloop.alerts.message import Links, Message, Severity, event_key, link
from driftloop.alerts.messages.parent import step_block
from driftloop.alerts.messages.versions import undo_step
from driftloop.alerts.messages.wording import compose, count, interval, number, score
from driftloop.base.periods import format_time
from driftloop.base.retrain_record import Ending, RetrainRecord, left_out
from driftloop.base.scores import Comparison, metric_name, score_text

SEVERITIES: dict[Ending, Severity] = {
    "promoted": "good",
    "proposed": "info",
    "kept": "info",
    "refused": "warning",
    "failed": "warning",
}


def outcome_line(record: RetrainRecord) -> str:
    """Return a sentence on how the retraining ended and which version is live."""
    outcome, old = record.ending, _champion(record)
    new = _challenger(record)[:1].upper() + _challenger(record)[1:]
    if outcome == "promoted":
        first = record.promotion is not None and record.promotion.previous is None
        return f"{new} is live." if first else f"{new} replaced {old}."
    if outcome == "proposed":
        waits = "approval" if record.waits_for == "approval" else "fresh labels in shadow"
        return f"{new} proved better and waits for {waits}; {old} stays live."
    non_inferior = record.comparison is not None and record.comparison.claim == "non_inferior"
    if outcome == "kept":
        claim = "as good" if non_inferior else "better"
        return f"The new model did not prove {claim}, so {old} stays live."
    if outcome == "refused":
        did = "proved as good" if non_inferior else "did better"
        return f"The new model {did} but was not promoted; {old} stays live."
    if record.short:
        return f"Labelled rows are still too few to train a new model; {old} stays live."
    return f"No new model could be trained; {old} stays live."


def retrain_message(
    record: RetrainRecord, links: Links, trouble: str = "", limit: float | None = None
) -> Message:
    """Return the message about a retraining's outcome, with scores, gates and what comes next.

    `trouble` is the headline of the incident that is open, `limit` the score that would fix it.
    """
    outcome = record.ending
    lead = line(bold(outcome_line(record)), score_change(record.comparison))
    blocks: list[Block] = [section(lead), step_block(next_step_of(record))]
    if record.comparison is not None:
        blocks.append(Fields(_numbers(record.comparison)))
    blocks += [
        section(bold("Why it retrained"), sentence(record.reason)),
        section(bold("What driftloop did"), *_action(record, outcome), *_left_out(record)),
        context(f"Data {clean(record.rev[:10])} · {format_time(record.as_of)} UTC"),
    ]
    # A replay that promotes another version, or ends otherwise, is news.
    version = f"-{record.promotion.version}" if outcome == "promoted" and record.promotion else ""
    key = event_key(record.model, record.as_of, "retrained", f"{outcome}{version}")
    fixed = outcome == "promoted" and bool(trouble)
    severity: Severity = SEVERITIES[outcome]
    severity = "info" if record.routine and severity == "warning" else severity
    headline = record.headline_after(trouble if fixed else "", limit)
    message = compose(key, "retrained", severity, record.model, headline, blocks, links)
    waiting = waiting_for_approval(record)
    return replace(message, buttons=proposal_buttons(record.model, waiting)) if waiting else message


def waiting_for_approval(record: RetrainRecord) -> str | None:
    """Return the version that a person is to decide on, if one is."""
    promotion = record.promotion
    waits = promotion is not None and promotion.waits_for == "approval"
    return promotion.version if promotion is not None and waits else None


def decision(model: str, form: str | None) -> tuple[str | Span, ...]:
    """Return how a person decides on a version that waits; `form` is the page with the form."""
    name = clean(model, 60)
    return (
        link("Decide in the Prefect UI", form) or "Decide in the Prefect UI (run approve)",
        " (⋮, Resume), or with " if form else ", or with ",
        code(f"driftloop approve {name}"),
        " or ",
        code(f"driftloop approve {name} --decline"),
        ".",
    )


def _challenger(record: RetrainRecord) -> str:
    version = record.promotion.version if record.promotion else record.challenger
    return "the new model" if version is None else f"version {clean(version, 40)}"


def _champion(record: RetrainRecord) -> str:
    previous = record.promotion.previous if record.promotion else None
    return "the current model" if previous is None else f"version {clean(previous, 40)}"


def score_change(comparison: Comparison | None) -> str:
    """Return both models' scores as a sentence after a space, or nothing."""
    if comparison is None:
        return ""
    metric = clean(metric_name(comparison.metric), 60)
    shown = partial(score_text, comparison.metric)
    new = shown(comparison.challenger.value)
    where = f"on {count(comparison.rows, 'row')} neither model was trained on"
    if comparison.champion is None:
        return f" Its {metric} is {new} on {count(comparison.rows, 'row')} it was not trained on."
    return f" Old model's {metric} {shown(comparison.champion.value)}, new {new}, {where}."


def _numbers(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    champion = comparison.champion
    pairs = [("Old score", score(champion))] if champion is not None else []
    pairs.append(("New score", score(comparison.challenger)))
    if comparison.difference is not None:
        edge, ahead = interval(comparison.low, comparison.high, "+"), comparison.next_windows
        sure = f"{comparison.confidence * 100:.4g} % sure"
        only = "" if ahead else "; windows to come may differ"
        pairs.append(("Gain on these rows", f"{number(comparison.difference, '+')}{edge}{only}"))
        if ahead:
            ends = interval(ahead.low, ahead.high, "+").strip(" ()")
            pairs.append((f"Expected in the next {ahead.name}", ends))
        pairs.append(("Gain needed", f"over {number(comparison.bound)}, {sure}"))
    return tuple(pairs)


def _action(record: RetrainRecord, outcome: Ending) -> tuple[Line, ...]:
    """Return what was done and why, with the gates that stand in the way."""
    if record.comparison is None:
        return (line(sentence(record.sentence)),)
    every = record.comparison.gates
    failed = [gate for gate in every if not gate.passed]
    if failed and outcome != "promoted":
        lines = [f"{gate.gate}: {gate.sentence}" for gate in failed]
        blocked = f"{len(failed)} of {count(len(every), 'gate')} failed"
        return line(f"Left the champion alone: {blocked}."), *bullets(lines)
    passed = [gate.gate.replace("_", " ") for gate in every if gate.status == "passed"]
    names = ", ".join(clean(name, 60) for name in passed[:20])
    gates = f"Passed every gate: {names}." if passed and not failed else ""
    shown = [gate for gate in every if gate.warns or gate.status == "not_judged"]
    warnings = bullets([gate.sentence for gate in shown])
    if outcome == "promoted":
        done = f"{gates} Moved the champion to {_challenger(record)}."
        return line(done.strip()), *warnings
    reason = record.promotion.sentence if record.promotion else record.sentence
    why = record.comparison.sentence if outcome == "kept" else reason
    return line(f"{gates} {sentence(why)}".strip()), *warnings


def _left_out(record: RetrainRecord) -> tuple[Line, ...]:
    """Return which windows of a broken feed were not learned from."""
    named = left_out(record.plan.excluded) if record.plan and record.comparison else ""
    return (line(named),) if named else ()


def next_step_of(record: RetrainRecord) -> Line:
    """Return what the reader should do after a retraining."""
    outcome = record.ending
    if outcome == "promoted":
        if record.promotion is None or record.promotion.previous is None:
            return line("Nothing now.")
        return undo_step(
            record.model, f": {_champion(record)} then comes back with its reference data."
        )
    if outcome == "proposed" and record.waits_for == "approval":
        return line(*decision(record.model, record.promotion.form if record.promotion else None))
    if outcome == "proposed":
        return line("Nothing. The next runs with labels decide.")
    if record.routine:
        return line(f"Nothing: {_champion(record)} does well. The calendar tries again in time.")
    if outcome == "kept":
        return line(
            f"Nothing, if {_champion(record)} is still good enough to use. If not, stop using it. "
            "What caused the retraining may go on; the next run decides again."
        )
    if outcome == "refused":
        return line(
            "In working hours, read why it was stopped and fix that. "
            "The next retraining tries again."
        )
    if record.short:
        return line(
            f"Decide whether {_champion(record)} is still good enough to use; if not, stop using "
            "it. The next runs try again as labels arrive; if they are late, ask for them."
        )
    return line(
        "In working hours, fix the cause above. Nothing changed, and the next run tries again."
    )
