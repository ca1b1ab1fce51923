import pytest
from pydantic import TypeAdapter

from driftloop.alerts.blocks import (
    SENTENCE_LIMIT,
    Block,
    Context,
    Fields,
    Header,
    Picture,
    Section,
    bold,
    bullets,
    clean,
    code,
    cut,
    line,
    section,
    sentence,
)
from driftloop.alerts.message import Links, link
from driftloop.base.serialize import to_plain

HOSTILE = "`<!channel>` & *x*\n\x00\u202egpj.exe\u2028\ud800 </script>"


def test_clean_makes_hostile_text_one_line() -> None:
    assert clean(HOSTILE) == "'<!channel>' & *x* gpj.exe </script>"


def test_clean_shortens_a_5000_character_category() -> None:
    shown = clean("x" * 5000)
    assert len(shown) == SENTENCE_LIMIT
    assert shown.endswith("…")


def test_cut_leaves_text_at_the_limit_alone() -> None:
    assert cut("x" * 150, 150) == "x" * 150
    assert cut("x" * 151, 150) == "x" * 149 + "…"


def test_sentence_closes_with_one_full_stop() -> None:
    assert [sentence(text) for text in ("gone", "gone.", "gone?")] == ["gone.", "gone.", "gone?"]


def test_bullets_count_what_they_leave_out() -> None:
    assert [item.plain for item in bullets(["a", "b", "c"])] == ["a.", "b.", "c."]
    assert all(item.bullet for item in bullets(["a", "b", "c"]))
    assert bullets(["a"] * 8)[-1] == line("and 5 more")


def test_a_section_in_short_is_its_first_line_and_first_bullet() -> None:
    found = section(line(bold("2 failed:"), " a & b"), *bullets(["x", "y"]))
    assert (found.lead, found.short) == ("2 failed: a & b", "2 failed: a & b x.")
    assert section("a", "b").short == "a"
    assert Section(()).short == ""


@pytest.mark.parametrize(
    "block",
    [
        Header("h"),
        section(line("a ", bold("b"), code("c")), *bullets(["d"])),
        Fields((("label", "value"),)),
        Context(line("small")),
        Picture("data:image/png;base64,AA", "alt"),
        *Links("https://x/1").footer,
    ],
)
def test_blocks_are_stored_and_read(block: Block) -> None:
    stored = to_plain(block)
    assert TypeAdapter(Block).validate_python(stored) == block


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://host/r?a=1&b=2", "https://host/r?a=1&b=2"),
        ("https://host/a|b>c d", "https://host/a%7Cb%3Ec%20d"),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_link(url: str | None, address: str | None) -> None:
    shown = link("run", url)
    assert (shown and shown.url) == address


def test_links_are_shown_in_one_order_and_missing_ones_left_out() -> None:
    links = Links(report="http://r", prefect_run="http://p", mlflow_run="ftp://m")
    assert [span.text for span in links.spans] == ["Report", "Prefect run"]
    assert Links().footer == ()
