"""Small records and tables that the tests of the pure package speak about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.findings import Finding, Performance, QualityFinding, Verdict
from driftloop.base.periods import Window
from driftloop.base.tags import PastRun
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.decision.triggers import TriggerInputs
from driftloop.drift.settings import DriftSettings
from tests.driftloop.drift.two_samples import TwoSamples, find_drift

NOW = datetime(2026, 3, 9, 6, tzinfo=UTC)
WEEK = timedelta(days=7)
WINDOW = Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))
FAST: dict[str, Any] = {"engine": "native"}
DRIFT = Verdict("drift", "1 of 2 features drifted: amount.")
OK = Verdict("ok", "No drift in 2 of 2 features.")
BLIND = Verdict("inconclusive", "The window has no rows: nothing was tested.")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def numbers(reference: Any, current: Any, **settings: Any) -> tuple[Finding, ...]:
    """What drift says about one numeric column, tested by driftloop itself."""
    return _found(reference, current, (("x",), ()), settings)


def categories(reference: Any, current: Any, **settings: Any) -> tuple[Finding, ...]:
    """What drift says about one categorical column, tested by driftloop itself."""
    return _found(reference, current, ((), ("x",)), settings)


def _found(reference: Any, current: Any, names: Any, settings: Any) -> tuple[Finding, ...]:
    tables = TwoSamples(pd.DataFrame({"x": reference}), pd.DataFrame({"x": current}), *names)
    return find_drift(tables, DriftSettings(**{**FAST, **settings}))


def predicted(y: Any, challenger: Any, champion: Any, thresholds: Any = (None, None)) -> GateInputs:
    """Both models' predictions on a holdout."""
    return GateInputs("roc_auc", y, challenger, champion, thresholds)


def finding(name: str, status: Any = "ok", effect: float | None = 0.3, **more: Any) -> Finding:
    made = Finding(name, "ks", 0.1, 0.5, 0.5, "psi", effect, 0.1, status, "moved.", 100, 100)
    return replace(made, **more)


def check(column: str | None, status: Any = "failed") -> QualityFinding:
    return QualityFinding("missing_rate", column, status, f"`{column}` lost its values.")


def performance(status: Any = "unclear", end: datetime = NOW, **more: Any) -> Performance:
    window = Window(end - WEEK, end)
    made = Performance("roc_auc", window, 900, 0.7, 0.6, 0.8, 0.8, status, f"It is {status}.")
    return replace(made, **more)


def past(weeks: float, verdict: str = "ok", **more: Any) -> PastRun:
    """A monitoring run some weeks ago; nothing was wrong unless said."""
    moment = NOW - weeks * WEEK
    run = PastRun("monitor", moment, moment - WEEK, verdict, "none", False, "ok", "7", False)
    return replace(run, **more)


def retrained(weeks: float, won: bool = False) -> PastRun:
    return past(weeks, "", kind="retrain", won=won)


def evidence(verdict: Verdict = DRIFT, **more: Any) -> TriggerInputs:
    """Drift that began four weeks ago, with labels up to now, and an unclear performance."""
    made = TriggerInputs(NOW, verdict, performance(), (), NOW - 4 * WEEK, NOW, NOW - 10 * WEEK)
    return replace(made, **more)


def probabilities(positive: Any) -> Any:
    """Probabilities (n, 2) from those of the positive class."""
    positive = np.asarray(positive, dtype=float)
    return np.column_stack([1 - positive, positive])
