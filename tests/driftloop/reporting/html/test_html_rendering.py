"""Rendering: what is shown is text, whatever it holds."""

from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import UndefinedError

from driftloop.reporting.html.rendering import environment, name, safe_address, sentence, text
from tests.driftloop.reporting.report_cases import HOSTILE


def rendered(template: str, **context: Any) -> str:
    macros = '{% import "html/macros.html.j2" as ui %}'
    return environment().from_string(macros + template).render(context)


def test_text_and_attributes_are_escaped() -> None:
    html = rendered('<p title="{{ a }}">{{ b }}</p>', a="\"><script>'", b='<b>&"')
    assert html == '<p title="&#34;&gt;&lt;script&gt;&#39;">&lt;b&gt;&amp;&#34;</p>'


def test_every_value_is_made_harmless_without_a_filter() -> None:
    assert rendered("{{ a }}", a="a\u202eb\x00c") == "ab c"
    assert len(rendered("{{ a }}", a="x" * 10_000)) == 600


def test_a_missing_variable_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="nothing"):
        rendered("{{ nothing }}")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", " https://x", "//x:y"]
)
def test_an_address_that_runs_code_is_left_out(address: str) -> None:
    assert safe_address(address) is None
    assert rendered('{{ ui.link("x", address) }}', address=address) == "<a>x</a>"


@pytest.mark.parametrize("address", ["https://a.example/?b=c&d", "#top", "reports/a.html"])
def test_an_address_that_leads_somewhere_is_kept(address: str) -> None:
    assert safe_address(address) == address
    assert "href=" in rendered('{{ ui.link("x", address) }}', address=address)


def test_text_loses_what_hides_or_reorders_and_has_an_end() -> None:
    assert text("a\u202eb\x00c\u200bd\ne") == "ab cd e"
    assert text("x" * 10_000, 50) == "x" * 49 + "…"


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("`a` rose", "<code><bdi>a</bdi></code> rose"),
        ("`a`b` rose", "<code><bdi>a</bdi></code>b` rose"),
        ("rose", "rose"),
        ("`<i>`", "<code><bdi>&lt;i&gt;</bdi></code>"),
        ("<i> `a`", "&lt;i&gt; <code><bdi>a</bdi></code>"),
    ],
)
def test_names_in_a_sentence(plain: str, html: str) -> None:
    assert sentence(plain) == html


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [tag, *(name for name, _ in attrs)]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_stays_a_name(hostile: str) -> None:
    tags = Tags()
    tags.feed(
        rendered(
            '<p title="{{ hostile }}">{{ hostile|name }}</p><b>{{ hostile|sentence }}</b>'
            '{{ ui.badge("x", hostile, "bad") }}{{ ui.status_badge(hostile) }}'
            "{% call ui.table(hostile, (hostile,)) %}{{ hostile }}{% endcall %}",
            hostile=hostile,
        )
    )
    assert not {"script", "img", "onerror", "i", "src"} & set(tags.seen)
    assert tags.seen.count("bdi") <= 2
    assert name(hostile).startswith("<bdi>")


def test_a_table_is_captioned_and_scoped() -> None:
    html = rendered('{% call ui.table("Two", ("a", "b")) %}<tr></tr>{% endcall %}')
    assert "<caption>Two</caption>" in html
    assert '<th scope="col">a</th>' in html
    assert "<tbody>\n<tr></tr>\n</tbody>" in html


def test_every_page_loads_nothing_from_elsewhere() -> None:
    page = environment().get_template("html/base.html.j2").render(page="report")
    policy = page[page.index("Content-Security-Policy") :].partition(">")[0]
    assert "default-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "http" not in policy
