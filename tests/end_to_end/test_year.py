"""A year of weekly runs with two incidents: two parent messages, told as the docs show them."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from peers.slack import SlackPeer, Told
from pydantic import TypeAdapter
from workshop import commit_data, monday, small_config

from driftloop.alerts.message import Message
from driftloop.alerts.messages.formats.plain_text import to_text
from driftloop.alerts.stored import upgraded_message
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.config.model_config import ModelConfig
from driftloop.onboarding.demo_story import START
from flows.challenge import challenge
from flows.watch import watch
from tasks.alerts.write import deliver_alerts, write_alert, write_retrain_alert
from tasks.backtest.sandbox import Sandbox, open_sandbox
from tasks.monitoring.steps import OpenRun
from tasks.runtime import clock
from tasks.runtime.job import Job
from tools.demo_data import week_frame

PAGE = Path(__file__).parents[2] / "docs" / "incidents.md"
TRAINED, YEAR = 8, 52
BROKEN, TAKEN_OVER = 22, 38
"""Weeks of the year: the feed breaks in one, fraudsters change their ways from the other on."""


def batch(week: int) -> pd.DataFrame:
    """Everyday payments, but for the two incidents; every week is drawn anew."""
    chapter = week % 10 if week < TAKEN_OVER else 19 + week % 7
    chapter = 12 if week == BROKEN else chapter
    frame = week_frame(chapter, seed=week)
    frame = frame.iloc[:: 1 if week < TRAINED else 2]
    moved = frame["event_time"] + timedelta(weeks=week - chapter)
    numbered = frame["transaction_id"].astype(str) + f"-{week}"
    return frame.assign(event_time=moved, transaction_id=numbered)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year")
    batches = folder / "data" / "payments"
    batches.mkdir(parents=True)
    for week in range(TRAINED + YEAR):
        name = f"{START + timedelta(weeks=week)}.parquet"
        batch(week).to_parquet(batches / name, index=False)
    return commit_data(folder, small_config())


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackPeer]:
    with SlackPeer() as running:
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        monkeypatch.setenv("SLACK_BOT_TOKEN", running.token)
        yield running


def run(job: Job) -> MonitorRecord:
    """One scheduled run, with exactly the steps of production, in this process."""

    def tell(opened: OpenRun, record: MonitorRecord) -> None:
        write_alert(job, record, opened.history, opened.run_id)

    def retrain(opened: OpenRun, record: MonitorRecord) -> RetrainRecord:
        reason = " ".join(record.decision.reasons)
        found = challenge(job, "retrain", reason, opened.champion.version)
        write_retrain_alert(job, found)
        return found

    record = watch(job, tell, retrain)
    deliver_alerts(job)
    return record


def job_at(stage: Sandbox, config: ModelConfig, week: int) -> Job:
    """The job of the morning on which a week ended; a rehearsal alone tells nobody."""
    at = monday(week + 1).replace(hour=6)
    return replace(stage.job(at), config=config)


def as_page(told: list[Told]) -> str:
    """The messages as the docs show them."""
    parts = [INTRODUCTION]
    for number, parent in enumerate(told, 1):
        parts.append(f"## Incident {number}\n\nThe message in the channel, as it reads at the end:")
        parts.append(_quoted(parent))
        parts.append("Its thread, oldest first:")
        parts += [_quoted(reply) for reply in parent.replies]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """# A year of weekly runs

What Slack holds after 52 weekly runs of the demo's model: everyday payments all year, a feed
that breaks in one week, and fraudsters who change their ways for good in another. Two episodes of
trouble are two messages; all the rest of the year is silent. `tests/end_to_end/test_year.py` runs
the year, with the code that runs in production and a loopback Slack, and holds this page against
what it posted (but for the digits, which may differ a little between machines)."""


def digits_left_out(page: str) -> str:
    """The page without what another machine or Git commit may change."""
    return re.sub(r"\d", "#", re.sub(r"data [0-9a-f]{10}", "data", page, flags=re.IGNORECASE))


def _quoted(told: Told) -> str:
    """A message in Slack as plain text."""
    posted = {"text": told.text, "blocks": told.blocks, "key": "", "model": ""}
    neutral = upgraded_message({**posted, "kind": "opened", "severity": "info"})
    message = TypeAdapter(Message).validate_python(neutral)
    return "```text\n" + to_text(message) + "\n```"


def test_a_year_with_two_incidents_is_two_messages(
    folder: Path, peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig.model_validate(small_config())
    with open_sandbox(folder, config, "HEAD") as stage:
        first = challenge(job_at(stage, config, TRAINED), "bootstrap", "The first champion.", None)
        assert first.won
        records = []
        for week in range(TRAINED + 1, TRAINED + YEAR):
            job = job_at(stage, config, week)
            monkeypatch.setattr(clock, "now", lambda job=job: job.as_of)
            records.append(run(job))
    wrong = [
        week for week, record in enumerate(records, TRAINED + 1) if record.decision.action != "none"
    ]
    assert BROKEN in wrong
    told = peer.story()
    assert len(told) == 2, [one.text for one in told]
    assert all("back to normal" in one.text for one in told)
    page = as_page(told)
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        PAGE.write_text(page, encoding="utf-8")
    assert digits_left_out(page) == digits_left_out(PAGE.read_text(encoding="utf-8"))
