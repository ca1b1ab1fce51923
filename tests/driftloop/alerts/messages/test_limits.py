"""Whatever there is to say, Slack takes it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from driftloop.alerts import blocks
from driftloop.alerts.incident import Card, Incident
from driftloop.alerts.links import Links
from driftloop.alerts.message import Message
from driftloop.alerts.messages.formats.html import PAGE
from driftloop.alerts.messages.formats.mrkdwn import mrkdwn_html
from driftloop.alerts.messages.formats.sparkline import LEVELS, sparkline
from driftloop.alerts.messages.parent import parent_message
from tests.driftloop.alerts.messages.message_records import AS_OF, LINKS

TEXT = st.text(max_size=200)
PARAGRAPH = st.builds(lambda text, times: blocks.escape(text * times, 20_000), TEXT, st.just(90))
PARAGRAPHS = st.lists(PARAGRAPH.filter(bool), max_size=60).map(tuple)


def total(message: Message) -> int:
    return sum(map(blocks.size, message.blocks))


@given(st.lists(st.text(max_size=20_000), max_size=80), st.lists(TEXT, max_size=2))
def test_limited_never_exceeds(texts: list[str], ending: list[str]) -> None:
    last = [blocks.context(text) for text in ending]
    shown = blocks.limited([blocks.section(text) for text in texts], last)
    assert len(shown) <= blocks.BLOCKS_LIMIT
    assert sum(map(blocks.size, shown)) <= blocks.TOTAL_LIMIT
    assert list(shown[len(shown) - len(last) :]) == last


@given(PARAGRAPHS, PARAGRAPHS, PARAGRAPH, PARAGRAPH, PARAGRAPHS, TEXT)
def test_a_parent_always_fits_and_keeps_its_links(
    causes: tuple[str, ...],
    worst: tuple[str, ...],
    done: str,
    step: str,
    facts: tuple[str, ...],
    model: str,
) -> None:
    card = Card("needs a look", causes, done, step, worst, facts, LINKS)
    opened = Incident(
        1, AS_OF - timedelta(1), AS_OF, AS_OF, AS_OF, "page", "page", ("drift",), "7", card
    )
    message = parent_message(model, opened)
    assert len(message.blocks) <= blocks.BLOCKS_LIMIT
    assert total(message) <= blocks.TOTAL_LIMIT
    assert "Prefect run" in message.blocks[-1]["elements"][0]["text"]


@given(TEXT, st.integers(2, 400))
def test_escaped_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = blocks.escape(text, limit)
    assert len(line) <= limit
    assert not set(line) & set("<>`\n\r\x00\u202e")


@given(st.text("*_~`<>|@#!&;:abc \n", max_size=300))
def test_mrkdwn_gives_balanced_html(text: str) -> None:
    made = mrkdwn_html(text, PAGE)
    for name in ("strong", "em", "s", "code", "pre", "span", "a"):
        assert made.count(f"<{name} ") + made.count(f"<{name}>") == made.count(f"</{name}>")


@given(st.lists(st.floats(0, 1), max_size=40))
def test_sparkline_has_a_bar_a_share(shares: list[float]) -> None:
    drawn = sparkline(shares)
    assert len(drawn) == len(shares)
    assert set(drawn) <= set(LEVELS)
    if shares and max(shares) > 0:
        assert drawn[shares.index(max(shares))] == LEVELS[-1]


def test_a_cut_message_says_where_the_rest_is() -> None:
    for links, where in (
        (Links(report="http://reports/1"), "<http://reports/1|report>"),
        (Links(prefect_run="http://prefect/1"), "<http://prefect/1|Prefect run>"),
        (Links(), "Prefect run"),
    ):
        card = Card("needs a look", ("x" * 2_900,) * 9, "Done.", "Step.", links=links)
        opened = Incident(1, AS_OF, AS_OF, AS_OF, AS_OF, "page", "page", ("drift",), "7", card)
        said = [
            block["elements"][0]["text"]
            for block in parent_message("payments", opened).blocks
            if block["type"] == "context"
        ]
        assert f"The rest is in the {where}." in said
