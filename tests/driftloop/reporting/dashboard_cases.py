"""Invented models for the page of all models."""

from datetime import UTC, datetime, timedelta

from driftloop.decision.outcome import Outcome
from driftloop.reporting.dashboard.rows import ModelRow

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_KINDS = ("payments", "churn", "pricing", "demand", "returns", "credit", "support", "search")
_PLACES = ("de", "fr", "nl", "pl", "es", "it", "se")


def row(number: int, outcome: Outcome = "ok") -> ModelRow:
    """A model of a fleet; the number makes it another one."""
    wave = [0.8 + 0.02 * ((number * 7 + place * 3) % 5) / 5 for place in range(12)]
    scores: tuple[float | None, ...] = (*wave[:5], None, *wave[5:])
    loss = 0.12 if outcome == "fell" else 0.0
    score = wave[-1] - loss
    trouble = outcome in ("fell", "drift", "broken")
    return ModelRow(
        model=f"{_KINDS[number % 8]}-{_PLACES[number % 7]}-{number}",
        outcome=outcome,
        sentence=f"{2 if trouble else 0} of {20 + number % 9} features drifted.",
        as_of=NOW - DAY * (number % 6),
        stale=number % 41 == 40,
        scores=(*scores[:-1], score),
        metric="roc_auc",
        score=score,
        low=score - 0.014,
        high=score + 0.013,
        rev=f"{number:04x}c0ffee0123456789",
        champion=str(1 + number % 9),
        promoted_at=NOW - DAY * (3 + number * 5 % 200),
        move=f"promoted {NOW - DAY * (3 + number * 5 % 200):%Y-%m-%d}",
        incident_since=NOW - DAY * (2 + number % 9) if trouble else None,
        incident_severity={"fell": "page", "broken": "page", "drift": "warning"}.get(outcome),
        report=f"reports/model-{number}.html",
        links=(("Model", f"https://mlflow.example/#/models/{number}"),),
    )


def fleet(amount: int = 300) -> tuple[ModelRow, ...]:
    """A fleet of which a few are in trouble, one is broken and one never ran."""
    ends: dict[int, Outcome] = {7: "fell", 23: "drift", 55: "drift", 81: "broken", 120: "warning"}
    rows = [row(number, ends.get(number % 130, "ok")) for number in range(amount - 2)]
    problem = (
        "its configuration is not valid: configs/fraud.yaml: drift.effect: unknown kind; received "
        "'psj'; valid: psi, jensen_shannon, hellinger (did you mean psi?)"
    )
    return (
        *rows,
        ModelRow("fraud", "inconclusive", problem=problem, champion="3"),
        ModelRow("new-model", "missing"),
    )
