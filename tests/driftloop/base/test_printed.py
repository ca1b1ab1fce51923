"""Records as ``--json`` prints them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from driftloop.base.distribution import Shape
from driftloop.base.records import MonitorRecord, TrialOutcome
from driftloop.base.retrain_record import Champion, Promotion
from driftloop.base.scores import GateResult
from driftloop.base.serialize import printed_json, to_plain
from driftloop.promotion.ledger import Ledger, Move
from driftloop.reporting.run_report.past_runs import History
from tests.driftloop.alerts.messages.message_records import (
    comparison,
    drifted,
    finding,
    monitor,
    retrain,
)
from tests.driftloop.reporting.report_cases import ledger, points, report_input
from tools.json_schemas import json_schema

SHARED = {"model", "as_of", "rev", "champion"}


def printed(record: Any, schema: str) -> dict[str, Any]:
    """The object that is printed, valid under its documented schema."""
    found: dict[str, Any] = json.loads(printed_json(record))
    Draft202012Validator(json_schema(schema)).validate(found)
    return found


def test_gates_say_whether_they_refused_or_could_not_run() -> None:
    gates = (
        GateResult("latency", "refused", "41 ms, 20 allowed."),
        GateResult("fairness", "not_run", "No groups."),
        GateResult("calibration", "passed", "0.01."),
        GateResult("known_classes", "passed", "None of C.", warns=True),
    )
    record = retrain(comparison=comparison(won=False, gates=gates))
    names = ("gate", "passed", "status", "sentence", "warns")
    assert printed(record, "retrain")["gates"] == [
        dict(zip(names, values, strict=True))
        for values in (
            ("latency", False, "refused", "41 ms, 20 allowed.", False),
            ("fairness", False, "not_run", "No groups.", False),
            ("calibration", True, "passed", "0.01.", False),
            ("known_classes", True, "passed", "None of C.", True),
        )
    ]


def test_findings_are_features_ranked_and_without_what_is_only_stored() -> None:
    healthy = replace(finding("hour", "unchanged", status="ok"), statistic=float("nan"))
    shape = Shape("amount", (), (0.0, 1.0), (1.0,), (1.0,))
    moved = replace(finding("amount", "moved"), shape=shape)
    features = printed(monitor(findings=(healthy, moved)), "monitor")["features"]
    assert [feature["name"] for feature in features] == ["amount", "hour"]
    assert features[1]["statistic"] is None
    assert {"shape", "effect", "rows_current", "p_error"} & set(features[0]) == set()


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({}, "7"),
        ({"retrain": retrain()}, "8"),
        ({"retrain": retrain(promotion=Promotion(False, "8", "7", "Kept."))}, "7"),
        ({"trials": ("shadow", "9", "promoted")}, "9"),
        ({"trials": ("probation", "7", "rolled_back")}, "6"),
        ({"trials": ("shadow", "9", "dropped")}, "7"),
    ],
)
def test_the_champion_is_the_version_that_serves_after_the_run(
    changes: dict[str, Any], version: str
) -> None:
    if "trials" in changes:
        kind, tried, action = changes["trials"]
        trial = TrialOutcome(kind, tried, "6", "better", action, 2, 4, 0.1, "Over.")
        changes = {"trials": (trial,)}
    record = monitor(**changes)
    assert record.champion == "7"
    assert printed(record, "monitor")["champion"] == {"version": version}


def test_a_retraining_within_a_run_does_not_repeat_what_the_run_says() -> None:
    record = retrain()
    alone = printed(record, "retrain")
    within = printed(drifted(retrain=record), "monitor")["retrain"]
    assert within == {key: value for key, value in alone.items() if key not in SHARED}
    assert set(alone) >= SHARED


def test_nothing_of_a_retraining_without_a_plan() -> None:
    alone = printed(retrain(challenger=None, plan=None, comparison=None, promotion=None), "retrain")
    assert alone["scores"] == {
        **dict.fromkeys(("metric", "champion", "challenger", "difference", "low", "high")),
        "rows": 0,
        "next_windows": None,
    }
    assert (alone["won"], alone["gates"], alone["champion"]) == (False, [], {"version": None})
    assert {alone[key] for key in ("training", "holdout", "labelled_rows")} == {None}


def test_a_move_of_a_history_is_a_part_of_a_ledger_entry() -> None:
    entries = ledger()
    moves = tuple(entry for entry in entries if entry.kind == "promoted")
    episodes = tuple(report_input().episodes)
    history = History("payments", Champion("7"), tuple(points()), moves, episodes)
    listed = printed(Ledger("payments", Champion("7"), entries), "ledger")
    assert listed["faults"] == []
    fields = set(Move.__dataclass_fields__)
    for move, entry in zip(printed(history, "history")["moves"], listed["entries"], strict=False):
        assert move == {key: value for key, value in entry.items() if key in fields}
        assert set(entry) - fields == {"number", "at", "by"}


def test_what_is_stored_has_every_field_and_no_computed_one() -> None:
    record = drifted(retrain=retrain())
    stored = to_plain(record)
    assert set(stored) == set(MonitorRecord.__dataclass_fields__)
    assert stored["findings"][0]["effect"] == record.findings[0].effect
    assert "won" not in stored["retrain"]
    assert timedelta(0) == record.as_of.utcoffset()
