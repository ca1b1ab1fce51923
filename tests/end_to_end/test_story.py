"""The demo's story through the real flows, with Slack on loopback."""

from pathlib import Path

import pytest
from peers.slack import SlackPeer
from workshop import look, monday

from driftloop.base.workspace import Workspace
from tasks.registry.opening import open_registry

pytestmark = pytest.mark.usefixtures("prefect_server")


def titles(slack: SlackPeer) -> list[str]:
    """The headlines in the channel, as they read now."""
    return [told.text.split(". ")[0] for told in slack.story()]


def threads(slack: SlackPeer) -> list[list[str]]:
    """What the replies of each thread are about, by the ends of their keys."""
    return [
        [(reply.key or "").rpartition("/")[2] for reply in told.replies] for told in slack.story()
    ]


def test_from_healthy_to_broken_to_drifting_to_healed(championed: Path, slack: SlackPeer) -> None:
    healthy = look(championed, 9)
    assert (healthy.verdict.status, healthy.decision.action) == ("ok", "none")
    tiny = look(championed, 10)
    assert (tiny.verdict.status, tiny.decision.action) == ("inconclusive", "none")
    assert titles(slack) == []

    broken = look(championed, 12)
    assert {check.column for check in broken.broken} == {"amount", "device_age_days"}
    assert broken.decision.action == "hold"
    assert broken.retrain is None
    repaired = look(championed, 13)
    assert (repaired.verdict.status, repaired.decision.action) == ("ok", "none")
    assert repaired.performance.status == "inconclusive", "the broken week must not be scored"
    assert titles(slack) == ["payments: data broken"]
    look(championed, 14)
    assert titles(slack) == ["payments: back to normal"]

    travel = look(championed, 15)
    assert (travel.verdict.status, travel.decision.action) == ("drift", "alert")
    repeated = look(championed, 16)
    assert repeated.decision.action == "alert"
    look(championed, 17)
    assert titles(slack)[1:] == ["payments: inputs drifted"]
    assert threads(slack)[1] == ["opened", "confirmed"], "a repeat does not page again"
    look(championed, 18)

    first_sight = look(championed, 19)
    assert (first_sight.verdict.status, first_sight.decision.action) == ("drift", "alert")
    promoted = look(championed, 20)
    assert promoted.decision.action == "retrain"
    assert promoted.performance.status == "fell"
    assert promoted.retrain is not None
    assert promoted.retrain.won, promoted.retrain.sentence
    plan = promoted.retrain.plan
    assert plan is not None
    assert plan.holdout.window.end <= promoted.performance.window.end, "labels had not arrived"
    assert plan.training.window.end == plan.holdout.window.start

    healed = look(championed, 22)
    assert healed.champion == promoted.retrain.challenger
    assert (healed.verdict.status, healed.performance.status) == ("ok", "ok")
    look(championed, 23)
    assert titles(slack) == ["payments: back to normal"] * 3
    assert threads(slack) == [
        ["opened", "resolved"],
        ["opened", "confirmed", "resolved"],
        ["opened", "worsened", "started", "promoted-2", "resolved"],
    ], "the takeover after a healthy week is not the season that was over"
    shown = [(post.key or "").rpartition("/")[2] for post in slack.posts if post.broadcast]
    assert shown == ["worsened", "promoted-2"]
    assert len(set(slack.keys)) == len(slack.posts)


@pytest.mark.slow
def test_replaying_a_run_changes_and_tells_nothing(championed: Path, slack: SlackPeer) -> None:
    first = look(championed, 20)
    assert first.retrain is not None
    assert first.retrain.won
    registry = open_registry(Workspace(championed))
    before = registry.client.search_model_versions("name = 'payments'")
    posts = len(slack.posts)
    again = look(championed, 20)
    assert again.champion == first.champion, "a replay judges the champion of its time"
    assert again.findings == first.findings
    assert again.retrain is not None
    assert again.retrain.challenger == first.retrain.challenger
    assert again.retrain.comparison == first.retrain.comparison
    after = registry.client.search_model_versions("name = 'payments'")
    assert [one.version for one in after] == [one.version for one in before]
    assert len(slack.posts) == posts
    rehearsed = look(championed, 20, dry_run=True, rev=first.rev)
    assert rehearsed.champion == first.champion, "the command in the report does it as well"
    assert rehearsed.findings == first.findings


def test_a_dry_run_leaves_no_trace(championed: Path, slack: SlackPeer) -> None:
    registry = open_registry(Workspace(championed))
    record = look(championed, 20, dry_run=True)
    assert record.decision.action == "retrain"
    assert record.retrain is None
    assert slack.posts == []
    assert registry.finished("payments", "monitor") == ()
    assert len(registry.client.search_model_versions("name = 'payments'")) == 1


@pytest.mark.slow
def test_a_rehearsal_does_what_production_does(championed: Path, slack: SlackPeer) -> None:
    """The same weeks through Prefect and MLflow, and rehearsed: the same verdicts and decisions."""
    from flows.backtest_policy import backtest_policy
    from tasks.runtime.job import load_job

    weeks = (9, 12, 20, 21)
    real = [look(championed, week) for week in weeks]
    job = load_job("payments", workspace=championed)
    moments = (monday(9), *(monday(week + 1) for week in weeks))
    found, frozen = backtest_policy(
        championed, "now", job.config, "HEAD", moments, lambda *told: None
    )
    assert [
        (one.window, one.rows_current, one.verdict.status, one.decision.action, one.champion)
        for one in real
    ] == [
        (period.window, period.rows, period.verdict, period.action, period.served)
        for period in found.periods
    ]
    assert [period.promoted for period in found.periods] == [None, None, "2", None]
    assert [period.alarm for period in found.periods] == [False, True, True, False]
    assert found.scores[-1] > frozen[-1] + 0.2
    until_then = pytest.approx(frozen[:-1], nan_ok=True)
    assert found.scores[:-1] == until_then, "the first model served until then"


def test_a_version_has_a_card_in_the_registry(championed: Path) -> None:
    registry = open_registry(Workspace(championed))
    champion = registry.champion("payments")
    assert champion is not None
    card = registry.file(champion.run_id, "model_card.md")
    assert card is not None
    text = card.decode()
    assert text.startswith("# payments, version 1\n")
    assert "payments version 1 is the first champion." in text
    assert "| training | 2026-01-05 to" in text
    described = registry.client.get_model_version("payments", "1").description
    assert described == text
