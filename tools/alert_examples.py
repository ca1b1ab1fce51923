"""One example of each message, from records of an invented week of a payments model."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from driftloop.alerts.incident import Acknowledgement, Incident
from driftloop.alerts.message import Links
from driftloop.alerts.messages.digest import DigestLine
from driftloop.alerts.messages.summary import blind_summary, summary_of, with_retraining
from driftloop.base.distribution import Shape
from driftloop.base.findings import Finding, Performance, QualityFinding, Trouble, Verdict
from driftloop.base.periods import Span, Window
from driftloop.base.records import Decision, MonitorRecord, TrialOutcome
from driftloop.base.retrain_record import Promotion, RetrainRecord
from driftloop.base.scores import Comparison, GateResult, NextWindows, Score
from driftloop.base.tags import RunTags

MODEL = "payments"
AT = datetime(2026, 3, 9, 3, tzinfo=UTC)
DAY = timedelta(days=1)
REV = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"
LINKS = Links(
    prefect_run="https://prefect.example/runs/1",
    mlflow_run="https://mlflow.example/runs/2",
    model_version="https://mlflow.example/models/payments/7",
    report="https://reports.example/payments/2026-03-09",
)
_AMOUNT = Shape(
    "amount",
    (),
    (0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0),
    (0.14, 0.34, 0.2, 0.11, 0.07, 0.05, 0.03, 0.03, 0.02, 0.01),
    (0.07, 0.2, 0.22, 0.17, 0.11, 0.08, 0.06, 0.04, 0.03, 0.02),
)
_COUNTRY = Shape(
    "country",
    ("DE", "FR", "NL", "PL", "other"),
    (),
    (0.48, 0.24, 0.18, 0.02, 0.08),
    (0.39, 0.2, 0.15, 0.19, 0.07),
)
_HOUR = Shape(
    "hour",
    (),
    (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0),
    (0.03, 0.04, 0.09, 0.16, 0.18, 0.2, 0.18, 0.12),
    (0.02, 0.03, 0.06, 0.1, 0.12, 0.17, 0.26, 0.24),
)


def _finding(name: str, sentence: str, size: float, shape: Shape | None, **more: Any) -> Finding:
    made = Finding(
        name, "ks", 0.3, 1e-9, 1e-8, "psi", size, 0.1, "drift", sentence, 180_000, 12_408
    )
    return replace(made, shape=shape, **more)


MOVED = (
    _finding("amount", "`amount` rose from 42 to 61 (median).", 0.42, _AMOUNT),
    _finding("country", "`country`: PL rose from 2.0% to 19%.", 0.37, _COUNTRY),
    _finding("hour", "`hour` rose from 15 to 18 (median).", 0.16, _HOUR),
)
CALM = tuple(
    _finding(f"input_{number}", "As before.", 0.01, None, status="ok") for number in range(17)
)
CHECKED = QualityFinding("range", "amount", "ok", "`amount` is in range.")
_WINDOW = Window(AT - 7 * DAY, AT)
HOLDS = Performance(
    "roc_auc", _WINDOW, 8_204, 0.846, 0.835, 0.857, 0.842, "ok", "ROC AUC is 0.846; 0.842 held."
)
FELL = replace(
    HOLDS,
    score=0.712,
    low=0.694,
    high=0.729,
    status="fell",
    guessing=0.5,
    sentence="ROC AUC fell.",
)

HEALTHY = MonitorRecord(
    model=MODEL,
    as_of=AT,
    rev=REV,
    dry_run=False,
    champion="7",
    window=_WINDOW,
    rows_reference=180_000,
    rows_current=12_408,
    verdict=Verdict("ok", "20 inputs look as before."),
    quality=(CHECKED,),
    findings=CALM,
    performance=HOLDS,
    decision=Decision("none", ()),
)
WORSE = replace(
    HEALTHY,
    verdict=Verdict("drift", "3 of 20 inputs drifted."),
    findings=MOVED + CALM,
    performance=FELL,
    decision=Decision("retrain", ("ROC AUC is 0.130 below what the champion scored before.",)),
    troubles=(
        Trouble(
            "covariate_shift",
            "Inputs drifted (amount, country, hour); performance fell with them, as was to be "
            "expected on such rows.",
        ),
    ),
)
STILL = replace(WORSE, as_of=AT + DAY)
WORST = replace(
    WORSE, as_of=AT + 2 * DAY, performance=replace(FELL, score=0.655, low=0.636, high=0.674)
)
BACK = replace(WORSE, as_of=AT + 6 * DAY, window=Window(AT - DAY, AT + 6 * DAY))
DRIFTED = replace(
    HEALTHY,
    verdict=Verdict("drift", "3 of 20 inputs drifted."),
    findings=MOVED + CALM,
    decision=Decision("alert", ("Retraining waits until 2 of 3 runs agree.",)),
    troubles=(
        Trouble(
            "covariate_shift",
            "Inputs drifted (amount, country, hour); no labels show yet whether performance "
            "suffers.",
        ),
    ),
    performance=replace(HOLDS, status="inconclusive", score=None),
)
BROKEN = replace(
    HEALTHY,
    verdict=Verdict("inconclusive", "Broken data leave nothing to judge."),
    quality=(
        QualityFinding("range", "amount", "failed", "`amount`: 98% of values are above 5,000."),
        QualityFinding("missing", "device_age", "failed", "`device_age`: 85% missing, before 2%."),
        replace(CHECKED, column="hour", sentence="`hour` is in range."),
    ),
    decision=Decision("hold", ("Broken data must not train a model.",), held="quality"),
)
UNJUDGED = replace(
    HEALTHY,
    rows_current=55,
    verdict=Verdict("inconclusive", "55 rows arrived, 200 are needed."),
    findings=tuple(
        replace(
            finding,
            status="inconclusive",
            sentence=f"`{finding.name}` has 55 values in the current window, 200 are needed.",
        )
        for finding in CALM[:5]
    ),
)
STOPPED = replace(
    WORSE,
    decision=Decision(
        "hold", ("5 challengers in a row did not win; a person is needed.",), held="losing_streak"
    ),
)
BETTER = replace(
    HEALTHY,
    as_of=AT + 3 * DAY,
    champion="8",
    aftermath="Since version 8 replaced version 7, the drift is gone and performance holds again.",
)

_GATES = tuple(
    GateResult(name, "passed", sentence)
    for name, sentence in (
        ("latency", "3 ms a row, 20 allowed."),
        ("calibration", "Error 0.01, 0.05 allowed."),
        ("segments", "No segment lost more than 0.02."),
    )
)
WON = Comparison(
    metric="roc_auc",
    champion=Score("roc_auc", 0.731, 0.718, 0.744, 4_210),
    challenger=Score("roc_auc", 0.838, 0.827, 0.849, 4_210),
    difference=0.107,
    low=0.092,
    high=0.122,
    margin=0.005,
    confidence=0.95,
    rows=4_210,
    gates=_GATES,
    won=True,
    sentence="The gain is beyond chance.",
    next_windows=NextWindows(0.071, 0.143, Span(1, "week"), 9, "earlier"),
)
PROMOTED = RetrainRecord(
    model=MODEL,
    as_of=AT,
    rev=REV,
    reason="ROC AUC is 0.130 below what the champion scored before.",
    challenger="8",
    run_id="2",
    parameters={},
    plan=None,
    comparison=WON,
    promotion=Promotion(True, "8", "7", "Version 8 replaced version 7."),
    sentence="Version 8 won.",
)
KEPT = replace(
    PROMOTED,
    comparison=replace(
        WON,
        difference=0.002,
        low=-0.004,
        high=0.008,
        won=False,
        champion=Score("roc_auc", 0.836, 0.825, 0.847, 4_210),
        sentence="The gain of 0.002 may be chance.",
        next_windows=NextWindows(-0.011, 0.014, Span(1, "week"), 9, "earlier"),
    ),
    promotion=Promotion(False, "8", "7", "The challenger did not win."),
)
REFUSED = replace(
    PROMOTED,
    comparison=replace(
        WON,
        won=False,
        gates=(GateResult("latency", "refused", "41 ms a row, 20 allowed."), *_GATES[1:]),
    ),
    promotion=Promotion(False, "8", "7", "A gate refused it."),
)
PROPOSED = replace(
    PROMOTED,
    promotion=Promotion(
        *(False, "8", "7", "It waits for approval.", "approval"),
        form="https://prefect.example/runs/flow-run/9c1",
    ),
)
FAILED = replace(
    PROMOTED,
    challenger=None,
    comparison=None,
    promotion=None,
    sentence="Only 212 rows have labels, 1,000 are needed.",
)
APPROVED = Promotion(True, "8", "7", "Ana approved it; all gates had passed.")
ROLLED_BACK = TrialOutcome(
    "probation",
    "8",
    "7",
    "worse",
    "rolled_back",
    2,
    5,
    -0.05,
    "ROC AUC is 0.050 lower on 3,120 new labels; that is beyond chance.",
)


def incident(record: MonitorRecord, severity: Any, causes: Any) -> Incident:
    """Return the incident that a run opens."""
    return Incident(
        number=1,
        since=record.window.start,
        opened_at=record.as_of,
        last=record.as_of,
        until=record.as_of,
        severity=severity,
        peak_severity=severity,
        causes=causes,
        champion=record.champion,
        summary=summary_of(record, LINKS),
        score=record.performance.score,
    )


OPENED = incident(WORSE, "page", ("performance", "drift"))
TAKEN = replace(
    OPENED,
    runs=2,
    last=AT + DAY,
    until=AT + DAY,
    acknowledged=Acknowledgement("Ana", AT + DAY / 4, "Looking at it"),
)
CHANGED = replace(TAKEN, summary=with_retraining(OPENED.summary, PROMOTED, LINKS))
HEALING = replace(CHANGED, quiet=1, last=AT + 2 * DAY)
OVER = replace(HEALING, quiet=2, last=AT + 3 * DAY, resolved_at=AT + 3 * DAY)
GRAVER = replace(TAKEN, summary=summary_of(WORST, LINKS), runs=3, last=WORST.as_of)
AGAIN = replace(TAKEN, summary=summary_of(BACK, LINKS), runs=4, last=BACK.as_of, needed=4)
SUSPECTED = incident(DRIFTED, "warning", ("drift",))
FAULTY = incident(BROKEN, "page", ("quality",))
BLIND = replace(
    incident(UNJUDGED, "warning", ("blind",)), summary=blind_summary(UNJUDGED, LINKS, 3), runs=3
)

WEEK_END = AT + 7 * DAY
_RUN = RunTags(
    kind="monitor", key="run", as_of=WEEK_END, verdict="ok", metric="roc_auc", score=0.812
)
_RUN = replace(_RUN, score_low=0.8, score_high=0.824)
_CHURN = DigestLine("churn", _RUN, age_days=34)
FARED = (
    _CHURN,
    replace(
        _CHURN,
        model=MODEL,
        last=replace(_RUN, verdict="drift", score=0.712, score_low=0.694, score_high=0.729),
        open_since=WEEK_END - 3 * DAY,
        severity="page",
        incidents=1,
        retrainings=1,
    ),
    replace(
        _CHURN,
        model="pricing",
        last=replace(_RUN, metric="neg_rmse", score=-12.4, score_low=-12.8, score_high=-12.1),
        age_days=6,
        retrainings=1,
        promotions=1,
    ),
    replace(_CHURN, model="claims", last=replace(_RUN, verdict="inconclusive", score=None)),
    replace(_CHURN, model="leads", last=replace(_RUN, score=None, as_of=WEEK_END - 19 * DAY)),
    replace(
        _CHURN,
        model="returns",
        last=replace(_RUN, verdict="warning"),
        muted_until=WEEK_END + 2 * DAY,
    ),
)
