"""Every score that people read, for every metric: an error has no minus, and less is better."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import numpy as np
import pytest

from driftloop.alerts.incident import AlertState, Incident
from driftloop.alerts.messages.digest import DigestLine, digest_message
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.messages.summary import summary_of
from driftloop.api.estimate_result import EstimateResult, WindowEstimate
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.scores import METRIC_NAMES, Score, is_error, named_score, number, shown
from driftloop.comparison.compare import ComparisonSettings, compare, score_alone
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.gates.minimum_score import MinimumScore
from driftloop.performance.estimated import EstimateCriteria, estimate_window
from driftloop.performance.estimates.confidence_based import ConfidenceBased
from driftloop.performance.estimates.error_model import ErrorModel
from driftloop.performance.level import NO_RECORD
from driftloop.performance.metrics import REGRESSION_ONLY, MetricName
from driftloop.performance.promise import with_promise
from driftloop.performance.realised import PerformanceSettings, judge_performance
from driftloop.reporting.dashboard.page import dashboard_page
from driftloop.reporting.dashboard.rows import ModelRow
from driftloop.reporting.prefect_summary import retrain_markdown, run_markdown
from driftloop.reporting.run_report.page import report_page
from driftloop.reporting.run_report.past_runs import point_of_record
from driftloop.reporting.status import Statuses, model_status
from driftloop.reporting.timeline import score_range
from flows.cli.display.monitoring import monitor_view, status_view
from tasks.monitoring.steps import run_tags
from tests.driftloop.alerts.messages.message_records import AS_OF, LINKS, WINDOW, drifted, retrain
from tests.driftloop.alerts.messages.message_records import shown as in_slack
from tests.driftloop.performance.estimates.streams import binary, inputs, quantity
from tests.driftloop.reporting.report_cases import report_input
from tests.tasks.reporting.test_one_headline import in_terminal, plain

METRICS = get_args(MetricName)


def run_of(metric: Any) -> MonitorRecord:
    """A run that judged real predictions by a metric, and its retraining."""
    make = quantity if metric in REGRESSION_ONLY else binary
    before, now = make(3000, 0), make(1500, 1, 0.5)
    y, p = now[1], now[2]
    settings = ComparisonSettings(metric=metric, gates=(MinimumScore(minimum=-9.0),))
    baseline = score_alone(before[1], (before[2], None), settings)
    judged = judge_performance(metric, WINDOW, (y, p), baseline, PerformanceSettings())
    method = ErrorModel() if metric in REGRESSION_ONLY else ConfidenceBased()
    asked = inputs(metric, before, now)
    judged = with_promise(judged, asked, y, method, NO_RECORD, 0.5)
    by = EstimateCriteria(baseline, None, PerformanceSettings(most_outside=1.0), 52.0)
    better = 0.5 * (p + y[:, None]) if metric in REGRESSION_ONLY else 0.5 * (p + np.eye(2)[y])
    compared = compare(GateInputs(metric, y, better, p), settings)
    return drifted(
        performance=judged,
        estimate=estimate_window(method, asked, WINDOW, len(y), by),
        retrain=retrain(comparison=compared),
    )


def slack(record: MonitorRecord) -> str:
    assert record.retrain is not None
    summary = summary_of(
        replace(record, performance=replace(record.performance, status="fell")), LINKS
    )
    incident = Incident(
        1, AS_OF, AS_OF, AS_OF, AS_OF, "page", "page", ("performance",), "7", summary, 2
    )
    messages = parent_message("payments", incident), retrain_message(record.retrain, LINKS)
    return "\n".join(map(in_slack, messages))


def digest(record: MonitorRecord) -> str:
    line = DigestLine("payments", run_tags(record, "key"), 3)
    return in_slack(digest_message("slack", AS_OF + timedelta(days=1), (line,)))


def report(record: MonitorRecord) -> str:
    page = report_page(report_input(record))
    return re.sub(r"<(style|script|svg)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)


def dashboard(record: MonitorRecord) -> str:
    seen = record.performance
    row = ModelRow(
        "payments",
        "fell",
        metric=seen.metric,
        score=seen.score,
        low=seen.low,
        high=seen.high,
        scores=(seen.score, seen.baseline),
    )
    return re.sub(r'data-score="[^"]*"|points="[^"]*"', "", dashboard_page([row], AS_OF))


def status(record: MonitorRecord) -> str:
    seen = record.performance
    score = Score(seen.metric, seen.score or 0.0, seen.low or 0.0, seen.high or 0.0, seen.rows)
    champion = ModelVersion("payments", "7", "run", None, None, score, None)
    told = model_status("payments", champion, None, AlertState(), AS_OF)
    return in_terminal(status_view(Statuses((told,))))


def notebook(record: MonitorRecord) -> str:
    seen, estimate = record.performance, record.estimate
    assert estimate is not None
    score = Score(seen.metric, seen.score or 0.0, seen.low or 0.0, seen.high or 0.0, seen.rows)
    result = EstimateResult(score, (WindowEstimate(WINDOW, estimate, score),), {})
    return f"{result!r} {result._repr_html_()}"


TOLD: dict[str, Callable[[MonitorRecord], str]] = {
    "sentences": lambda record: " ".join(
        (
            record.performance.sentence,
            record.performance.promise.sentence if record.performance.promise else "",
            record.estimate.sentence if record.estimate else "",
            *(part.sentence for part in record.troubles),
        )
    ),
    "slack": slack,
    "digest": digest,
    "report": report,
    "prefect": lambda record: run_markdown(record, LINKS),
    "prefect, retraining": lambda record: retrain_markdown(record.retrain, LINKS),  # type: ignore[arg-type]
    "terminal": lambda record: in_terminal(monitor_view(record)),
    "status": status,
    "dashboard": dashboard,
    "history": lambda record: score_range([point_of_record("run", record)]),
    "notebook": notebook,
}


@pytest.fixture(scope="module", params=METRICS)
def record(request: pytest.FixtureRequest) -> MonitorRecord:
    return run_of(request.param)


@pytest.mark.parametrize("place", TOLD)
def test_a_score_is_told_as_people_read_it(record: MonitorRecord, place: str) -> None:
    metric, text = record.performance.metric, plain(TOLD[place](record)).replace("\u2212", "-")
    name = METRIC_NAMES[metric].casefold()
    assert name in text
    assert "neg_" not in text
    assert "negative" not in text
    assert not re.findall(rf"{name}( is| of)? -\d\S*", text)
    score = record.performance.score
    if place != "prefect, retraining":
        assert number(shown(metric, score)) in text
    if is_error(metric):  # not even in an interval; a difference may well be less than nothing
        without = re.sub(r"difference \S+ \[[^]]*\]", "", text)
        assert not re.findall(r"[\[(]-\d", without)


@pytest.mark.parametrize("metric", [metric for metric in METRICS if is_error(metric)])
def test_less_of_an_error_is_better(metric: Any) -> None:
    assert named_score(metric, -0.31) == f"{METRIC_NAMES[metric]} 0.310"
    compared = run_of(metric).retrain.comparison  # type: ignore[union-attr]
    assert compared is not None
    assert compared.champion is not None
    assert compared.won
    now, before = (
        number(shown(metric, side.value)) for side in (compared.challenger, compared.champion)
    )
    assert f"{METRIC_NAMES[metric]} {now} against {before}, difference -" in compared.sentence
    assert float(now) < float(before)
    gate = next(gate for gate in compared.gates if gate.gate == "minimum_score")
    assert gate.sentence.endswith("at most 9.00 is required.")
