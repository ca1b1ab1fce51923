"""Which events a run, a retraining and a person's deed make, and what they carry."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from driftloop.alerts.events import (
    EVENTS,
    Event,
    acknowledged_event,
    promotion_event,
    retrain_events,
    rollback_events,
    run_events,
)
from driftloop.alerts.responses import Acknowledged
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import Promotion, RetrainRecord
from tools import alert_examples as the

ROOT = Path(__file__).parents[3]


def names(events: tuple[Event, ...]) -> list[str]:
    return [event.name.removeprefix("driftloop.") for event in events]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (the.HEALTHY, []),
        (the.WORSE, ["drift.detected", "performance.fell"]),
        (the.DRIFTED, ["drift.detected"]),
        (the.BROKEN, ["window.inconclusive", "data.broken"]),
        (the.UNJUDGED, ["window.inconclusive"]),
        (replace(the.HEALTHY, trials=(the.ROLLED_BACK,)), ["model.rolled_back"]),
    ],
)
def test_a_run_tells_what_it_found(record: MonitorRecord, expected: list[str]) -> None:
    assert names(run_events(record, ())) == ["window.judged", *expected]


def test_a_run_tells_what_became_of_the_incident_and_leaves_out_what_is_no_news_of_it() -> None:
    found = run_events(the.WORSE, ("opened", "started", "stuck"))
    assert [name for name in names(found) if name.startswith("incident.")] == ["incident.opened"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (the.PROMOTED, ["model.trained", "model.promoted"]),
        (the.KEPT, ["model.trained", "model.kept"]),
        (the.REFUSED, ["model.trained", "model.kept"]),
        (the.PROPOSED, ["model.trained", "model.proposed"]),
        (the.FAILED, ["retraining.failed"]),
    ],
)
def test_a_retraining_tells_its_outcome(record: RetrainRecord, expected: list[str]) -> None:
    assert names(retrain_events(record)) == expected


def test_what_people_do_is_told() -> None:
    declined = Promotion(False, "8", "7", "Declined.")
    done = Promotion(True, "6", "7", "Version 6 is champion again.")
    taken = Acknowledged("payments", 3, the.AT, "Ana", "Ana took on incident 3.")
    assert promotion_event("payments", the.AT, the.APPROVED).name == "driftloop.model.promoted"
    assert promotion_event("payments", the.AT, declined).name == "driftloop.model.kept"
    assert names(rollback_events("payments", the.AT, done)) == ["model.rolled_back"]
    assert rollback_events("payments", the.AT, declined) == ()
    event = acknowledged_event(taken, the.AT)
    assert (event.name, event.payload["by"]) == ("driftloop.incident.acknowledged", "Ana")


def test_a_payload_is_plain_json_and_says_what_an_automation_needs() -> None:
    bare = replace(the.WORSE.findings[0], p_adjusted=float("nan"))
    record = replace(the.WORSE, findings=(bare, *the.WORSE.findings[1:]))
    (event,) = [
        run_event
        for run_event in run_events(record, ())
        if run_event.name.endswith("drift.detected")
    ]
    payload = json.loads(json.dumps(dict(event.payload), allow_nan=False))
    assert payload["features"][0] == {
        "name": "amount",
        "effect": "psi",
        "effect_size": 0.42,
        "effect_floor": 0.1,
        "p_adjusted": None,
    }
    assert (payload["champion"], payload["verdict"], payload["score"]) == ("7", "drift", 0.712)
    assert payload["window"]["end"] == "2026-03-09T03:00:00+00:00"


def test_a_run_of_a_thousand_drifted_features_names_ten() -> None:
    many = tuple(replace(the.MOVED[0], name=f"feature_{number}") for number in range(1000))
    event = run_events(replace(the.WORSE, findings=many), ())[0]
    assert len(event.payload["features"]) == 10
    assert event.payload["features_drifted"] == 1000


def test_the_same_run_makes_the_same_keys_and_another_makes_others() -> None:
    once, again, later = (run_events(one, ()) for one in (the.WORSE, the.WORSE, the.STILL))
    assert [event.key for event in once] == [event.key for event in again]
    assert {event.key for event in once}.isdisjoint(event.key for event in later)
    assert len({event.key for event in once}) == len(once)


def test_every_event_is_listed_and_documented() -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    assert re.findall(r"^\| `driftloop\.([a-z_.]+)` \|", page, re.MULTILINE) == list(EVENTS)
