"""Names of metrics in sentences."""

from typing import get_args

from driftloop.base.scores import METRIC_NAMES, metric_name
from driftloop.performance.metrics import OwnMetric


def test_every_metric_has_a_name_for_people() -> None:
    assert set(METRIC_NAMES) == set(get_args(OwnMetric))
    assert not [name for name in METRIC_NAMES.values() if "_" in name]


def test_a_name_in_a_sentence() -> None:
    assert metric_name("roc_auc") == metric_name("roc_auc", begins=True) == "ROC AUC"
    assert metric_name("average_precision", begins=True) == "Average precision"
    assert metric_name(None) == "score"
    assert metric_name("lift_at_10") == "lift_at_10"
