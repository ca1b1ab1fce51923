"""The bot: each message once and in order, whatever becomes of Slack in between."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from peers.slack import Fault, SlackPeer

import tasks.alerts.senders.slack.search
from driftloop.alerts.blocks import section
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import Receipt
from driftloop.alerts.messages.formats.slack import slack_blocks, slack_text
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base, sender_for
from tasks.alerts.senders.base import LostAnswerError
from tasks.alerts.senders.slack.bot import ATTEMPTS, BotSender
from tests.tasks.alerts.senders.outgoing import NOW, message, outgoing
from tests.tasks.alerts.senders.safe import assert_one_safe_line

TOKEN = "xoxb-peer-token"
POST = "chat.postMessage"


@pytest.fixture
def bot(slack: SlackPeer, monkeypatch: pytest.MonkeyPatch) -> BotSender:
    return use_bot(monkeypatch)


def use_bot(monkeypatch: pytest.MonkeyPatch, token: str = TOKEN, **settings: Any) -> BotSender:
    monkeypatch.setenv("SLACK_BOT_TOKEN", token)
    sender = sender_for(SlackChannel(**settings))
    assert isinstance(sender, BotSender)
    return sender


def posted(slack: SlackPeer) -> int:
    return sum(path.endswith(POST) for path in slack.requests)


def test_a_message_is_posted_with_text_blocks_and_key(slack: SlackPeer, bot: BotSender) -> None:
    receipt = bot.send(outgoing())
    (post,) = slack.posts
    assert receipt == Receipt(slack.channel_id("#ml-alerts"), post.ts)
    assert (post.channel, post.key) == ("#ml-alerts", outgoing().key)
    assert (post.text, post.blocks) == (slack_text(message()), slack_blocks(message()))
    assert slack.requests == [f"/api/{POST}"]


@pytest.mark.parametrize("broadcast", [False, True])
def test_a_reply_goes_to_its_thread(slack: SlackPeer, bot: BotSender, broadcast: bool) -> None:
    thread = bot.send(outgoing())
    bot.send(outgoing("reply", "started", thread=thread, broadcast=broadcast))
    assert slack.posts[1].thread_ts == thread.ts
    assert slack.posts[1].broadcast == broadcast
    assert [reply.key for reply in slack.story()[0].replies] == ["reply"]


def test_a_message_that_begins_a_thread_is_not_broadcast(slack: SlackPeer, bot: BotSender) -> None:
    bot.send(outgoing(broadcast=True))
    assert not slack.posts[0].broadcast


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"level": "page"}, "<!subteam^S012ABC> <!here>"),
        ({"level": "warning"}, ""),
        ({"level": "page", "mention": False}, ""),
    ],
)
def test_people_are_mentioned_where_it_is_grave(
    slack: SlackPeer, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], told: str
) -> None:
    use_bot(monkeypatch, mentions=("S012ABC", "here")).send(outgoing(**changes))
    (post,) = slack.posts
    assert post.text == f"{told} {slack_text(message())}".strip()
    assert post.blocks == slack_blocks(message(), told)
    assert told in str(post.blocks[-1])


def test_a_mention_fits_beside_fifty_blocks(
    slack: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = message(blocks=(section("x"),) * 50)
    use_bot(monkeypatch, mentions=("here",)).send(outgoing(message=full))
    assert len(slack.posts[0].blocks) == 50
    assert "<!here>" in slack.posts[0].blocks[-1]["text"]["text"]


def test_a_message_is_updated_in_place(slack: SlackPeer, bot: BotSender) -> None:
    receipt = bot.send(outgoing())
    changed = message(text="changed", blocks=(section("changed"),))
    slack.misbehave("error")
    slack.misbehave("reset")
    bot.update(receipt, changed)
    (told,) = slack.story()
    assert (told.text, told.blocks) == ("changed", slack_blocks(changed))
    assert told.key == outgoing().key
    assert len(slack.posts) == 1


@pytest.mark.parametrize("why", ["message_not_found", "edit_window_closed"])
def test_a_message_that_cannot_be_updated_is_left_alone(
    slack: SlackPeer, bot: BotSender, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    receipt = bot.send(outgoing())
    if why == "message_not_found":
        slack.delete(receipt.ts)
    slack.window_closed = True
    bot.update(receipt, message())
    bot.update(receipt, message())
    assert caplog.text.count(why) == 1
    assert slack.updates == []


def test_an_update_that_is_refused_otherwise_is_told(slack: SlackPeer, bot: BotSender) -> None:
    receipt = bot.send(outgoing())
    slack.archived = ("#ml-alerts",)
    with pytest.raises(DeliveryError, match=r"is_archived.*unarchive it"):
        bot.update(receipt, message())


def test_replies_to_a_deleted_message_stand_alone(
    slack: SlackPeer, bot: BotSender, caplog: pytest.LogCaptureFixture
) -> None:
    thread = bot.send(outgoing())
    slack.delete(thread.ts)
    bot.send(outgoing("reply", "resolved", thread=thread, broadcast=True))
    assert [told.key for told in slack.story()] == ["reply"]
    assert "is gone" in caplog.text
    again = bot.send(outgoing("reply", "resolved", thread=thread, begun=NOW))
    assert again.ts == slack.story()[0].ts
    assert slack.keys == [outgoing().key, "reply"]


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ("rate_limit", 0),
        ("error", 0),
        ("reset", 0),
        ("cut", 0),
        ("error_after_accepting", 0),
        ("reset_after_accepting", 0),
        ("slow_after_accepting", 0.3),
    ],
)
def test_after_an_outage_the_story_is_whole_and_told_once(
    slack: SlackPeer,
    bot: BotSender,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    seconds: float,
    answered: bool,
) -> None:
    """Both where the fault meets the parent and where it meets a reply."""
    if fault.startswith("slow"):
        monkeypatch.setattr(base, "TIMEOUT", 0.15)
    slack.say("#ml-alerts", "a person talks")
    if answered:
        thread = bot.send(outgoing("a"))
        slack.misbehave(fault, seconds=seconds, only=POST)
    else:
        slack.misbehave(fault, seconds=seconds, only=POST)
        thread = bot.send(outgoing("a"))
    receipts = [bot.send(outgoing(key, thread=thread)) for key in ("b", "c")]
    (told,) = slack.story()
    assert (told.key, told.ts) == ("a", thread.ts)
    assert [(reply.key, reply.ts) for reply in told.replies] == [
        ("b", receipts[0].ts),
        ("c", receipts[1].ts),
    ]
    assert {receipt.place for receipt in (thread, *receipts)} == {slack.channel_id("#ml-alerts")}
    assert slack.keys == ["a", "b", "c"]


OUTAGES: dict[str, Callable[[SlackPeer], Any]] = {
    "error": lambda slack: slack.misbehave("error", times=99),
    "reset": lambda slack: slack.misbehave("reset", times=99),
    "cut": lambda slack: slack.misbehave("cut", times=99),
    "error_after_accepting": lambda slack: slack.misbehave("error_after_accepting", times=99),
    "reset_after_accepting": lambda slack: slack.misbehave("reset_after_accepting", times=99),
    "rate_limit": lambda slack: slack.misbehave("rate_limit", times=99, seconds=3600),
    "refused": lambda slack: slack.close(),
    "token": lambda slack: setattr(slack, "token", "xoxb-another"),
    "not_in_channel": lambda slack: setattr(slack, "not_joined", ("#ml-alerts",)),
    "archived": lambda slack: setattr(slack, "archived", ("#ml-alerts",)),
    "scopes": lambda slack: setattr(slack, "scopes", ()),
}


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("first", [True, False])
def test_after_an_outage_of_two_runs_the_story_is_whole_and_told_once(
    slack: SlackPeer, bot: BotSender, outage: str, first: bool
) -> None:
    thread = None if first else bot.send(outgoing("a"))
    before = {name: getattr(slack, name) for name in ("token", "not_joined", "archived", "scopes")}
    stuck = outgoing("a") if first else outgoing("b", thread=thread)
    OUTAGES[outage](slack)
    for given in (stuck, replace(stuck, begun=NOW)):
        with pytest.raises(DeliveryError) as caught:
            bot.send(given)
        assert_one_safe_line(caught.value, TOKEN)
    for name, value in before.items():
        setattr(slack, name, value)
    slack.recover()
    if outage == "refused":
        slack.reopen()
    receipt = bot.send(replace(stuck, begun=NOW))
    thread = thread or receipt
    keys = ("b", "c") if first else ("c",)
    for key in keys:
        bot.send(outgoing(key, thread=thread))
    (told,) = slack.story()
    assert [told.key, *(reply.key for reply in told.replies)] == ["a", "b", "c"]
    assert slack.keys == ["a", "b", "c"]


def test_a_refused_connection_is_tried_again(
    slack: SlackPeer, bot: BotSender, when_waiting: list[Callable[[], None]]
) -> None:
    slack.close()
    when_waiting.append(slack.reopen)
    bot.send(outgoing())
    assert slack.requests == [f"/api/{POST}"]


def test_what_nobody_took_is_sent_by_the_next_run(slack: SlackPeer, bot: BotSender) -> None:
    with slack.refusing(), pytest.raises(DeliveryError, match="Connection refused") as caught:
        bot.send(outgoing())
    assert not isinstance(caught.value, LostAnswerError)
    assert_one_safe_line(caught.value, TOKEN)
    bot.send(outgoing(begun=NOW))
    assert slack.keys == [outgoing().key]


@pytest.mark.parametrize("fault", ["error_after_accepting", "reset_after_accepting"])
def test_what_was_taken_before_slack_went_away_is_found_by_the_next_run(
    slack: SlackPeer, bot: BotSender, when_waiting: list[Callable[[], None]], fault: Fault
) -> None:
    slack.misbehave(fault)
    when_waiting.append(slack.close)
    with pytest.raises(DeliveryError, match="Connection refused"):
        bot.send(outgoing())
    slack.reopen()
    assert bot.send(outgoing(begun=NOW)).ts == slack.posts[0].ts
    assert slack.keys == [outgoing().key]


def test_a_slack_that_fails_on_and_on_is_given_up(
    slack: SlackPeer, bot: BotSender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slack.misbehave("error", times=9, only=POST)
    with pytest.raises(LostAnswerError, match=r"HTTP 500.*may have arrived") as caught:
        bot.send(outgoing())
    assert posted(slack) == ATTEMPTS
    assert slack.posts == []
    assert_one_safe_line(caught.value, TOKEN)
    assert TOKEN not in caplog.text


def test_nobody_posts_again_without_having_looked(slack: SlackPeer, bot: BotSender) -> None:
    slack.misbehave("error_after_accepting", only=POST)
    slack.misbehave("error", times=9, only="conversations.list")
    with pytest.raises(LostAnswerError):
        bot.send(outgoing())
    assert slack.keys == [outgoing().key]


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("page", [1, 2, 200])
def test_it_looks_through_every_page(
    slack: SlackPeer, bot: BotSender, page: int, threaded: bool
) -> None:
    slack.page = page
    slack.channels = ("#a", "#b", "#c", "#ml-alerts")
    thread = bot.send(outgoing("parent")) if threaded else None
    receipt = bot.send(outgoing("k", thread=thread))
    for number in range(5):
        slack.say("#ml-alerts", str(number), thread.ts if thread else None)
    assert bot.send(outgoing("k", thread=thread, begun=NOW)) == receipt


def test_what_it_looks_for_is_its_own_and_of_its_thread(slack: SlackPeer, bot: BotSender) -> None:
    """A reply that is also shown in the channel is no parent, nor a parent its own reply."""
    parent = bot.send(outgoing("same"))
    reply = bot.send(outgoing("other", thread=parent, broadcast=True))
    assert bot.send(outgoing("same", thread=parent, begun=NOW)) not in (parent, reply)
    assert bot.send(outgoing("other", begun=NOW)) not in (parent, reply)
    assert len(slack.posts) == 4


def test_messages_from_before_it_was_begun_are_not_read(
    slack: SlackPeer, bot: BotSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.alerts.senders.slack.search, "SKEW", timedelta(hours=-1))
    first = bot.send(outgoing())
    assert bot.send(outgoing(begun=NOW)) != first


def test_a_channel_can_be_named_by_its_id(
    slack: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = slack.channel_id("#ml-alerts")
    bot = use_bot(monkeypatch, channel=place)
    slack.misbehave("reset_after_accepting")
    assert bot.send(outgoing()) == Receipt(place, slack.posts[0].ts)
    assert len(slack.posts) == 1
    assert not any(path.endswith("conversations.list") for path in slack.requests)


def test_a_public_channel_is_found_without_the_scope_for_private_ones(
    slack: SlackPeer, bot: BotSender
) -> None:
    slack.scopes = ("chat:write", "channels:read", "channels:history")
    slack.misbehave("reset_after_accepting")
    bot.send(outgoing())
    assert len(slack.posts) == 1


@pytest.mark.parametrize("scopes", [("chat:write",), ("chat:write", "channels:read")])
def test_without_the_scopes_to_look_it_rather_posts_twice(
    slack: SlackPeer,
    bot: BotSender,
    caplog: pytest.LogCaptureFixture,
    scopes: tuple[str, ...],
) -> None:
    slack.scopes = scopes
    slack.misbehave("error_after_accepting", only=POST)
    assert bot.send(outgoing()).ts == slack.posts[-1].ts
    assert slack.keys == [outgoing().key] * 2
    bot.send(outgoing("other", begun=NOW))
    assert caplog.text.count("channels:history") == 1
    assert "groups:history" in caplog.text
    assert "channels:read" in caplog.text


@pytest.mark.parametrize(
    ("channel", "token", "code", "fix"),
    [
        ("#elsewhere", TOKEN, "not_in_channel", "/invite @your-bot in #elsewhere"),
        ("#nowhere", TOKEN, "channel_not_found", "check the name"),
        ("#old", TOKEN, "is_archived", "unarchive"),
        ("#ml-alerts", "xoxb-wrong-token", "invalid_auth", "SLACK_BOT_TOKEN"),
    ],
)
@pytest.mark.parametrize("begun", [None, NOW])
def test_refusals_say_what_to_mend(
    slack: SlackPeer,
    monkeypatch: pytest.MonkeyPatch,
    channel: str,
    token: str,
    code: str,
    fix: str,
    begun: Any,
) -> None:
    bot = use_bot(monkeypatch, token, channel=channel)
    with pytest.raises(DeliveryError, match=code) as caught:
        bot.send(outgoing(begun=begun))
    assert fix in str(caught.value)
    assert_one_safe_line(caught.value, token)
    assert posted(slack) <= 1


def test_a_missing_scope_is_named(slack: SlackPeer, bot: BotSender) -> None:
    slack.scopes = ("channels:read",)
    with pytest.raises(DeliveryError, match=r"missing_scope.*chat:write"):
        bot.send(outgoing())


def test_a_long_rate_limit_is_left_to_the_next_run(slack: SlackPeer, bot: BotSender) -> None:
    slack.misbehave("rate_limit", seconds=3600)
    with pytest.raises(DeliveryError, match="ratelimited"):
        bot.send(outgoing())
    assert len(slack.requests) == 1
    bot.send(replace(outgoing(), begun=NOW))
    assert len(slack.posts) == 1


@pytest.mark.parametrize("token", ["xoxb-a\nb-secret", "xoxb-ключ-secret"])
def test_a_token_that_is_no_token_is_not_shown(
    slack: SlackPeer, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    with pytest.raises(DeliveryError, match="SLACK_BOT_TOKEN") as caught:
        use_bot(monkeypatch, token).send(outgoing())
    assert_one_safe_line(caught.value, "secret")
    assert posted(slack) == 0
