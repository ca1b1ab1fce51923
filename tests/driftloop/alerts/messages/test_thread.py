"""What the thread of an incident tells, and what channels without threads get."""

from dataclasses import replace
from datetime import timedelta

import pytest

from driftloop.alerts.incident import Acknowledgement
from driftloop.alerts.message import Message
from driftloop.alerts.messages import thread
from driftloop.alerts.messages.formats.slack import mrkdwn, slack_text
from tests.driftloop.alerts.messages.message_records import AS_OF, LINK_LINE, LINKS, monitor, shown
from tests.driftloop.alerts.messages.test_parent import OPEN, RECORD

TAKEN = replace(OPEN, acknowledged=Acknowledgement("Ana", AS_OF + timedelta(hours=1), "Mine"))
STEP = (
    "*What you should do*\nVersion 7 is live and predicts worse than it should. Decide now: stop "
    "using it, roll back, or retrain by hand."
)
SCORE = "ROC AUC is 0.712 (0.694 to 0.729), was 0.842, on 8,204 rows with known outcome."


def test_opened_keeps_what_was_seen_first() -> None:
    text = shown(thread.opened_line(RECORD, OPEN, LINKS))
    assert text.startswith("*Opened* by the run of 2026-03-09 06:00 UTC: predictions got worse")
    assert f"{SCORE}\n8 of 20 inputs drifted away from the reference.\n\n" in text
    assert text.endswith(LINK_LINE)


def test_worsened_says_what_and_what_to_do() -> None:
    message = thread.worsened_line(RECORD, OPEN, "roc_auc fell to <0.7>", LINKS)
    lead = f"payments: it got worse.* roc_auc fell to &lt;0.7&gt;. {SCORE}"
    assert shown(message) == f"🚨 *{lead}\n\n{STEP}\n\n{LINK_LINE}"
    assert slack_text(message) == lead.replace("*", "")


def test_reopened() -> None:
    text = shown(thread.reopened_line(RECORD, replace(OPEN, needed=4), LINKS))
    assert text.startswith(f"🚨 *payments: the trouble is back.* {SCORE}\n\n{STEP}")
    assert "It now closes after 4 healthy runs in a row." in text


def test_confirmed() -> None:
    message = thread.confirmed_line(RECORD, OPEN)
    assert shown(message) == f"The next run sees it too: {SCORE}"
    assert message.text == f"payments: The next run sees it too: {SCORE}"


def test_started_says_why() -> None:
    text = shown(thread.started_line(RECORD, OPEN))
    assert text == "*Retraining started.* Retraining needs 2 of 3 runs to agree."
    assert shown(thread.started_line(monitor(), OPEN)).endswith("20 inputs look as before.")


def test_resolved() -> None:
    record = monitor(aftermath="Since version 8 replaced version 7, the drift is gone.")
    message = thread.resolved_line(record, OPEN, LINKS)
    assert shown(message) == (
        "✅ *payments: back to normal* after 7 days. 20 inputs look as before.\n\n"
        "*Did the new version help?* Since version 8 replaced version 7, the drift is gone.\n\n"
        f"{LINK_LINE}"
    )
    assert (message.severity, message.text.count("✅")) == ("good", 0)


def test_acknowledged() -> None:
    message = thread.acknowledged_line("payments", TAKEN)
    assert shown(message) == "*Ana* took this on at 2026-03-09 07:00 UTC and says: Mine."
    assert message.key == "payments/2026-03-09T07:00:00+00:00/acknowledged"
    alone = shown(thread.acknowledged_message("payments", TAKEN))
    assert alone.startswith("🔵 payments: Ana took this on\n\n*Ana* took this on at 2026-03-09")
    assert f"*What it is*\n{SCORE}" in alone
    with pytest.raises(ValueError, match="nobody took incident 4 on"):
        thread.acknowledged_line("payments", OPEN)


def test_alone_they_say_everything() -> None:
    worse = shown(thread.worsened_message(RECORD, OPEN, LINKS))
    assert worse.startswith("🚨 payments: worsened: predictions got worse, inputs drifted\n")
    back = shown(thread.reopened_message(RECORD, OPEN, LINKS))
    assert back.startswith("🚨 payments: back again: predictions got worse, inputs drifted\n")
    for text in (worse, back):
        assert STEP in text
        assert mrkdwn(OPEN.summary.causes[1].lines) in text
        assert "Since 2026-03-02 06:00 UTC (7 days)" in text
    over = shown(thread.resolved_message(monitor(), OPEN, LINKS))
    assert over.startswith(
        "✅ payments: back to normal\n\n*The trouble is over* after 7 days. 20 inputs look as "
        f"before.\n\n*What it was*\n{SCORE}\n"
    )


@pytest.mark.parametrize(
    "message",
    [
        thread.opened_line(RECORD, OPEN, LINKS),
        thread.worsened_line(RECORD, OPEN, "why", LINKS),
        thread.worsened_message(RECORD, OPEN, LINKS),
        thread.reopened_line(RECORD, OPEN, LINKS),
        thread.reopened_message(RECORD, OPEN, LINKS),
        thread.confirmed_line(RECORD, OPEN),
        thread.started_line(RECORD, OPEN),
        thread.resolved_line(RECORD, OPEN, LINKS),
        thread.resolved_message(RECORD, OPEN, LINKS),
    ],
    ids=lambda message: message.kind,
)
def test_keys_name_model_run_and_kind(message: Message) -> None:
    assert message.key == f"payments/2026-03-09T06:00:00+00:00/{message.kind}"
    assert message.text.startswith("payments: ")


def test_a_worsening_is_never_milder_than_the_opening() -> None:
    """Another cause, less severe than the first, makes it worse all the same."""
    milder = replace(OPEN, severity="info", peak_severity="page")
    news = RECORD, milder
    line = thread.worsened_line(*news, "New: data checks fail.", LINKS)
    alone = thread.worsened_message(*news, LINKS)
    assert (line.severity, alone.severity) == ("page", "page")
    assert shown(line).startswith("🚨")
