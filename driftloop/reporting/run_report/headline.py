"""The verdict of a run in one sentence, what was done about it, and what to do."""

from dataclasses import dataclass

from driftloop.alerts.blocks import Line, line
from driftloop.alerts.messages.actions import action_taken, next_step
from driftloop.alerts.messages.causes import causes, headline
from driftloop.base.records import MonitorRecord
from driftloop.decision.outcome import OUTCOME_STYLES, OutcomeStyle, outcome_of_record
from driftloop.reporting.run_report.inputs import ReportInput

_TROUBLE = ("broken", "fell", "drift")
_ACTIONS = {
    "none": "nothing to do",
    "alert": "notify people",
    "hold": "hold back the retraining",
    "retrain": "retrain",
}


@dataclass(frozen=True, slots=True)
class VerdictSection:
    """The head of a report; `causes` and `next_step` are lines as messages have them."""

    style: OutcomeStyle
    sentence: str
    causes: tuple[tuple[Line, ...], ...]
    decision: str
    held: str | None
    action_taken: str
    next_step: tuple[Line, ...]


def verdict_section(report: ReportInput) -> VerdictSection:
    """Return the verdict, its causes, the decision, what was done and what the reader should do."""
    record = report.record
    calm = _is_calm(record)
    return VerdictSection(
        style=OUTCOME_STYLES[outcome_of_record(record)],
        sentence=_verdict_sentence(record),
        causes=tuple(cause.lines for cause in causes(record)),
        decision=_capital(_ACTIONS[record.decision.action]),
        held=record.decision.held.replace("_", " ") if record.decision.held else None,
        action_taken="Nothing was changed." if calm else action_taken(record),
        next_step=(line(_calm_step(record)) if calm else next_step(record),),
    )


def _verdict_sentence(record: MonitorRecord) -> str:
    outcome = outcome_of_record(record)
    if outcome in _TROUBLE:
        return f"{_capital(headline(record))}."
    return {
        "ok": "Healthy: nothing is wrong.",
        "warning": "No problem, but something is close to its limit.",
        "inconclusive": "Inconclusive: this run could not evaluate the model.",
    }.get(outcome, record.verdict.sentence)


def _calm_step(record: MonitorRecord) -> str:
    outcome = outcome_of_record(record)
    if outcome == "inconclusive":
        return "In working hours, check that new data arrive and that enough rows reach each run."
    return "Nothing." if outcome == "ok" else "Nothing now. Keep an eye on what is marked below."


def _is_calm(record: MonitorRecord) -> bool:
    """Say whether there is neither trouble nor anything that was decided."""
    no_trouble = outcome_of_record(record) not in _TROUBLE
    return no_trouble and record.decision.action == "none" and record.retrain is None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
