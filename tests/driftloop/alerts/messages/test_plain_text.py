import pytest

from driftloop.alerts import blocks
from driftloop.alerts.message import Message
from driftloop.alerts.messages.formats.plain_text import links, plain, title, to_text


def said(*shown: dict[str, object], text: str = "a &amp; b") -> Message:
    return Message("k", "payments", "opened", "page", text, shown)


def test_a_message_reads_as_paragraphs() -> None:
    message = said(
        blocks.header("🚨 payments: x &lt; y"),
        blocks.section("*2 of 9 checks failed:*\n• first &amp; foremost\n• second"),
        {"type": "divider"},
        blocks.fields([("Old score", "0.842"), ("Gain", "+0.019\n(0.01 to 0.03)")]),
        {"type": "image", "image_url": "https://x/y.png", "alt_text": "a chart"},
        blocks.context("<https://prefect/runs/1?a=1&amp;b=2|Prefect run> · data a1b2"),
    )
    assert to_text(message) == (
        "🚨 payments: x < y\n\n"
        "2 of 9 checks failed:\n• first & foremost\n• second\n\n"
        "Old score: 0.842\nGain: +0.019\n(0.01 to 0.03)\n\n"
        "a chart\n\n"
        "Prefect run: https://prefect/runs/1?a=1&b=2 · data a1b2"
    )


def test_a_button_is_a_link() -> None:
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Approve"},
        "url": "https://x/y",
    }
    message = said({"type": "actions", "elements": [button]})
    assert to_text(message) == "Approve: https://x/y"
    assert links(message) == (("https://x/y", "Approve"),)


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        ("*bold* and 2*3*4 = 24", "bold and 2*3*4 = 24"),
        ("`order.date`", "order.date"),
        ("<https://x/y>", "https://x/y"),
        ("<!here> <@U012ABC> <!subteam^S012ABC> look", "@here @U012ABC @S012ABC look"),
        ("<@U012ABC|anna> in <#C012ABC|ml-alerts>", "@anna in #ml-alerts"),
        ("since <!date^1392734382^{date}|2014-02-18>", "since 2014-02-18"),
        ("&lt;https://x|y&gt;", "<https://x|y>"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_markup_goes_and_everything_else_stays(mrkdwn: str, text: str) -> None:
    assert plain(mrkdwn) == text


def test_a_message_without_blocks_is_its_text() -> None:
    assert to_text(said()) == "a & b"
    assert title(said()) == "a & b"


def test_a_title_is_one_line() -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "a\r\n b &gt; c"}}
    assert title(said(blocks.section("first"), header)) == "a b > c"


def test_each_link_is_told_once_and_in_order() -> None:
    message = said(
        blocks.section("see <https://b|B> and <https://a|A &amp; co>"),
        blocks.fields([("again", "<https://b|B2>")]),
    )
    assert links(message) == (("https://b", "B"), ("https://a", "A & co"))
