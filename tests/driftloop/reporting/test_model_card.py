"""The model card: what a reviewer finds on it, and that hostile names do no harm."""

from dataclasses import replace
from typing import Any

import pytest

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.periods import Span
from driftloop.base.retrain_record import ModelVersion, TrainingPlan, WindowScore
from driftloop.base.scores import CrossCheck, GateResult, NextWindows, Score, SliceScores
from driftloop.base.tags import VersionTags
from driftloop.config.model_config import ModelConfig
from driftloop.reporting.model_card import ModelCardInputs, model_card
from tests.driftloop.alerts.messages.message_records import comparison, retrain
from tests.driftloop.cases import NOW, WEEK, Window

CONFIG = ModelConfig.model_validate(
    {
        "model": "payments",
        "description": "Flags fraud.",
        "data": {"path": "data", "time": "at", "label": "fraud", "label_delay": "7 days"},
        "features": {"numeric": ["amount", "age"], "categorical": ["country"]},
    }
)
SNAPSHOT = Snapshot("repo", "a" * 40, "data", ())
TRAINING, HOLDOUT = Window(NOW - 9 * WEEK, NOW - WEEK), Window(NOW - WEEK, NOW)
PLAN = TrainingPlan(
    DataSlice(SNAPSHOT, TRAINING, (Window(NOW - 5 * WEEK, NOW - 4 * WEEK),), 8000),
    DataSlice(SNAPSHOT, HOLDOUT, (), 1000),
    (WindowScore("sliding", TRAINING, 8000, 0.9, "roc_auc 0.900 on the newest 800 rows"),),
    "Trained.",
)
OLD = ModelVersion(
    "payments", "7", "run-7", DataSlice(SNAPSHOT, HOLDOUT, (), 500), None, None, None
)
AHEAD = NextWindows(-0.004, 0.042, Span(1, "week"), 5, "holdout")
BACKGROUND = ModelCardInputs(
    lineage=VersionTags(path="data", rev="a" * 40, config="c0ffee", by="flow run 1"),
    importances={"amount": 0.7, "country": 0.3},
    old_importances={"amount": 0.1},
    shares={"training": {"0": 0.95, "1": 0.05}, "holdout": {"0": 0.94, "1": 0.06}},
    parameters={"max_iter": 120, "seed": 0},
    old_parameters={"max_iter": 60, "seed": 0},
    champion=OLD,
)


def card(background: ModelCardInputs = BACKGROUND, **changes: Any) -> str:
    found = comparison(
        slices=(SliceScores("newest", 300, score(0.8), score(0.85), 0.05, 0.01, 0.09),),
        delong=CrossCheck(0.001, 0.03, True),
        next_windows=AHEAD,
    )
    return model_card(CONFIG, retrain(plan=PLAN, comparison=found, **changes), background)


def score(value: float) -> Score:
    return Score("roc_auc", value, value - 0.01, value + 0.01, 300)


def section(text: str, name: str) -> str:
    return text.split(f"## {name}\n")[1].split("\n## ")[0]


def test_every_part_is_there_in_its_order() -> None:
    text = card()
    found = [line for line in text.splitlines() if line.startswith("#")]
    assert found == [
        "# payments, version 8",
        *(f"## {name}" for name in ("Use", "Data", "Training", "Scores", "Gates")),
        *(f"## {name}" for name in ("Feature importance", "What changed", "Limits", "Lineage")),
    ]


def test_data_and_scores() -> None:
    text = card()
    assert "Flags fraud. It predicts `fraud` (binary); a label can be trusted 7 days" in text
    data = section(text, "Data")
    assert f"| training | {TRAINING} | 8,000 | 0 95.0%, 1 5.0% |" in data
    assert f"Excluded because the feed was broken: {PLAN.training.excluded[0]}." in data
    scores = section(text, "Scores")
    assert (
        "| the entire holdout | 4,210 | 0.861 (0.851 to 0.871) | 0.842 (0.831 to 0.853) |" in scores
    )
    assert "| its newest third | 300 | 0.850 (0.840 to 0.860) | 0.800 (0.790 to 0.810) |" in scores
    assert "Required: better by more than 0.005, with 95 % confidence." in scores
    assert "DeLong's interval (+0.001 to +0.03) agrees." in scores


def test_gates_importances_and_changes() -> None:
    text = card()
    assert "| latency | passed | 3 ms a row |" in section(text, "Gates")
    assert "| `amount` | 70.0% | 10.0% |" in section(text, "Feature importance")
    changed = section(text, "What changed")
    assert "| `max_iter` | 60 | 120 |" in changed
    assert "`seed`" not in changed
    assert "| training rows | 500 | 8,000 |" in changed
    assert "Calibration was not checked" not in section(text, "Limits")
    assert "No segment was evaluated separately" in section(text, "Limits")
    assert "| configuration | c0ffee |" in section(text, "Lineage")


def test_a_first_version_has_no_champion_beside_it() -> None:
    first = replace(BACKGROUND, champion=None, old_importances={}, old_parameters={})
    assert "It is the first version" in section(card(first), "What changed")


@pytest.mark.parametrize("name", ["a|b", "<script>", "x\n## Gates", "[link](http://x)"])
def test_hostile_names_stay_in_their_cell(name: str) -> None:
    background = replace(BACKGROUND, importances={name: 1.0}, parameters={name: name})
    text = card(background, reason=name)
    assert text.count("\n## ") == 9
    row = next(line for line in text.splitlines() if line.endswith("| 100.0% |  |"))
    assert row.replace("\\|", "").count("|") == 4
    assert "<script>" not in text
    assert "[link](" not in text.replace("\\[", "")


def test_a_gate_that_refused_is_told() -> None:
    gate = GateResult("fairness", "refused", "Women are accepted less often.")
    record = retrain(plan=PLAN, comparison=comparison(gates=(gate,), won=False))
    text = model_card(CONFIG, record, BACKGROUND)
    assert "| fairness | refused | Women are accepted less often. |" in section(text, "Gates")
    assert "Fairness was not checked" not in text
