"""Block Kit and mrkdwn."""

import re
from dataclasses import replace

import pytest

from driftloop.alerts.blocks import (
    Block,
    Fields,
    Header,
    Line,
    Picture,
    Span,
    bold,
    code,
    context,
    line,
    section,
)
from driftloop.alerts.buttons import Button
from driftloop.alerts.message import Links, Message
from driftloop.alerts.messages.formats.slack import (
    URL_LIMIT,
    mrkdwn,
    size,
    slack_blocks,
    slack_text,
)

HOSTILE = "<!channel> `x` & <https://evil|y>"
ESCAPED = "&lt;!channel&gt; 'x' &amp; &lt;https://evil|y&gt;"


def message(*blocks: Block, text: str = "t", links: Links | None = None) -> Message:
    return Message("k", "m", "test", "info", text, blocks, links or Links())


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ((line("a ", bold("b"), ": ", code("c")),), "a *b*: `c`"),
        ((line("a"), line("b", bullet=True), line("c", bullet=True)), "a\n• b\n• c"),
        ((line(HOSTILE),), ESCAPED),
        ((line(bold(HOSTILE)),), f"*{ESCAPED}*"),
        ((line(code("a`b")),), "`a'b`"),
        ((Line((Span("a|b>", "link", "https://x?a=1&b=2"),)),), "<https://x?a=1&amp;b=2|a|b&gt;>"),
        ((Line((Span("a", "link", "https://" + "x" * URL_LIMIT),)),), "a"),
        ((), ""),
    ],
)
def test_mrkdwn(lines: tuple[Line, ...], shown: str) -> None:
    assert mrkdwn(lines) == shown


@pytest.mark.parametrize("limit", range(2, 40))
@pytest.mark.parametrize(
    "content",
    [
        line("a&b<c>d" * 3, bold("&" * 9), "x" * 30),
        line("see ", Span("run 1", "link", "http://host/run"), " now, now" * 5),
        line(code("abcdefgh"), code("abcdefgh"), code("abcdefgh"), code("abcdefgh&abcdefgh")),
    ],
)
def test_cutting_splits_no_mark_entity_or_link(content: Line, limit: int) -> None:
    shown = mrkdwn((content,), limit)
    assert len(shown) <= limit
    assert "…" in shown
    assert re.fullmatch(
        r"([^&<>*`]|&(amp|lt|gt);|<[^<>]*>|\*([^&<>*]|&amp;)+\*|`([^&`]|&amp;)+`)*", shown
    )


def test_blocks() -> None:
    picture = Picture("https://x/y.png", "x")
    shown = slack_blocks(
        message(Header("🚨 a < b"), Fields((("Old", "1 < 2"),)), context("small"), picture)
    )
    assert shown == [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": "🚨 a &lt; b", "emoji": True},
        },
        {
            "type": "section",
            "fields": [{"type": "mrkdwn", "text": "*Old*\n1 &lt; 2", "verbatim": True}],
        },
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "small", "verbatim": True}],
        },
        {"type": "image", "image_url": "https://x/y.png", "alt_text": "x"},
    ]


def test_buttons_are_shown_where_they_are_answered_and_never_cut() -> None:
    long = message(*[section("x")] * 60, links=Links(report="https://r"))
    long = replace(long, buttons=(Button("ack", "m"), Button("approve", "m", "<8>")))
    assert all(block["type"] != "actions" for block in slack_blocks(long))
    shown = slack_blocks(long, answers=True)
    assert [block["type"] for block in shown[-3:]] == ["context", "actions", "context"]
    first, second = shown[-2]["elements"]
    assert first == {
        "type": "button",
        "action_id": "driftloop:ack",
        "text": {"type": "plain_text", "text": "I take it on", "emoji": True},
        "value": '{"model": "m", "version": ""}',
    }
    assert second["text"]["text"] == "Approve version &lt;8&gt;"
    assert second["confirm"]["text"]["text"] == "Version &lt;8&gt; of m goes live."


def test_limits_of_each_block() -> None:
    long = "&" * 2000
    header, cells = slack_blocks(message(Header(long), Fields((("label", long),) * 5)))
    paragraph, small = slack_blocks(message(section(long), context(long)))
    assert len(header["text"]["text"]) <= 150
    assert 2990 <= len(paragraph["text"]["text"]) <= 3000
    assert len(small["elements"][0]["text"]) <= 3000
    (many,) = slack_blocks(message(Fields((("label", "value"),) * 12)))
    assert len(many["fields"]) == 10
    assert all(len(cell["text"]) <= 2000 for cell in cells["fields"])


def test_too_many_blocks_or_characters_are_left_out_and_said() -> None:
    links = Links(report="https://r/1")
    for block, most in ((section("x"), 48), (section("x" * 2_999), 4)):
        shown = slack_blocks(message(*[block] * 60, links=links))
        assert [block["type"] for block in shown] == ["section"] * most + ["context"] * 2
        assert [block["elements"][0]["text"] for block in shown[-2:]] == [
            "The rest is in the <https://r/1|report>.",
            "<https://r/1|Report>",
        ]
    assert len(slack_blocks(message(*[section("x")] * 49, links=links))) == 50


def test_a_mention_is_first_in_the_text_and_last_in_the_blocks() -> None:
    full = message(*[section("x")] * 50, text="a & b")
    assert slack_text(full, "<!here>") == "<!here> a &amp; b"
    shown = slack_blocks(full, "<!here>")
    assert len(shown) == 50
    assert shown[-1]["text"]["text"] == "<!here>"


def test_size_counts_as_slack_does() -> None:
    paragraph, cells = slack_blocks(message(section("🚨x"), Fields((("a", "b"),))))
    assert (size(paragraph), size(cells), size({"type": "divider"})) == (3, len("*a*\nb"), 0)
