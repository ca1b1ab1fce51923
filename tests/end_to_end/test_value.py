"""A model that is judged by what its rows are worth, from its first champion to a better one."""

from pathlib import Path

import pytest
from peers.slack import SlackPeer
from workshop import look, small_config, train_first, write_config

from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from tasks.monitoring.predict import predict_version
from tasks.monitoring.tables import read_labelled
from tasks.registry.opening import open_registry
from tasks.runtime.job import load_job

pytestmark = [pytest.mark.usefixtures("prefect_server"), pytest.mark.slow]

VALUE = {"true_positive": 120, "false_positive": -8, "false_negative": -200, "currency": "EUR"}
METRIC = "value:0:-8:-200:120"


def worth_by_hand(folder: Path, record: MonitorRecord, version: str) -> float:
    """What a row of the holdout is worth by what a version decides, counted outcome by outcome."""
    job = load_job("payments", record.as_of, workspace=folder)
    assert record.retrain is not None
    assert record.retrain.plan is not None
    rows = predict_version(job, version, read_labelled(job, record.retrain.plan.holdout))
    called = rows.p[:, 1] >= (0.5 if rows.threshold is None else rows.threshold)
    positive = rows.y == 1
    worth = 120 * (called & positive) - 8 * (called & ~positive) - 200 * (~called & positive)
    return float(worth.mean())


def test_a_promotion_by_value(payments: Path, slack: SlackPeer) -> None:
    config = small_config(value=VALUE, comparison={"metric": "value"}, training={"refit": False})
    config["training"]["threshold"] = "tuned"
    del config["performance"]["margin"]  # which is of ROC AUC
    write_config(payments, config)
    train_first(payments)
    baseline = open_registry(Workspace(payments)).version("payments", "1").baseline
    assert baseline is not None
    assert baseline.metric == METRIC
    healthy = look(payments, 9)
    assert (healthy.verdict.status, healthy.performance.metric) == ("ok", METRIC)
    assert healthy.performance.score == pytest.approx(healthy.performance.value)

    look(payments, 19)
    promoted = look(payments, 20)
    assert promoted.performance.status == "fell", promoted.performance.sentence
    assert promoted.retrain is not None
    assert promoted.retrain.won, promoted.retrain.sentence
    compared = promoted.retrain.comparison
    assert compared is not None
    assert compared.champion is not None
    assert compared.metric == METRIC
    versions = str(promoted.retrain.challenger), "1"
    by_hand = [worth_by_hand(payments, promoted, version) for version in versions]
    assert [compared.challenger.value, compared.champion.value] == pytest.approx(by_hand)

    healed = look(payments, 22)
    assert healed.champion == promoted.retrain.challenger
    assert (healed.verdict.status, healed.performance.status) == ("ok", "ok")
    texts = " ".join(reply.text for told in slack.story() for reply in told.replies)
    assert "alue per row" in texts
    assert METRIC not in texts, "people read no list of worths"
