"""What the metrics of a model are worth, from what is known of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from driftloop.alerts.blocks import line
from driftloop.alerts.channels.base import QuietHours
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.incident import (
    Acknowledgement,
    AlertState,
    Incident,
    IncidentSummary,
    PastIncident,
    Post,
)
from driftloop.alerts.message import LEVELS, Message
from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.distribution import Shape
from driftloop.base.errors import DataError
from driftloop.base.findings import PerformanceStatus, Status, Trouble, Verdict
from driftloop.base.periods import Window
from driftloop.base.records import Action, Decision, Held
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.serialize import printed_json, to_plain
from driftloop.base.tags import RunTags
from driftloop.promotion.ledger import Entry, EntryKind
from driftloop.reporting.prometheus.inputs import LastRun, MetricInputs, read_record
from driftloop.reporting.prometheus.metrics import METRICS, TABLE, Metrics, Sample
from driftloop.reporting.prometheus.samples import LONGEST_LABEL, OUTCOMES, samples_of, shortened
from tests.driftloop.alerts.messages.message_records import (
    AS_OF,
    DRIFTED,
    WINDOW,
    check,
    drifted,
    finding,
    monitor,
)

DAY = timedelta(days=1)
SLACK = SlackChannel()
CARD = IncidentSummary("payments: drift", (), "", line(""))


def facts(**known: Any) -> MetricInputs:
    made = MetricInputs("payments", AS_OF + DAY, 7 * DAY, (SLACK,), AlertState())
    return replace(made, **known)


def last(record: Any = None, **more: Any) -> LastRun:
    return replace(LastRun(record or monitor(), AS_OF + timedelta(hours=1), 12.5), **more)


def incident(number: int, since: int, opened: int, resolved: int | None = None) -> Incident:
    """An incident with its days after the first of January."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    at = [None if day is None else start + day * DAY for day in (since, opened, resolved)]
    made = Incident(number, at[0], at[1], at[1], at[1], "page", "page", ("drift",), "7", CARD)  # type: ignore[arg-type]
    return replace(made, resolved_at=at[2])


def past(number: int, since: int, opened: int, resolved: int) -> PastIncident:
    over = incident(number, since, opened, resolved)
    assert over.resolved_at is not None
    return PastIncident(number, over.since, over.opened_at, over.resolved_at, "page", ("drift",))


def entry(number: int, kind: EntryKind, version: str, day: int = 0) -> Entry:
    at = datetime(2026, 1, 1, tzinfo=UTC) + day * DAY
    return Entry(
        number=number,
        kind=kind,
        key=f"key-{number}",
        version=version,
        previous=None,
        at=at,
        as_of=at,
        by="test",
        sentence="",
    )


def version(name: str) -> ModelVersion:
    window = Window(AS_OF - 60 * DAY, AS_OF - 30 * DAY)
    rows = DataSlice(Snapshot(".", "abc", "data", ()), window)
    return ModelVersion("payments", name, "run", rows, None, None, AS_OF)


def post(key: str, *waiting: str, level: Any = "warning", written: datetime = AS_OF) -> Post:
    message = Message(key, "payments", "opened", level, "text", ())
    return Post(key, "opened", level, written, message, waiting)


def values(found: tuple[Sample, ...], name: str) -> dict[tuple[str, ...], float]:
    """What a metric is worth, by its labels beside the model."""
    return {one.labels[1:]: one.value for one in found if one.metric is TABLE[f"driftloop_{name}"]}


def value(found: tuple[Sample, ...], name: str) -> float | None:
    """What a metric without labels is worth, None where it is absent."""
    return values(found, name).get(())


def holds(found: tuple[Sample, ...], name: str) -> list[str]:
    """The choices of a state that hold."""
    return [labels[0] for labels, worth in values(found, name).items() if worth == 1]


def test_a_state_has_every_choice_and_one_holds() -> None:
    decided = Decision("hold", (), (), "cooldown")
    found = samples_of(facts(last=last(drifted(decision=decided))))
    assert set(values(found, "verdict")) == {(choice,) for choice in get_args(Status)}
    assert set(values(found, "performance")) == {
        (choice,) for choice in get_args(PerformanceStatus)
    }
    assert set(values(found, "action")) == {(choice,) for choice in get_args(Action)}
    assert set(values(found, "held")) == {(choice,) for choice in get_args(Held)}
    assert holds(found, "verdict") == ["drift"]
    assert holds(found, "action") == ["hold"]
    assert holds(found, "held") == ["cooldown"]


def test_a_model_that_never_ran_has_no_verdict_and_no_zeros_for_what_is_unknown() -> None:
    found = samples_of(facts())
    names = {one.metric.name.removeprefix("driftloop_") for one in found}
    assert names == {
        *("period_seconds", "promotions_total", "rollbacks_total", "retrains_total"),
        *("losing_challengers", "messages_waiting", "delivery_failures_total", "blind_runs"),
        *("incident_open", "incident_severity", "incidents_total"),
    }
    assert value(found, "period_seconds") == 7 * 86_400


def test_the_newest_run() -> None:
    checks = (check("a", "", "ok"), check("b", "", "failed"), check("c", "", "failed"))
    found = samples_of(facts(last=last(drifted(quality=checks))))
    assert value(found, "features_drifted") == 8
    assert values(found, "quality_checks") == {("ok",): 1, ("failed",): 2, ("inconclusive",): 0}
    assert values(found, "rows") == {("reference",): 180_000, ("current",): 12_408}
    assert values(found, "score") == {("roc_auc",): 0.712}
    assert values(found, "score_low") == {("roc_auc",): 0.694}
    assert values(found, "score_high") == {("roc_auc",): 0.729}
    assert values(found, "score_baseline") == {("roc_auc",): 0.842}
    assert value(found, "score_rows") == 8204
    assert value(found, "last_run_as_of_timestamp_seconds") == AS_OF.timestamp()
    assert value(found, "last_run_timestamp_seconds") == AS_OF.timestamp() + 3600
    assert value(found, "data_lag_seconds") == (AS_OF - WINDOW.end).total_seconds() + 3600
    assert values(found, "run_duration_seconds") == {("monitor",): 12.5}


def test_a_run_of_an_older_driftloop_has_no_times() -> None:
    found = samples_of(facts(last=last(at=None, seconds=None)))
    absent = "last_run_timestamp_seconds", "data_lag_seconds", "run_duration_seconds"
    assert [values(found, name) for name in absent] == [{}, {}, {}]
    assert holds(found, "verdict") == ["ok"]


def test_a_score_that_could_not_be_had_is_absent() -> None:
    nothing = replace(monitor().performance, score=None, low=float("nan"), status="inconclusive")
    found = samples_of(facts(last=last(monitor(performance=nothing))))
    assert values(found, "score") == values(found, "score_low") == {}
    assert holds(found, "performance") == ["inconclusive"]


@pytest.mark.parametrize(("most", "names"), [(2, {"amount", "country"}), (0, set())])
def test_the_features_that_changed_most(most: int, names: set[str]) -> None:
    found = values(samples_of(facts(last=last(drifted())), most), "effect_size")
    assert {labels[0] for labels in found} == names


def test_a_column_has_one_effect_the_gravest_and_those_beside_features_are_not_counted() -> None:
    findings = (
        finding("amount", "moved", 0.2),
        replace(finding("amount", "missing", 0.9), effect="rate_difference"),
        replace(finding("prediction", "moved", 0.4), role="prediction"),
        replace(finding("prediction", "a feature of that name", 0.3)),
        replace(finding("blind", "not tested"), effect_size=None, status="inconclusive"),
    )
    label = replace(finding("fraud", "share rose", 0.5), role="label")
    record = drifted(findings=findings, label=label)
    found = samples_of(facts(last=last(record)), 2)
    assert values(found, "effect_size") == {
        ("amount", "feature", "rate_difference"): 0.9,
        ("prediction", "prediction", "psi"): 0.4,
        ("prediction", "feature", "psi"): 0.3,
        ("fraud", "label", "psi"): 0.5,
    }
    assert set(values(found, "effect_floor")) == set(values(found, "effect_size"))


def test_long_names_are_cut_and_still_told_apart() -> None:
    names = ["x" * 500 + end for end in "ab"]
    cut = [shortened(name) for name in names]
    assert [len(one) for one in cut] == [LONGEST_LABEL - 1] * 2
    assert len(set(cut)) == 2
    assert shortened("x" * LONGEST_LABEL) == "x" * LONGEST_LABEL
    assert shortened('a"b\n\\') == 'a"b\n\\'
    assert shortened("lone \ud800") == "lone ?"


def test_the_champion_and_its_history() -> None:
    ledger = (
        entry(1, "began", "1"),
        entry(2, "promoted", "1"),
        entry(3, "promoted", "2", day=10),
        entry(4, "rolled_back", "1", day=20),
        entry(5, "kept", "3", day=21),
    )
    found = samples_of(facts(champion=version("1"), ledger=ledger))
    assert values(found, "champion_info") == {("1",): 1}
    assert value(found, "promotions_total") == 2
    assert value(found, "rollbacks_total") == 1
    assert value(found, "champion_since_timestamp_seconds") == ledger[3].at.timestamp()
    trained = value(found, "champion_trained_until_timestamp_seconds")
    assert trained == (AS_OF - 30 * DAY).timestamp()


def test_a_champion_that_the_ledger_does_not_account_for_has_no_beginning() -> None:
    ledger = (entry(1, "promoted", "1"),)
    found = samples_of(facts(champion=version("9"), ledger=ledger))
    assert value(found, "champion_since_timestamp_seconds") is None
    assert values(found, "champion_info") == {("9",): 1}


def retraining(
    as_of: datetime, trained: bool, won: bool, promoted: bool, seconds: float | None = None
) -> RunTags:
    return RunTags(
        kind="retrain",
        key="k",
        as_of=as_of,
        trained=trained,
        won=won,
        promoted=promoted,
        seconds=seconds,
    )


def test_retrainings_by_outcome() -> None:
    done = (
        retraining(AS_OF, True, True, True, 30.0),
        retraining(AS_OF - DAY, True, True, False),
        retraining(AS_OF - 2 * DAY, True, False, False),
        retraining(AS_OF - 3 * DAY, True, False, False),
        retraining(AS_OF - 4 * DAY, False, False, False),
    )
    found = samples_of(facts(retrainings=done, losing=2))
    counts = values(found, "retrains_total")
    assert counts == dict(zip([(outcome,) for outcome in OUTCOMES], (1, 1, 2, 1), strict=True))
    assert value(found, "losing_challengers") == 2
    assert value(found, "last_retrain_as_of_timestamp_seconds") == AS_OF.timestamp()
    assert values(found, "run_duration_seconds") == {("retrain",): 30.0}


def test_messages_that_wait() -> None:
    pager = PagerDutyChannel()
    posts = (
        post("a", SLACK.key, written=AS_OF - DAY),
        post("b", SLACK.key, pager.key),
        post("c", "gone"),
    )
    alerts = AlertState(posts=posts, failures={SLACK.key: 3})
    found = samples_of(facts(alerts=alerts, channels=(SLACK, pager)))
    assert values(found, "messages_waiting") == {
        (SLACK.key, "held"): 0,
        (SLACK.key, "undelivered"): 2,
        (pager.key, "held"): 0,
        (pager.key, "undelivered"): 1,
    }
    assert values(found, "delivery_failures_total") == {(SLACK.key,): 3, (pager.key,): 0}
    oldest = value(found, "message_oldest_timestamp_seconds")
    assert oldest == (AS_OF - DAY).timestamp()


def test_messages_that_are_held_back_are_not_undelivered() -> None:
    quiet = SlackChannel(quiet_hours=QuietHours.model_validate({"start": "00:00", "end": "23:59"}))
    alerts = AlertState(posts=(post("a", quiet.key, level="info"),))
    found = samples_of(facts(alerts=alerts, channels=(quiet,)))
    assert values(found, "messages_waiting")[(quiet.key, "held")] == 1
    muted = replace(alerts, muted_until=AS_OF + 9 * DAY)
    found = samples_of(facts(alerts=muted))
    assert values(found, "messages_waiting")[(SLACK.key, "held")] == 1
    assert value(found, "muted_until_timestamp_seconds") == (AS_OF + 9 * DAY).timestamp()


def test_an_open_incident() -> None:
    known = incident(3, 1, 8)
    taken = replace(known, acknowledged=Acknowledgement("anna", AS_OF))
    found = samples_of(facts(alerts=AlertState(incidents=(taken,), blind=2)))
    assert value(found, "incident_open") == 1
    assert set(values(found, "incident_severity")) == {(level,) for level in LEVELS}
    assert holds(found, "incident_severity") == ["page"]
    assert value(found, "incident_since_timestamp_seconds") == known.since.timestamp()
    assert value(found, "incident_opened_timestamp_seconds") == known.opened_at.timestamp()
    assert value(found, "incident_acknowledged") == 1
    assert value(found, "incidents_total") == 3
    assert value(found, "blind_runs") == 2


def test_an_incident_that_is_over() -> None:
    found = samples_of(facts(alerts=AlertState(incidents=(incident(3, 1, 8, 22),))))
    assert value(found, "incident_open") == 0
    assert holds(found, "incident_severity") == []
    assert value(found, "incident_since_timestamp_seconds") is None
    assert value(found, "incidents_total") == 3


def test_mean_times_are_over_all_incidents_that_are_remembered() -> None:
    alerts = AlertState(
        incidents=(incident(2, 20, 23, 30), incident(3, 40, 41)),
        past=(past(1, 1, 8, 18), past(2, 20, 23, 30)),
    )
    ledger = (
        entry(1, "promoted", "1"),
        entry(2, "promoted", "2", 12),
        entry(3, "outside", "9", 35),
    )
    found = samples_of(facts(alerts=alerts, ledger=ledger))
    assert value(found, "mean_time_to_detect_seconds") == (7 + 3 + 1) / 3 * 86_400
    assert value(found, "mean_time_to_recover_seconds") == (10 + 7) / 2 * 86_400
    assert value(found, "mean_time_to_new_champion_seconds") == 4 * 86_400


def test_mean_times_of_nothing_are_absent() -> None:
    found = samples_of(facts(alerts=AlertState(incidents=(incident(1, 1, 8),))))
    assert value(found, "mean_time_to_detect_seconds") == 7 * 86_400
    assert value(found, "mean_time_to_recover_seconds") is None
    assert value(found, "mean_time_to_new_champion_seconds") is None


def test_names_follow_the_conventions_of_prometheus() -> None:
    assert len(TABLE) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith("driftloop_")
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert metric.help.endswith(".")
        assert "model" not in metric.labels
    named = [metric.name for metric in METRICS if "time" in metric.name or "lag" in metric.name]
    assert all(name.endswith("_seconds") for name in named)


def test_no_time_series_is_there_twice() -> None:
    many = tuple(finding("y" * 300 + str(number), "moved") for number in range(30))
    found = samples_of(
        facts(last=last(drifted(findings=many + DRIFTED)), champion=version("1")), 99
    )
    keys = [(one.metric.name, one.labels) for one in found]
    assert len(keys) == len(set(keys)) > 100


def test_printed_as_json() -> None:
    samples = samples_of(facts(last=last(drifted())))
    printed = json.loads(printed_json(Metrics(samples)))["samples"]
    assert len(printed) == len(samples)
    assert printed[1] == {
        "name": "driftloop_verdict",
        "type": "gauge",
        "help": TABLE["driftloop_verdict"].help,
        "labels": {"model": "payments", "status": samples[1].labels[1]},
        "value": samples[1].value,
    }


def test_a_stored_record_is_read_as_far_as_it_is_exposed() -> None:
    shape = Shape("amount", (), (0.0, 1.0), (1.0,), (1.0,))
    findings = (replace(finding("amount", "moved"), shape=shape),)
    record = drifted(
        findings=findings, label=findings[0], troubles=(Trouble("covariate_shift", "moved"),)
    )
    stored = {**to_plain(record), "retrain": {"of": "an older form"}, "trials": ["so too"]}
    plain = replace(findings[0], shape=None)
    assert read_record(stored) == replace(record, findings=(plain,), label=plain)


@pytest.mark.parametrize(
    ("change", "where"), [({"rows_current": "many"}, "rows_current"), ({"findings": 3}, "findings")]
)
def test_a_stored_record_that_cannot_be_read(change: dict[str, Any], where: str) -> None:
    with pytest.raises(DataError, match=f"not a stored monitoring run: {where}"):
        read_record({**to_plain(monitor(verdict=Verdict("ok", ""))), **change})
