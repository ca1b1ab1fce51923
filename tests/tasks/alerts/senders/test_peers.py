"""The peers themselves: they refuse what the services refuse, and can be trusted to tell."""

import json
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from peers.http_peer import HttpPeer
from peers.mail import MailPeer
from peers.pagerduty import PagerDutyPeer
from peers.slack import SlackPeer

TOKEN = "xoxb-peer-token"


def mrkdwn(size: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * size}


def section(size: int, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(size), **more}


def fields(number: int, size: int) -> dict[str, Any]:
    return {"type": "section", "fields": [mrkdwn(size)] * number}


def header(size: int) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": "x" * size}}


def image(**more: Any) -> dict[str, Any]:
    return {"type": "image", "image_url": "https://x/y.png", **more}


def refused(slack: SlackPeer, **body: Any) -> str:
    given = {"channel": "#ml-alerts", **body}
    return str(slack.call("chat.postMessage", TOKEN, given).get("error"))


@pytest.mark.parametrize(
    "blocks",
    [
        [section(3000)],
        [header(150)],
        [fields(5, 2000)],
        [fields(10, 100)],
        [{"type": "divider"}] * 50,
        [section(3000)] * 4,
        [image(alt_text="a chart")],
        [section(1, block_id="b" * 255)],
    ],
)
def test_what_slack_takes(slack: SlackPeer, blocks: list[Any]) -> None:
    assert refused(slack, text="x", blocks=blocks) == "None"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "a\0b"}, "invalid_arguments"),
        ({"text": "x", "blocks": "nonsense"}, "invalid_blocks_format"),
        ({"text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "x", "thread_ts": "1.0"}, "thread_not_found"),
        *(
            ({"text": "x", "blocks": blocks}, "invalid_blocks")
            for blocks in (
                [section(3001)],
                [header(151)],
                [fields(1, 2001)],
                [fields(11, 1)],
                [section(0)],
                [{"type": "poll"}],
                [{"type": "divider"}] * 51,
                [image()],
                [section(1, block_id="b" * 256)],
                [section(1, block_id="b"), section(1, block_id="b")],
            )
        ),
        ({"text": "x", "blocks": [section(2700)] * 5}, "msg_blocks_too_long"),
    ],
)
def test_what_slack_refuses(slack: SlackPeer, body: dict[str, Any], error: str) -> None:
    assert refused(slack, **body) == error
    assert slack.posts == []


def test_only_a_bearer_token_is_one(slack: SlackPeer) -> None:
    def form(body: str, *tokens: str) -> dict[str, Any]:
        request = Request(slack.api_url + "auth.test", body.encode(), method="POST")
        for token in tokens:
            request.add_header("Authorization", f"Bearer {token}")
        with urlopen(request, timeout=5) as answer:
            return dict(json.loads(answer.read()))

    assert form("", TOKEN)["ok"]
    assert form(f"token={TOKEN}")["error"] == "not_authed"
    assert form("", "xoxb-other")["error"] == "invalid_auth"


def test_only_own_messages_are_updated_and_by_the_id_of_the_channel(slack: SlackPeer) -> None:
    place = slack.channel_id("#ml-alerts")
    ts = slack.say("#ml-alerts", "hello")
    for channel, which, error in (
        (place, ts, "cant_update_message"),
        (place, "1.0", "message_not_found"),
        ("#ml-alerts", ts, "channel_not_found"),
    ):
        body = {"channel": channel, "ts": which, "text": "x"}
        assert slack.call("chat.update", TOKEN, body)["error"] == error


def test_a_missing_scope_says_which(slack: SlackPeer) -> None:
    slack.scopes = ("chat:write",)
    body = {"channel": slack.channel_id("#ml-alerts")}
    answer = slack.call("conversations.history", TOKEN, body)
    assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:history")
    assert answer["provided"] == "chat:write"


def test_the_payload_of_metadata_is_shown_on_request_only(slack: SlackPeer) -> None:
    metadata = {"event_type": "x", "event_payload": {"key": "k"}}
    refused(slack, text="x", metadata=metadata)
    body = {"channel": slack.channel_id("#ml-alerts")}
    (row,) = slack.call("conversations.history", TOKEN, body)["messages"]
    assert row["metadata"] == {"event_type": "x"}
    body["include_all_metadata"] = "1"
    (row,) = slack.call("conversations.history", TOKEN, body)["messages"]
    assert row["metadata"] == metadata


def test_a_file_needs_its_bytes_and_a_channel_by_id(slack: SlackPeer) -> None:
    announced = slack.call("files.getUploadURLExternal", TOKEN, {"filename": "x", "length": "3"})
    file_id, place = announced["file_id"], slack.channel_id("#ml-alerts")
    files = [{"id": file_id}]

    def completed(channel: str) -> str:
        body = {"files": files, "channel_id": channel}
        return str(slack.call("files.completeUploadExternal", TOKEN, body).get("error"))

    assert completed(place) == "file_not_found"
    with pytest.raises(HTTPError, match="400"):
        urlopen(Request(announced["upload_url"], b"four", method="POST"), timeout=5)
    with urlopen(Request(announced["upload_url"], b"3by", method="POST"), timeout=5) as answer:
        assert answer.status == 200
    assert completed("#ml-alerts") == "channel_not_found"
    assert completed(place) == "None"


def test_a_story_is_told_as_it_reads_now(slack: SlackPeer) -> None:
    place = slack.channel_id("#ml-alerts")
    ts = slack.call("chat.postMessage", TOKEN, {"channel": place, "text": "first"})["ts"]
    reply = {"channel": place, "text": "reply", "thread_ts": ts}
    slack.call("chat.postMessage", TOKEN, reply)
    slack.say("#ml-alerts", "a person answers", ts)
    slack.call("chat.update", TOKEN, {"channel": place, "ts": ts, "text": "changed"})
    (told,) = slack.story()
    assert told.text == "changed"
    assert [reply.text for reply in told.replies] == ["reply"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"routing_key": "short"}, "should be 32 characters"),
        ({"routing_key": "f" * 32}, "Invalid routing key"),
        ({"event_action": "explode"}, "event_action"),
        ({"dedup_key": "k" * 256}, "dedup_key"),
        ({"payload": {}}, "payload"),
        ({"payload": {"summary": "x", "source": "y", "severity": "page"}}, "severity"),
        ({"payload": {"summary": "x" * 1025, "source": "y", "severity": "info"}}, "summary"),
        ({"links": [{"text": "nowhere"}]}, "links"),
    ],
)
def test_what_pagerduty_refuses(
    pagerduty: PagerDutyPeer, changes: dict[str, Any], error: str
) -> None:
    event = {
        "routing_key": pagerduty.routing_key,
        "event_action": "trigger",
        "dedup_key": "k",
        "payload": {"summary": "x", "source": "y", "severity": "info"},
    }
    assert pagerduty.answer("/v2/enqueue", {}, json.dumps(event).encode()).status == 202
    answer = pagerduty.answer("/v2/enqueue", {}, json.dumps({**event, **changes}).encode())
    assert answer.status == 400
    assert error in answer.body
    assert len(pagerduty.events) == 1


@pytest.mark.parametrize("kind", [SlackPeer, PagerDutyPeer])
def test_a_peer_leaves_no_thread_behind_and_comes_back_where_it_was(kind: type[HttpPeer]) -> None:
    before = threading.active_count()
    with kind() as running:
        root = running.root
        with running.refusing(), pytest.raises(OSError, match="refused"):
            urlopen(root, timeout=1)
        assert running.root == root
        with pytest.raises(HTTPError):
            urlopen(root, timeout=1)
    assert threading.active_count() == before
    with pytest.raises(OSError, match="refused"):
        urlopen(root, timeout=1)


def test_the_mail_peer_leaves_no_thread_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    with MailPeer(tmp_path) as running:
        port = running.port
        running.close()
        running.reopen()
        assert running.port == port
    assert threading.active_count() == before
