"""A loss that harder inputs explain: another model would hardly do better."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.alerts.messages.actions import action_taken, next_step
from driftloop.base.findings import Performance
from driftloop.base.records import Decision
from driftloop.base.scores import Level, Score
from driftloop.decision.decision import DecisionSettings, decide
from driftloop.decision.diagnosis import diagnose
from driftloop.decision.payoff import only_harder
from driftloop.performance.estimates.confidence_based import ConfidenceBased
from driftloop.performance.level import NO_RECORD, TrackRecord
from driftloop.performance.metrics import score_with_interval
from driftloop.performance.promise import with_promise
from driftloop.performance.realised import PerformanceSettings, judge_performance
from tests.driftloop.alerts.messages.message_records import drifted
from tests.driftloop.cases import NOW, OK, WINDOW, evidence, retrained
from tests.driftloop.performance.estimates.streams import Rows, inputs, logistic

DEFAULT = DecisionSettings()


def rows(n: int, seed: int, spread: float = 1.0, turned: float = 0.0) -> Rows:
    """Rows, outcomes and the predictions of a champion that knows the relation as it was.

    With a small `spread` most rows lie at the border, where nobody can tell the outcome.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(0, spread, n)
    y = (rng.random(n) < logistic(2 * x)).astype(int)
    y = np.where(rng.random(n) < turned, 1 - y, y)
    positive = logistic(2 * x)
    return pd.DataFrame({"a": x}), y, np.column_stack([1 - positive, positive])


def scored(now: Rows, before: Rows | None = None, record: TrackRecord = NO_RECORD) -> Performance:
    """What is said of labelled rows of a champion with this holdout."""
    before = before or rows(3000, 0)
    baseline = score_with_interval("roc_auc", *before[1:], count=200, confidence=0.95, seed=0)
    found = judge_performance(
        "roc_auc", WINDOW, (now[1], now[2]), baseline, PerformanceSettings(), record=record
    )
    about = inputs("roc_auc", before, now)
    return with_promise(found, about, now[1], ConfidenceBased(), record, 0.5)


HARDER = scored(rows(3000, 1, spread=0.4))
TURNED = scored(rows(3000, 2, turned=0.25))
BOTH = scored(rows(3000, 3, spread=0.4, turned=0.25))


def decided(performance: Performance, **more: Any) -> Decision:
    labels = {"verdict": OK, "drift_since": None, "performance": performance}
    return decide(evidence(**{**labels, **more}), (), DEFAULT)


def test_a_loss_that_was_estimated_is_not_retrained_for() -> None:
    calendar_was_lately = {"history": (retrained(2, won=True),)}
    assert HARDER.status == "fell"
    done = decided(HARDER, **calendar_was_lately)
    assert (done.action, done.held) == ("hold", "harder_inputs")
    assert done.reasons[0] == HARDER.sentence
    assert "the champion reached" in done.reasons[-1]
    for other in (TURNED, BOTH):
        assert other.status == "fell"
        assert decided(other, **calendar_was_lately).action == "retrain"


def test_the_calendar_and_people_retrain_all_the_same() -> None:
    assert decided(HARDER, history=(retrained(4, won=True),)).action == "retrain"
    lately = (retrained(2, won=True),)
    assert decided(HARDER, history=lately, manual_reason="Asked.").action == "retrain"


def test_a_champion_that_was_never_as_good_may_be_bettered() -> None:
    """Its own holdout is below what was held before it: it is not the rows that are at fault."""
    weak = rows(3000, 4, spread=0.4)
    held = TrackRecord(level=Level("roc_auc", 0.84, NOW))
    found = scored(rows(3000, 5, spread=0.4), weak, held)
    assert found.status == "fell"
    assert only_harder(found) is None
    assert only_harder(scored(rows(3000, 5, spread=0.4), None, held)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"promise": None},
        {"estimated": None},
        {"gap": Score("roc_auc", -0.1, -0.15, -0.05, 3000)},
        {"limit": None},
    ],
)
def test_nothing_is_explained_without_evidence(changes: Any) -> None:
    assert only_harder(replace(HARDER, **changes)) is None


def test_an_error_is_told_without_its_minus() -> None:
    log_loss = {"baseline": -0.3, "limit": -0.35, "estimated": -0.42}
    told = only_harder(replace(HARDER, metric="neg_log_loss", **log_loss))
    assert told is not None
    assert "log loss 0.420 was estimated" in told


def test_the_diagnosis_does_not_call_it_a_changed_relation() -> None:
    assert diagnose((), (), HARDER, None) == ()
    assert [trouble.kind for trouble in diagnose((), (), TURNED, None)] == ["concept_drift"]


def test_people_are_told_why_nothing_is_trained() -> None:
    done = decided(HARDER, history=(retrained(2, won=True),))
    record = replace(drifted(performance=HARDER), decision=done, retrain=None)
    assert action_taken(record).startswith("Held back the retraining.")
    assert "A new model would hardly do better, so none is trained." in action_taken(record)
    assert "good enough to use" in next_step(record).plain
