from driftloop.alerts.blocks import (
    Block,
    Context,
    Fields,
    Header,
    Line,
    Picture,
    Span,
    bold,
    code,
    line,
    section,
)
from driftloop.alerts.message import Links, Message
from driftloop.alerts.messages.formats.plain_text import links, title, to_text


def said(*shown: Block, text: str = "a & b", see: Links | None = None) -> Message:
    return Message("k", "payments", "opened", "page", text, shown, see or Links())


def test_a_message_reads_as_paragraphs() -> None:
    message = said(
        Header("🚨 payments: x < y"),
        section(
            bold("2 of 9 checks failed:"),
            line("first & foremost", bullet=True),
            line("run ", code("driftloop status"), bullet=True),
        ),
        Fields((("Old score", "0.842"), ("Gain", "+0.019\n(0.01 to 0.03)"))),
        Picture("https://x/y.png", "a chart"),
        see=Links("https://prefect/runs/1?a=1&b=2", report="https://r/1"),
    )
    assert to_text(message) == (
        "🚨 payments: x < y\n\n"
        "2 of 9 checks failed:\n• first & foremost\n• run driftloop status\n\n"
        "Old score: 0.842\nGain: +0.019\n(0.01 to 0.03)\n\n"
        "a chart\n\n"
        "Report: https://r/1 · Prefect run: https://prefect/runs/1?a=1&b=2"
    )


def test_markup_of_a_channel_is_text() -> None:
    text = "*a* `b` <!here> <https://x|y> &lt; 2*3*4"
    assert to_text(said(section(text))) == text


def test_a_message_without_blocks_is_its_text() -> None:
    assert to_text(said()) == "a & b"
    assert title(said()) == "a & b"


def test_a_title_is_one_line() -> None:
    assert title(said(section("first"), Header("a\r\n b > c"))) == "a b > c"


def test_each_link_is_listed_once_and_in_order() -> None:
    again = Line((Span("B", "link", "https://b"), Span(" and "), Span("B2", "link", "https://b")))
    message = said(Context(again), see=Links(report="https://a?x=1&y=2"))
    assert links(message) == (("https://b", "B"), ("https://a?x=1&y=2", "Report"))
