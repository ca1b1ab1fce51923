"""Alerts that commit 9b558d9 stored: Slack's blocks and mrkdwn, read as neutral blocks.

The documents in `stored/` were written by that commit: two incidents of a payments model with
hostile names, everything that waited to be sent, a digest, and the transcript of a page.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from driftloop.alerts.blocks import Picture, Section, bold, code, line
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.delivery_plan import prune
from driftloop.alerts.incident import AlertState
from driftloop.alerts.message import Message
from driftloop.alerts.messages.formats.slack import mrkdwn, slack_blocks, slack_text
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.stored import upgraded_message, upgraded_state
from driftloop.base.errors import DataError
from driftloop.base.serialize import to_plain

FOLDER = Path(__file__).parent / "stored"


def stored(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def messages(document: dict[str, Any]) -> list[tuple[dict[str, Any], Message]]:
    """Each stored message, and what is read of it."""
    state = AlertState.from_dict(document)
    pairs = zip(document["posts"], state.posts, strict=True)
    return [
        (old[key], new)
        for old, post in pairs
        for key, new in (("message", post.message), ("line", post.line))
        if new is not None
    ]


def sorted_links(blocks: list[Any]) -> list[Any]:
    """Return blocks with links in one order: since then the report comes first."""
    links = [block for block in blocks if "<http" in str(block) and block["type"] == "context"]
    shown = [sorted(block["elements"][0]["text"].split(" · ")) for block in links]
    return [*(block for block in blocks if block not in links), shown]


@pytest.mark.parametrize("name", ["alerts_payments", "alerts__digest"])
def test_slack_shows_what_was_to_be_sent_as_before(name: str) -> None:
    pairs = messages(stored(name))
    assert len(pairs) > 20 or name == "alerts__digest"
    for old, new in pairs:
        assert slack_text(new) == old["text"]
        assert sorted_links(slack_blocks(new)) == sorted_links(old["blocks"])


def test_the_parent_of_an_open_incident_reads_as_before() -> None:
    document = stored("alerts_payments")
    old, new = document["incidents"][1], AlertState.from_dict(document).incidents[1]
    summary = new.summary
    assert [mrkdwn(cause.lines) for cause in summary.causes] == old["card"]["causes"]
    assert mrkdwn((summary.next_step,)) == old["card"]["step"]
    opened = next(post for post in document["posts"] if post["incident"] == 2)["message"]
    assert "2 of 3 data checks failed: the data look broken" in opened["text"]
    assert slack_text(parent_message("payments", new)) == opened["text"]


def test_names_are_read_as_they_are() -> None:
    blocks = AlertState.from_dict(stored("alerts_payments")).posts[0].message.blocks
    lines = [item for block in blocks if isinstance(block, Section) for item in block.lines]
    # Slack showed this name in bold, so that it can no longer be told from what was meant so.
    assert line("'a <b> & ", bold("c"), "' rose <!here>.", bullet=True) in lines
    assert line(bold("3 of 20 inputs drifted"), " away from the reference.") in lines
    assert code("a <b> & *c*") in [item.spans[0] for item in lines]


@pytest.mark.parametrize("name", ["alerts_payments", "alerts__digest"])
def test_what_is_stored_again_is_neutral(name: str) -> None:
    state = AlertState.from_dict(stored(name))
    document = to_plain(state)
    assert AlertState.from_dict(document) == state
    assert upgraded_state(document) == document
    texts = json.dumps(document, ensure_ascii=False)
    assert not any(mark in texts.replace("*c*", "") for mark in ("&lt;", "*", "<http", "verbatim"))


def test_an_upgraded_state_can_be_delivered() -> None:
    channels = (SlackChannel().key, PageChannel().key)
    state = AlertState.from_dict(stored("alerts_payments"))
    assert prune(state, "payments", channels) == state


def test_a_page_is_read() -> None:
    adapter = TypeAdapter(Message)
    old = [entry["message"] for entry in stored("page")["entries"]]
    new = [adapter.validate_python(upgraded_message(message)) for message in old]
    assert [sorted_links(slack_blocks(message)) for message in new[:2]] == [
        sorted_links(message["blocks"]) for message in old[:2]
    ]
    (picture,) = new[2].blocks
    assert isinstance(picture, Picture)
    assert picture.url.startswith("data:image/png;base64,")
    assert [upgraded_message(to_plain(message)) for message in new] == [*map(to_plain, new)]


@pytest.mark.parametrize(
    "damage",
    [
        {"posts": 1},
        {"incidents": [1]},
        {"posts": [{"message": {"blocks": [{"type": "unknown"}]}}]},
        {"posts": [{"message": {"blocks": [{"type": "section", "text": 1}]}}]},
    ],
)
def test_a_damaged_document_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="not a stored state of alerts"):
        AlertState.from_dict({**stored("alerts_payments"), **damage})
