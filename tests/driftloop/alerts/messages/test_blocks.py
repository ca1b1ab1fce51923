import re

import pytest

from driftloop.alerts import blocks

HOSTILE = "`<!channel>` & *x*\n\x00\u202egpj.exe\u2028\ud800 </script>"


def test_escape_makes_hostile_text_one_harmless_line() -> None:
    assert blocks.escape(HOSTILE) == "'&lt;!channel&gt;' &amp; *x* gpj.exe &lt;/script&gt;"


def test_escape_shortens_a_5000_character_category() -> None:
    line = blocks.escape("x" * 5000)
    assert len(line) == blocks.SENTENCE_LIMIT
    assert line.endswith("…")


@pytest.mark.parametrize("limit", range(2, 30))
@pytest.mark.parametrize("text", ["a&amp;b&lt;c&gt;d" * 3, "see <http://host/run|run 1> now, now"])
def test_cut_never_splits_an_entity_or_a_link(text: str, limit: int) -> None:
    short = blocks.cut(text, limit)
    assert len(short) <= limit
    assert short.endswith("…")
    assert re.fullmatch(r"([^&<>]|&(amp|lt|gt);|<[^<>]*>)*", short)


def test_cut_leaves_text_at_the_limit_alone() -> None:
    assert blocks.cut("x" * 150, 150) == "x" * 150


def test_builders_keep_slack_limits() -> None:
    long = "&amp;" * 2000
    assert len(blocks.header(long)["text"]["text"]) <= 150
    assert len(blocks.section(long)["text"]["text"]) <= 3000
    assert len(blocks.context(long)["elements"][0]["text"]) <= 3000
    pairs = blocks.fields([("label", long)] * 12)["fields"]
    assert len(pairs) == 10
    assert all(len(pair["text"]) <= 2000 for pair in pairs)


def test_too_many_blocks_or_characters_are_left_out_and_said() -> None:
    ending = [blocks.context("links")]
    for one, most in ((blocks.section("x"), 48), (blocks.section("x" * 3000), 4)):
        shown = blocks.limited([one] * 60, ending, "See the report.")
        assert [block["type"] for block in shown] == ["section"] * most + ["context"] * 2
        assert [block["elements"][0]["text"] for block in shown[-2:]] == [
            "See the report.",
            "links",
        ]
    fits = [blocks.section("x")] * 49
    assert blocks.limited(fits, ending) == (*fits, *ending)


def test_size_counts_as_slack_does() -> None:
    assert blocks.size(blocks.section("🚨x")) == 3
    assert blocks.size(blocks.fields([("a", "b")])) == len("*a*\nb")
    assert blocks.size({"type": "divider"}) == 0


def test_sentence_closes_with_one_full_stop() -> None:
    assert [blocks.sentence(text) for text in ("gone", "gone.", "gone?")] == [
        "gone.",
        "gone.",
        "gone?",
    ]


def test_bullets_count_what_they_leave_out() -> None:
    assert blocks.bullets(["a", "b", "c"]).splitlines() == ["• a.", "• b.", "• c."]
    assert blocks.bullets(["a"] * 8).endswith("and 5 more")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/r?a=1&b=2", "<https://host/r?a=1&amp;b=2|run>"),
        ("https://host/a|b>c d", "<https://host/a%7Cb%3Ec%20d|run>"),
        ("javascript:alert(1)", None),
        ("https://host/" + "x" * 2000, None),
        (None, None),
    ],
)
def test_link(url: str | None, shown: str | None) -> None:
    assert blocks.link(url, "run") == shown
