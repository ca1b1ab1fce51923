"""Markup: what is shown is text, whatever it holds."""

from html.parser import HTMLParser

import pytest

from driftloop.reporting.html.markup import Drawing, el, name, page, render, table, text, told
from tests.driftloop.reporting.report_cases import HOSTILE


def test_text_and_attributes_are_escaped() -> None:
    made = render(el("p", '<b>&"', title="\"><script>'"))
    assert made == '<p title="&quot;&gt;&lt;script&gt;&#x27;">&lt;b&gt;&amp;"</p>'


def test_attributes_are_named_as_html_names_them() -> None:
    made = render(el("input", class_="a", aria_label="b", for_="c", open=True, hidden=False))
    assert made == '<input class="a" aria-label="b" for="c" open="">'


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no name"):
        el("p onload=x")
    with pytest.raises(ValueError, match="no name"):
        el("p", **{"a=b": "c"})


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", " https://x", "//x:y"]
)
def test_an_address_that_runs_code_is_left_out(address: str) -> None:
    assert render(el("a", "x", href=address)) == "<a>x</a>"


@pytest.mark.parametrize("address", ["https://a.example/?b=c&d", "#top", "reports/a.html"])
def test_an_address_that_leads_somewhere_is_kept(address: str) -> None:
    assert "href=" in render(el("a", "x", href=address))


def test_only_what_was_drawn_is_taken_as_it_stands() -> None:
    assert render(el("p", Drawing("<svg/>"), None, "<svg/>")) == "<p><svg/>&lt;svg/&gt;</p>"


def test_text_loses_what_hides_or_reorders_and_has_an_end() -> None:
    assert text("a\u202eb\x00c\u200bd\ne") == "ab cd e"
    assert text("x" * 10_000, 50) == "x" * 49 + "…"


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("`a` rose", "<code><bdi>a</bdi></code> rose"),
        ("`a`b` rose", "<code><bdi>a</bdi></code>b` rose"),
        ("rose", "rose"),
        ("`<i>`", "<code><bdi>&lt;i&gt;</bdi></code>"),
    ],
)
def test_names_in_a_sentence(said: str, made: str) -> None:
    assert render(el("p", *told(said))) == f"<p>{made}</p>"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [tag, *(name for name, _ in attrs)]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_stays_a_name(hostile: str) -> None:
    found = Tags()
    found.feed(
        page(hostile, "p {}", el("p", name(hostile), title=hostile), el("b", *told(hostile)))
    )
    assert not {"script", "img", "onerror", "i", "src"} & set(found.seen)
    assert found.seen.count("bdi") <= 2


def test_a_table_is_captioned_and_scoped() -> None:
    made = render(table("Two", ("a", "b"), [("c", "d")]))
    assert "<caption>Two</caption>" in made
    assert '<th scope="col">a</th>' in made
    assert '<th scope="row">c</th><td>d</td>' in made
