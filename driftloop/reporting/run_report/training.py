"""The outcome of a retraining, and the promotions so far."""

from collections.abc import Iterable

from driftloop.alerts.messages.wording import interval, number
from driftloop.alerts.messages.wording import score as score_text
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.scores import Comparison, metric_name
from driftloop.decision.outcome import Tone
from driftloop.promotion.ledger import Entry

_MOST_ENTRIES = 30
_OUTCOMES: dict[str, tuple[str, str, Tone]] = {
    "promoted": ("✓", "promoted", "good"),
    "proposed": ("✓", "better, awaits approval", "good"),
    "kept": ("!", "champion kept", "plain"),
    "refused": ("✖", "refused", "warn"),
    "failed": ("✖", "no model trained", "bad"),
}


def retraining_badge(record: RetrainRecord) -> tuple[str, str, Tone]:
    """Return sign, word and tone of how a retraining ended."""
    return _OUTCOMES[record.ending]


def recent_entries(ledger: Iterable[Entry]) -> list[Entry]:
    """Return the newest entries of the promotion ledger, the newest first."""
    entries = [entry for entry in ledger if entry.kind != "began"]
    return entries[: -_MOST_ENTRIES - 1 : -1]


def comparison_alt_text(comparison: Comparison) -> str:
    """Return what the plot of the comparison shows, for those who do not see it."""
    champion = comparison.champion
    old = f"champion {score_text(champion)}, " if champion is not None else ""
    metric = metric_name(comparison.metric, begins=True)
    return f"{metric}: {old}challenger {score_text(comparison.challenger)}."


def gain_alt_text(comparison: Comparison) -> str:
    """Return what the plot of the gain shows."""
    ends = interval(comparison.low, comparison.high, "+")
    gain, ahead = number(comparison.difference, "+"), comparison.next_windows
    later = f" In the next {ahead.name}{interval(ahead.low, ahead.high, '+')}." if ahead else ""
    return f"Gain {gain}{ends}; more than {number(comparison.bound)} is required.{later}"
