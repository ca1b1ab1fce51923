"""One headline for one run: every channel says the same words about it."""

import html
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Group

from driftloop.alerts.events import run_events
from driftloop.alerts.incident import AlertState
from driftloop.alerts.lifecycle import AlertSettings
from driftloop.alerts.messages.digest import DigestLine, digest_message
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.messages.summary import with_retraining
from driftloop.alerts.posts import Routing, Run, post_run
from driftloop.base.findings import SKEW, EstimatedPerformance, Promise, QualityFinding, Verdict
from driftloop.base.records import Decision, MonitorRecord, TrialOutcome
from driftloop.base.retrain_record import ModelVersion, Promotion
from driftloop.base.scores import Score
from driftloop.base.serialize import printed_json
from driftloop.base.tags import RunTags
from driftloop.decision.outcome import TROUBLE, outcome_of_record, outcome_of_tags
from driftloop.reporting.dashboard.page import dashboard_page
from driftloop.reporting.dashboard.rows import ModelRow
from driftloop.reporting.prefect_summary import run_markdown
from driftloop.reporting.run_report.page import report_page
from driftloop.reporting.run_report.past_runs import point_of_record, point_of_tags
from driftloop.reporting.status import Statuses, model_status
from flows.cli.display.monitoring import monitor_view, status_view
from flows.cli.session import plain_console
from flows.naming import with_words
from tasks.monitoring.steps import run_tags
from tests.driftloop.alerts.messages.message_records import (
    AS_OF,
    LINKS,
    WINDOW,
    check,
    drifted,
    finding,
    monitor,
    performance,
    retrain,
    shown,
)
from tests.driftloop.reporting.report_cases import report_input

GAP = Score("neg_log_loss", -0.1, -0.15, -0.05, 800)
BROKEN_PROMISE = Promise("broken", GAP, 0.84, 0.71, 2, 0.001, "It scored less than it promised.")
LOST = EstimatedPerformance(
    "roc_auc", "confidence", WINDOW, 900, 0.7, 0.65, 0.75, 0.0, "lost", "A loss is expected."
)
FALLING = replace(LOST, status="falling", high=0.8, limit=0.72)
ALERT = Decision("alert", ("It is wrong.",))


def trial(kind: Any, action: Any) -> TrialOutcome:
    return TrialOutcome(kind, "8", "7", "undecided", action, 1, 4, None, "So it is.")


UNKNOWN = "inputs as usual, score unknown"
KINDS: dict[str, tuple[MonitorRecord, str]] = {
    "ok": (monitor(), "healthy"),
    "small": (
        monitor(findings=(finding("amount", "It moved a little.", 0.04, "small"),)),
        "healthy, small changes: amount",
    ),
    "close": (monitor(verdict=Verdict("warning", "amount is near.")), "close to a limit"),
    "drift": (drifted(), "inputs drifted"),
    "broken": (
        drifted(
            verdict=Verdict("inconclusive", "Data broken (amount): nothing was concluded."),
            quality=(check("amount", "amount is in cents"),),
        ),
        "data broken",
    ),
    "skewed": (
        monitor(
            verdict=Verdict("inconclusive", "Nothing was concluded."),
            quality=(QualityFinding(SKEW, "score", "failed", "score differs in 40 rows."),),
        ),
        "served predictions differ from the model's",
    ),
    "broken and fell": (
        monitor(quality=(check("amount", "amount is in cents"),), performance=performance("fell")),
        "data broken, predictions got worse",
    ),
    "concept drift": (
        monitor(performance=replace(performance(), promise=BROKEN_PROMISE), decision=ALERT),
        "the relation of inputs and outcome changed",
    ),
    "fell": (monitor(performance=performance("fell")), "predictions got worse"),
    "falling": (monitor(performance=performance("falling")), "predictions are getting worse"),
    "low": (
        monitor(
            performance=replace(
                performance("unclear"), score=0.51, low=0.4, limit=0.76, guessing=0.5
            )
        ),
        "the score is low, perhaps by chance",
    ),
    "unknown score": (monitor(performance=performance("inconclusive")), UNKNOWN),
    "expected": (monitor(estimate=LOST, decision=ALERT), "predictions expected to be worse"),
    "drift that may harm": (drifted(estimate=FALLING), "inputs drifted, predictions may be worse"),
    "drift and loss": (
        drifted(estimate=FALLING, performance=performance("fell")),
        "predictions got worse, inputs drifted",
    ),
    "inconclusive": (monitor(verdict=Verdict("inconclusive", "No rows.")), "not judged"),
    "no rows": (
        monitor(verdict=Verdict("inconclusive", "The window has none."), rows_current=0),
        "no rows",
    ),
    "by hand": (monitor(moved="Version 6 was made champion."), "champion changed by hand"),
    "fixed": (
        drifted(performance=performance("fell"), retrain=retrain()),
        "fixed by version 8: 0.842 → 0.861",
    ),
    "better, and still too low": (
        drifted(performance=replace(performance("fell"), limit=0.9), retrain=retrain()),
        "predictions got worse, inputs drifted, version 8 is live: 0.842 → 0.861",
    ),
    "kept": (
        drifted(retrain=retrain(promotion=Promotion(False, "8", "7", "It did not win."))),
        "inputs drifted, new model not promoted",
    ),
    "by calendar": (monitor(retrain=retrain()), "version 8 is live: 0.842 → 0.861"),
    "waits": (
        drifted(retrain=retrain(promotion=Promotion(False, "8", "7", "Wait.", "approval"))),
        "inputs drifted, version 8 waits for approval",
    ),
    "still waits": (
        drifted(trials=(trial("approval", "none"),)),
        "inputs drifted, version 8 waits for approval",
    ),
    "rolled back": (
        drifted(trials=(trial("probation", "rolled_back"),)),
        "rolled back to version 7, inputs drifted",
    ),
    "fell as its predecessor would": (
        monitor(performance=performance("fell"), trials=(trial("probation", "passed"),)),
        "predictions got worse",
    ),
    "fell, and too few rows": (
        monitor(
            performance=performance("fell"),
            retrain=retrain(
                comparison=None, promotion=Promotion(False, "", "7", "Too few."), short=True
            ),
        ),
        "predictions got worse, too few rows to retrain yet",
    ),
}
SILENT = ("ok", "small", "close", "by calendar", "low", "unknown score")
"""Kinds of which nothing is posted, or a message of its own."""


def plain(text: str) -> str:
    return " ".join(html.unescape(text).replace("\\", "").split()).casefold()


def in_terminal(parts: Any) -> str:
    console = plain_console(width=80)
    with console.capture() as captured:
        console.print(Group(*parts))
    return captured.get()


def slack(record: MonitorRecord) -> str:
    """What stands over the incident once the run and its retraining are over."""
    routing = Routing(AlertSettings(blind_after=1), AS_OF)
    state = post_run(AlertState(), Run(replace(record, retrain=None), (), LINKS), routing).state
    incident = state.open
    assert incident is not None
    if record.retrain is not None:
        summary = with_retraining(incident.summary, record.retrain, LINKS)
        open_now = incident.summary.headline, incident.summary.limit
        told = retrain_message(record.retrain, LINKS, *open_now).text
        if record.retrain.promoted_version:
            assert plain(record.headline) in plain(told)
        incident = replace(incident, summary=summary)
    return parent_message("payments", incident).text


def tags_of(record: MonitorRecord) -> RunTags:
    """What is stored of the run, as it is read again."""
    return RunTags.from_tags(run_tags(record, "key").to_tags())


def status(record: MonitorRecord) -> str:
    champion = ModelVersion("payments", "7", "run", None, None, None, None)
    shown = model_status("payments", champion, tags_of(record), AlertState(), AS_OF)
    return in_terminal(status_view(Statuses((shown,))))


def dashboard(record: MonitorRecord) -> str:
    point = point_of_tags("run", tags_of(record))
    assert point == replace(point_of_record("run", record), metric=point.metric)
    row = ModelRow("payments", point.outcome, headline=point.headline, sentence=point.sentence)
    return dashboard_page([row], AS_OF)


def digest(record: MonitorRecord) -> str:
    line = DigestLine("payments", tags_of(record), 3, open_since=AS_OF, severity="page")
    return shown(digest_message("slack", AS_OF + timedelta(days=1), (line,)))


CHANNELS: dict[str, Callable[[MonitorRecord], str]] = {
    "slack": slack,
    "digest": digest,
    "report": lambda record: report_page(report_input(record)),
    "prefect": lambda record: run_markdown(record, LINKS).splitlines()[0],
    "prefect state": lambda record: with_words(record, record.headline).message,  # type: ignore[attr-defined]
    "mlflow": lambda record: tags_of(record).headline or "",
    "terminal": lambda record: in_terminal(monitor_view(record)),
    "json": printed_json,
    "status": status,
    "dashboard": dashboard,
    "event": lambda record: run_events(record, ())[0].payload["headline"],
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_channel_says_the_same_words(kind: str, channel: str) -> None:
    record, headline = KINDS[kind]
    assert record.headline == headline
    if channel == "slack" and kind in SILENT:
        return
    assert plain(headline) in plain(CHANNELS[channel](record))


@pytest.mark.parametrize("kind", KINDS)
def test_a_badge_is_never_milder_than_the_headline(kind: str) -> None:
    record, _ = KINDS[kind]
    outcome = outcome_of_record(record)
    assert outcome_of_tags(run_tags(record, "key")) == outcome
    calm = not record.trouble and not record.performance.doubtful
    assert (outcome == "ok") == (calm and record.verdict.status == "ok")
    if record.broken:
        assert outcome == ("skewed" if record.skewed else "broken")
    if record.performance.broke_promise:
        assert outcome in TROUBLE


@pytest.mark.parametrize("channel", CHANNELS)
def test_broken_data_are_never_ok(channel: str) -> None:
    words = plain(CHANNELS[channel](KINDS["broken"][0]))
    assert "no drift in" not in words
    assert ": ok" not in words
    assert '"verdict": "ok"' not in words


def test_a_fix_that_is_none_is_not_called_one() -> None:
    worse = retrain()
    assert worse.comparison is not None
    challenger = replace(worse.comparison.challenger, value=0.8)
    worse = replace(worse, comparison=replace(worse.comparison, challenger=challenger))
    headline = drifted(retrain=worse).headline
    assert headline == "inputs drifted, version 8 is live: 0.842 → 0.800"
