"""Whatever there is to say, Slack takes it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from driftloop.alerts.blocks import Line, Section, bullets, clean, line, section
from driftloop.alerts.incident import Incident, IncidentSummary
from driftloop.alerts.message import Links, Message
from driftloop.alerts.messages.formats.slack import (
    BLOCKS_LIMIT,
    SECTION_LIMIT,
    TOTAL_LIMIT,
    size,
    slack_blocks,
)
from driftloop.alerts.messages.formats.sparkline import LEVELS, sparkline
from driftloop.alerts.messages.parent import parent_message
from tests.driftloop.alerts.messages.message_records import AS_OF, LINKS

TEXT = st.text(max_size=200)
LONG = st.builds(lambda text: clean(text * 90, 20_000), TEXT).filter(bool)
LINES = st.lists(st.builds(line, LONG), max_size=60).map(tuple)
SECTIONS = st.lists(st.builds(lambda text: section(text, *bullets([text])), LONG), max_size=60)


@given(st.lists(st.text(max_size=20_000), max_size=80))
def test_a_message_never_exceeds(texts: list[str]) -> None:
    blocks = tuple(section(text) for text in texts)
    shown = slack_blocks(Message("k", "m", "test", "info", "t", blocks, LINKS), "<!here>")
    assert len(shown) <= BLOCKS_LIMIT
    assert sum(map(size, shown)) <= TOTAL_LIMIT
    assert all(len(block["text"]["text"]) <= SECTION_LIMIT for block in shown if "text" in block)
    assert "Prefect run" in shown[-2]["elements"][0]["text"]
    assert shown[-1]["text"]["text"] == "<!here>"


@given(SECTIONS.map(tuple), LINES, LONG, LONG, st.lists(LONG).map(tuple), TEXT)
def test_a_parent_always_fits_and_keeps_its_links(
    causes: tuple[Section, ...],
    worst: tuple[Line, ...],
    done: str,
    step: str,
    facts: tuple[str, ...],
    model: str,
) -> None:
    summary = IncidentSummary("needs a look", causes, done, line(step), worst, facts, LINKS)
    opened = Incident(
        1, AS_OF - timedelta(1), AS_OF, AS_OF, AS_OF, "page", "page", ("drift",), "7", summary
    )
    shown = slack_blocks(parent_message(model, opened))
    assert len(shown) <= BLOCKS_LIMIT
    assert sum(map(size, shown)) <= TOTAL_LIMIT
    assert "Prefect run" in shown[-1]["elements"][0]["text"]


@given(TEXT, st.integers(2, 400))
def test_cleaned_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not set(cleaned) & set("`\n\r\x00\u202e")


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
        causes = (section("x" * 2_900),) * 9
        summary = IncidentSummary("needs a look", causes, "Done.", line("Step."), links=links)
        opened = Incident(1, AS_OF, AS_OF, AS_OF, AS_OF, "page", "page", ("drift",), "7", summary)
        said = [
            block["elements"][0]["text"]
            for block in slack_blocks(parent_message("payments", opened))
            if block["type"] == "context"
        ]
        assert f"The rest is in the {where}." in said
