"""The input of a report: an invented year of a payments model, worse and retrained."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.distribution import Shape
from driftloop.base.findings import EstimatedPerformance, Finding, QualityFinding
from driftloop.base.periods import Window
from driftloop.base.records import MonitorRecord, TrialOutcome
from driftloop.base.retrain_record import TrainingPlan, WindowScore
from driftloop.drift.effect_history import effect_words
from driftloop.promotion.ledger import Entry, EntryKind
from driftloop.reporting.run_report.inputs import ReportInput
from driftloop.reporting.run_report.past_runs import Episode, RunPoint
from tools import alert_examples

WEEK = timedelta(weeks=1)
_ENDS = ("ok",) * 9 + ("broken", "broken") + ("ok",) * 7 + ("warning", "drift", "fell")
_BLIND = 4
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a`b",
    "\u202egnp.exe",
    "x" * 10_000,
    "javascript:alert(1)",
    "&lt;b&gt;",
    "</style></title>",
)


def points(amount: int = 21) -> tuple[RunPoint, ...]:
    """Weekly runs before that of the record, the newest two in trouble."""
    ends: list[Any] = [*_ENDS][-amount:]
    ends[_BLIND % len(ends)] = "inconclusive"
    made = []
    for place, end in enumerate(ends):
        score = None if end == "inconclusive" else 0.845 - 0.05 * (end == "fell")
        wave = 0.004 * (place % 5 - 2)
        value = None if score is None else score + wave
        made.append(
            RunPoint(
                f"run-{place}",
                alert_examples.AT - (len(ends) - place) * WEEK,
                end,
                {"broken": "hold", "drift": "alert", "fell": "retrain"}.get(end, "none"),
                "6" if place < 8 else "7",
                alert_examples.REV,
                "what was seen",
                "What was seen.",
                "roc_auc",
                value,
                None if value is None else value - 0.016,
                None if value is None else value + 0.015,
                effects=effect_words(_moved_by(place)),
            )
        )
    return tuple(made)


def _moved_by(place: int) -> list[Finding]:
    """The features of a run: quiet, and moved in the last three of 21."""
    moved = [alert_examples.MOVED[0], categories(), alert_examples.MOVED[2]]
    size = 0.3 if place > 17 else 0.02 + 0.01 * (place % 3)
    return [replace(each, effect_size=size) for each in moved]


def ledger() -> tuple[Entry, ...]:
    """Two promotions and a challenger that was kept out."""
    at = alert_examples.AT
    why = "Version 7 proved better by 0.021 (0.008 to 0.034)."

    def entry(number: int, kind: EntryKind, version: str, weeks: int, sentence: str) -> Entry:
        return Entry(
            number=number,
            kind=kind,
            key=f"key-{number}",
            version=version,
            previous=str(int(version) - 1) if number > 1 else None,
            at=at,
            as_of=at - weeks * WEEK,
            by=f"flow run {number}",
            sentence=sentence,
        )

    return (
        entry(1, "promoted", "6", 40, "The first champion."),
        entry(2, "promoted", "7", 13, why),
        entry(3, "kept", "8", 5, "It is not better."),
    )


def categories() -> Finding:
    """A category that was never seen before, beside missing values."""
    shape = Shape(
        "country",
        ("DE", "FR", "PL", "NL", "BR", "other"),
        (),
        (0.46, 0.24, 0.02, 0.2, 0.0, 0.08),
        (0.38, 0.2, 0.17, 0.14, 0.06, 0.05),
    )
    found = replace(alert_examples.MOVED[1], shape=shape, new_categories=("BR",), importance=0.14)
    return replace(found, sentence="`country`: PL rose from 2.0% to 17%; never seen before: BR.")


def missing() -> Finding:
    """The missing values of the same column, that moved too."""
    said = "`country` is missing in 6.1% of the rows, previously 0.4%."
    return replace(alert_examples.MOVED[1], test="missing_rate", sentence=said, shape=None)


def retrained() -> MonitorRecord:
    """The record of a run that found trouble, retrained and promoted."""
    amount, _, hour = alert_examples.MOVED
    window, at = alert_examples.WORSE.window, alert_examples.AT
    snapshot = Snapshot(".", alert_examples.REV, "data/payments", ())
    plan = TrainingPlan(
        DataSlice(snapshot, Window(at - 9 * WEEK, at - 2 * WEEK), (), 24_310),
        DataSlice(snapshot, Window(at - 2 * WEEK, at - WEEK), (), 4_210),
        (
            WindowScore("since_change", Window(at - 4 * WEEK, at - 2 * WEEK), 9_000, 0.83, "Few."),
            WindowScore("sliding", Window(at - 9 * WEEK, at - 2 * WEEK), 24_310, 0.84, "Best."),
        ),
        "Trained on 7 weeks up to two weeks before the run.",
    )
    outcome = replace(alert_examples.PROMOTED, plan=plan, parameters={"learning_rate": 0.08})
    checks = (
        alert_examples.CHECKED,
        QualityFinding("missing_rate", "device", "inconclusive", "`device` holds no values."),
    )
    trial = TrialOutcome(
        "probation", "7", "6", "going_on", "none", 2, 4, 0.011, "Version 7 does better so far."
    )
    return replace(
        alert_examples.WORSE,
        findings=(amount, categories(), missing(), hour, *alert_examples.CALM),
        performance=replace(alert_examples.FELL, window=Window(window.start - WEEK, window.start)),
        quality=checks,
        estimate=EstimatedPerformance(
            "roc_auc",
            "reweighted",
            window,
            12_408,
            0.79,
            0.75,
            0.83,
            0.01,
            "unclear",
            "Estimated without labels: ROC AUC 0.790 [0.750, 0.830].",
        ),
        retrain=outcome,
        trials=(trial,),
    )


def report_input(record: MonitorRecord | None = None, **more: Any) -> ReportInput:
    """The input of a report on that record."""
    rows = (
        ("Data commit of this run", alert_examples.REV),
        ("Batches and their digest", "31 files, md5 0f343b0931126a20f133d67c2b018a3b"),
        ("Trained by run", "5d9f1c0e"),
        ("Version", "payments version 7"),
        ("This run", "0f5bbd5f6d8c4f0d8f5e"),
        ("Configuration", "a1b2c3d4e5f6"),
    )
    made = ReportInput(
        record or retrained(),
        points(),
        ledger(),
        (
            Episode(
                alert_examples.AT - 12 * WEEK,
                alert_examples.AT - 10 * WEEK,
                "warning",
                alert_examples.AT - 12 * WEEK,
            ),
            Episode(alert_examples.AT - 2 * WEEK, None, "page", alert_examples.AT - 2 * WEEK),
        ),
        labelled_until=alert_examples.AT - WEEK,
        label_delay="7 days",
        baselines={"6": 0.846, "7": 0.842},
        lineage=rows,
        links=alert_examples.LINKS,
        run_id="0f5bbd5f",
        description="Flags fraudulent card payments; labels arrive a week after the payment.",
    )
    return replace(made, **more)
