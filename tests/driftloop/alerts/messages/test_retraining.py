from dataclasses import replace

import pytest

from driftloop.alerts.message import Links
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.periods import Span, Window
from driftloop.base.retrain_record import Promotion, RetrainRecord, TrainingPlan, left_out
from driftloop.base.scores import GateResult, NextWindows
from tests.driftloop.alerts.messages.message_records import (
    LINK_LINE,
    LINKS,
    comparison,
    retrain,
    shown,
)
from tests.driftloop.cases import NOW, WEEK, WINDOW

KEPT = Promotion(False, "8", "7", "the challenger did not win")
SLOW = (
    GateResult("latency", "refused", "41 ms a row, 20 allowed"),
    GateResult("calibration", "passed", "error 0.01"),
)


def test_promoted() -> None:
    message = retrain_message(retrain(), LINKS)
    assert (
        shown(message)
        == f"""\
✅ payments: version 8 is live: 0.842 → 0.861

*Version 8 replaced version 7.* Old model's ROC AUC 0.842, new 0.861, on 4,210 rows neither model \
was trained on.

*What you should do*
Nothing now. If predictions look wrong, run `driftloop rollback payments` or the *rollback* \
deployment: version 7 then comes back with its reference data.

*Old score*
0.842 (0.831 to 0.853)
*New score*
0.861 (0.851 to 0.871)
*Gain on these rows*
+0.019 (+0.007 to +0.031); windows to come may differ
*Gain needed*
over 0.005, 95 % sure

*Why it retrained*
8 of 20 inputs drifted in 2 of 3 runs.

*What driftloop did*
Passed every gate: latency, calibration. Moved the champion to version 8.

Data a1b2c3d4e5 · 2026-03-09 06:00 UTC

{LINK_LINE}"""
    )
    assert (message.severity, message.kind) == ("good", "retrained")
    assert message.key == "payments/2026-03-09T06:00:00+00:00/retrained/promoted-8"


@pytest.mark.parametrize("promotion", [None, KEPT])
def test_what_a_passed_gate_warns_of_is_said(promotion: Promotion | None) -> None:
    """A version may go live that gives a class to no row: that must not be one more passed gate."""
    sentence = (
        "No class of 10 rows or more is unknown to the challenger, but it predicts none of C."
    )
    gates = (SLOW[1], GateResult("known_classes", "passed", sentence, warns=True))
    record = retrain()
    record = replace(record, comparison=replace(comparison(), gates=gates))
    record = record if promotion is None else replace(record, promotion=promotion)
    done = shown(retrain_message(record, LINKS)).split("*What driftloop did*\n")[1]
    first, second, *_ = done.splitlines()
    assert first.startswith("Passed every gate: calibration, known classes. ")
    assert second == f"• {sentence}"


def test_a_gate_without_a_say_is_not_among_those_that_passed() -> None:
    sentence = "Better than guessing could not be evaluated: nobody knows."
    gates = (SLOW[1], GateResult("better_than_guessing", "not_judged", sentence))
    record = replace(retrain(), comparison=replace(comparison(), gates=gates))
    first, second, *_ = shown(retrain_message(record, LINKS)).split("did*\n")[1].splitlines()
    assert first.startswith("Passed every gate: calibration. Moved")
    assert second == f"• {sentence}"


def test_kept() -> None:
    doubtful = comparison(won=False, difference=0.002, low=-0.004, high=0.008)
    message = retrain_message(retrain(comparison=doubtful, promotion=KEPT), Links())
    assert (
        shown(message)
        == """\
🔵 payments: kept version 7

*The new model did not prove better, so version 7 stays live.* Old model's ROC AUC 0.842, \
new 0.861, on 4,210 rows neither model was trained on.

*What you should do*
Nothing, if version 7 is still good enough to use. If not, stop using it. What caused the \
retraining may go on; the next run decides again.

*Old score*
0.842 (0.831 to 0.853)
*New score*
0.861 (0.851 to 0.871)
*Gain on these rows*
+0.002 (-0.004 to +0.008); windows to come may differ
*Gain needed*
over 0.005, 95 % sure

*Why it retrained*
8 of 20 inputs drifted in 2 of 3 runs.

*What driftloop did*
Passed every gate: latency, calibration. the gain of 0.002 may be chance.

Data a1b2c3d4e5 · 2026-03-09 06:00 UTC"""
    )
    assert message.severity == "info"


def test_refused_by_a_gate() -> None:
    record = retrain(comparison=comparison(won=False, gates=SLOW), promotion=KEPT)
    message = retrain_message(record, Links())
    text = shown(message)
    assert text.startswith("🟠 payments: new model not promoted")
    assert "did better but was not promoted; version 7 stays live" in text
    assert "1 of 2 gates failed.\n• latency: 41 ms a row, 20 allowed." in text
    assert message.severity == "warning"


def test_what_the_calendar_asked_for_calls_nobody() -> None:
    """Nothing was wrong before, and whatever comes of it nothing is wrong after."""
    stopped = retrain(comparison=comparison(won=False, gates=SLOW), promotion=KEPT)
    none = retrain(comparison=None, promotion=None, challenger=None, sentence="Too few rows")
    for record in (stopped, none, retrain()):
        message = retrain_message(replace(record, routine=True), Links())
        assert message.severity in ("info", "good")
        text = shown(message)
        assert "In working hours" not in text


def test_refused_by_the_registry_says_why() -> None:
    moved = Promotion(False, "8", "9", "The champion changed to version 9 meanwhile")
    text = shown(retrain_message(retrain(promotion=moved), Links()))
    assert (
        "Passed every gate: latency, calibration. The champion changed to version 9 meanwhile."
        in text
    )
    assert "version 9 stays live" in text


def test_failed() -> None:
    record = retrain(
        comparison=None, promotion=None, challenger=None, sentence="Only 212 rows have labels"
    )
    text = shown(retrain_message(record, Links()))
    assert text.startswith("🟠 payments: retraining failed")
    assert "Only 212 rows have labels." in text
    assert "Old score" not in text


def test_rows_that_come_with_time_are_nothing_to_fix() -> None:
    record = retrain(
        comparison=None, promotion=KEPT, challenger=None, sentence="212 of 400 rows", short=True
    )
    text = shown(retrain_message(record, Links()))
    assert text.startswith("🟠 payments: too few rows to retrain yet")
    assert "Labelled rows are still too few to train a new model; version 7 stays live." in text
    assert "Decide whether version 7 is still good enough to use" in text
    assert "fix" not in text


def test_a_broken_feed_that_is_not_learned_from_is_told() -> None:
    snapshot = Snapshot("repo", "a" * 40, "data", ())
    training, holdout = (DataSlice(snapshot, WINDOW, left) for left in ((), (WINDOW,)))
    plan = TrainingPlan(training, holdout, (), "Trained.")
    text = shown(retrain_message(retrain(plan=plan), Links()))
    assert f"Moved the champion to version 8.\nLeft out the broken feed from {WINDOW}." in text


def test_windows_that_are_left_out_are_counted() -> None:
    weeks = [Window(NOW + week * WEEK, NOW + (week + 1) * WEEK) for week in (4, 0, 1)]
    assert left_out(weeks) == (
        "Left out 3 windows of a broken feed between 2026-03-09 06:00 and 2026-04-13 06:00."
    )
    assert left_out([]) == ""


def test_gain_is_told_for_the_next_weeks_or_for_these_rows_only() -> None:
    alone = shown(retrain_message(retrain(), Links()))
    assert "*Gain on these rows*\n+0.019 (+0.007 to +0.031); windows to come may differ" in alone
    ahead = NextWindows(-0.004, 0.042, Span(1, "week"), 5, "holdout")
    known = retrain_message(retrain(comparison=comparison(next_windows=ahead)), Links())
    text = shown(known)
    assert "*Gain on these rows*\n+0.019 (+0.007 to +0.031)\n" in text
    assert "*Expected in the next weeks*\n-0.004 to +0.042\n" in text
    assert "may differ" not in text


def test_first_champion_has_no_one_to_roll_back_to() -> None:
    first = comparison(champion=None, difference=None, low=None, high=None, gates=())
    record = retrain(comparison=first, promotion=Promotion(True, "1", None, "first"))
    text = shown(retrain_message(record, Links()))
    assert "*Version 1 is live.* Its ROC AUC is 0.861 on 4,210 rows it was not trained on." in text
    assert "rollback" not in text
    assert "Gain" not in text


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        (retrain(), "promoted"),
        (retrain(promotion=None), "refused"),
        (retrain(comparison=comparison(won=False, low=-0.1), promotion=None), "kept"),
        (retrain(comparison=comparison(won=False, low=None), promotion=None), "kept"),
        (retrain(comparison=comparison(won=False, gates=SLOW), promotion=None), "refused"),
        (retrain(comparison=None, promotion=None), "failed"),
    ],
)
def test_outcome(record: RetrainRecord, outcome: str) -> None:
    assert record.ending == outcome


def test_another_outcome_of_the_same_run_is_another_event() -> None:
    keys = {
        retrain_message(record, LINKS).key
        for record in (retrain(), retrain(promotion=KEPT), retrain(comparison=None, promotion=None))
    }
    assert len(keys) == 3


def test_claim_of_no_loss_is_told_as_such() -> None:
    """The margin is 0.005: a lower end of -0.004 proves no loss, one of -0.006 does not."""
    held = comparison(won=False, gates=SLOW, claim="non_inferior", low=-0.004)
    text = shown(retrain_message(retrain(comparison=held, promotion=KEPT), Links()))
    assert "The new model proved as good but was not promoted; version 7 stays live" in text
    assert "over -0.005, 95 % sure" in text
    lost = comparison(won=False, claim="non_inferior", low=-0.006)
    text = shown(retrain_message(retrain(comparison=lost, promotion=KEPT), Links()))
    assert "The new model did not prove as good, so version 7 stays live" in text
