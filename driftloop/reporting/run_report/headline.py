"""The verdict of a run in one sentence, what was done about it, and what to do."""

from dataclasses import dataclass

from driftloop.alerts.blocks import Line, line
from driftloop.alerts.messages.actions import action_taken, next_step
from driftloop.alerts.messages.causes import causes, headline
from driftloop.decision.outcome import OUTCOME_STYLES, Outcome, OutcomeStyle, outcome_of_record
from driftloop.reporting.run_report.inputs import ReportInput

_TROUBLE = ("broken", "fell", "drift", "falling")
_ACTIONS = {
    "none": "nothing to do",
    "alert": "notify people",
    "hold": "hold back the retraining",
    "retrain": "retrain",
}
_CALM: dict[Outcome, tuple[str, str]] = {
    "ok": ("Healthy: nothing is wrong.", "Nothing."),
    "warning": (
        "No problem, but something is close to its limit.",
        "Nothing now. Keep an eye on what is marked below.",
    ),
    "inconclusive": (
        "Inconclusive: this run could not evaluate the model.",
        "In working hours, check that new data arrive and that enough rows reach each run.",
    ),
}
"""By outcome: the verdict in a sentence, and what the reader should do."""


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
    outcome, decision = outcome_of_record(record), record.decision
    trouble = outcome in _TROUBLE
    # Neither trouble nor anything that was decided.
    calm = not trouble and decision.action == "none" and record.retrain is None
    sentence, step = _CALM.get(outcome, (record.verdict.sentence, ""))
    return VerdictSection(
        style=OUTCOME_STYLES[outcome],
        sentence=f"{_capital(headline(record))}." if trouble else sentence,
        causes=tuple(cause.lines for cause in causes(record)),
        decision=_capital(_ACTIONS[decision.action]),
        held=decision.held.replace("_", " ") if decision.held else None,
        action_taken="Nothing was changed." if calm else action_taken(record),
        next_step=(line(step) if calm else next_step(record),),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
