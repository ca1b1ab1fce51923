"""The verdict of a run in one sentence, what was done about it, and what to do."""

from dataclasses import dataclass

from driftloop.alerts.blocks import Line, line
from driftloop.alerts.messages.actions import action_taken, next_step
from driftloop.alerts.messages.causes import causes
from driftloop.decision.outcome import OUTCOME_STYLES, Outcome, OutcomeStyle, outcome_of_record
from driftloop.reporting.run_report.inputs import ReportInput

_ACTIONS = {
    "none": "nothing to do",
    "alert": "notify people",
    "hold": "hold back the retraining",
    "retrain": "retrain",
}
_CALM: dict[Outcome, str] = {
    "ok": "Nothing.",
    "warning": "Nothing now. Keep an eye on what is marked below.",
    "inconclusive": "In working hours, check that new data arrive and that enough rows reach "
    "each run.",
    "empty": "In working hours, check that new data arrive.",
}
"""By outcome: what the reader should do where nothing is wrong."""


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
    # Neither trouble nor anything that was decided.
    calm = not record.trouble and decision.action == "none" and record.retrain is None
    return VerdictSection(
        # A headline that says that it is fixed sounds no alarm.
        style=OUTCOME_STYLES["ok" if record.fixed else outcome],
        sentence=f"{_capital(record.headline)}.",
        causes=tuple(cause.lines for cause in causes(record)),
        decision=_capital(_ACTIONS[decision.action]),
        held=decision.held.replace("_", " ") if decision.held else None,
        action_taken="Nothing was changed." if calm else action_taken(record),
        next_step=(line(_CALM[outcome]) if calm else next_step(record),),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
