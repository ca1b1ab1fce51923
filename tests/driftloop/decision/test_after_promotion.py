"""What follows from a change of champion."""

from typing import Any

import pytest

from driftloop.base.findings import Verdict
from driftloop.base.records import TrialOutcome
from driftloop.decision.after_promotion import effect_of_promotion, pending_trial
from tests.driftloop.cases import BLIND, DRIFT, OK, past, performance, retrained

TROUBLED = {"verdict": "drift", "performance": "fell", "champion": "6"}
SINCE = "Since version 7 replaced version 6, "


def said(verdict: Verdict, status: str, *history: Any) -> str | None:
    return effect_of_promotion(verdict, performance(status), "7", history)


@pytest.mark.parametrize(
    ("verdict", "status", "told"),
    [
        (OK, "ok", "the drift is gone and performance holds again"),
        (Verdict("warning", "moved."), "unclear", "the drift is gone and it is not known yet"),
        (DRIFT, "fell", "the data still drifts and performance is still too low"),
        (BLIND, "inconclusive", "it is unknown whether the data still drifts and it is not known"),
    ],
)
def test_both_troubles_are_answered(verdict: Verdict, status: str, told: str) -> None:
    found = said(verdict, status, retrained(0.5, won=True), past(1, **TROUBLED))
    assert found is not None
    assert found.startswith(SINCE + told)


def test_only_what_was_wrong_is_answered() -> None:
    drifted = past(1, "drift", champion="6")
    assert said(OK, "ok", drifted) == f"{SINCE}the drift is gone."
    slow = past(1, performance="fell", champion="6")
    assert said(OK, "ok", slow) == f"{SINCE}performance holds again."
    assert said(OK, "ok", past(1, champion="6")) is None


def test_is_said_once_and_only_of_a_change() -> None:
    assert said(OK, "ok", past(1), past(2, **TROUBLED)) is None
    assert said(OK, "ok", past(1, "drift", performance="fell")) is None
    assert said(OK, "ok", past(1, "drift", champion="")) is None
    assert said(OK, "ok") is None
    assert said(OK, "ok", retrained(1)) is None


def trial(kind: Any, action: Any, version: str = "8") -> TrialOutcome:
    return TrialOutcome(kind, version, "7", "going_on", action, 1, 4, 0.01, f"Told of {version}.")


@pytest.mark.parametrize(
    ("trials", "held"),
    [
        ((), None),
        ((trial("approval", "none"),), ("waiting", "Told of 8.")),
        ((trial("shadow", "none"),), ("waiting", "Told of 8.")),
        ((trial("probation", "none"),), None),
        ((trial("probation", "passed"),), None),
        ((trial("shadow", "dropped"),), None),
        ((trial("approval", "expired"),), None),
        (
            (trial("shadow", "promoted"),),
            ("champion_changed", "The champion changed in this run: Told of 8."),
        ),
        (
            (trial("probation", "rolled_back"),),
            ("champion_changed", "The champion changed in this run: Told of 8."),
        ),
        ((trial("probation", "none"), trial("shadow", "none", "9")), ("waiting", "Told of 9.")),
    ],
)
def test_waiting_on(trials: tuple[TrialOutcome, ...], held: Any) -> None:
    assert pending_trial(trials) == held
