"""What is printed of a retraining's gates."""

from driftloop.base.records import CrossCheck, GateResult
from driftloop.reporting.json.convert import retrain_output
from tests.driftloop.alerts.messages.message_records import comparison, retrain


def test_gates_say_whether_they_refused_or_could_not_run() -> None:
    gates = (
        GateResult("latency", "refused", "41 ms, 20 allowed."),
        GateResult("fairness", "not_run", "No groups."),
        GateResult("calibration", "passed", "0.01."),
    )
    found = retrain_output(retrain(comparison=comparison(won=False, gates=gates))).gates
    assert [one.model_dump() for one in found] == [
        {"gate": "latency", "passed": False, "status": "refused", "sentence": "41 ms, 20 allowed."},
        {"gate": "fairness", "passed": False, "status": "not_run", "sentence": "No groups."},
        {"gate": "calibration", "passed": True, "status": "passed", "sentence": "0.01."},
    ]


def test_claim_is_proven_beyond_its_bound_and_with_delongs_consent() -> None:
    """The lower end is 0.007 and the margin 0.005."""
    assert comparison().proven
    assert not comparison(margin=0.007).proven
    assert comparison(margin=0.007, claim="non_inferior").proven
    assert comparison(low=-0.004, claim="non_inferior").proven
    assert not comparison(low=-0.005, claim="non_inferior").proven
    assert not comparison(delong=CrossCheck(0.004, 0.03, False)).proven
    assert comparison(delong=CrossCheck(0.006, 0.03, True)).proven
    assert not comparison(low=None).proven
