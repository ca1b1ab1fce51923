"""Messages as HTML."""

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
from driftloop.alerts.message import Message
from driftloop.alerts.messages import thread
from driftloop.alerts.messages.formats.html import channel_html, email_html, lines_html
from driftloop.alerts.messages.retraining import retrain_message
from tests.driftloop.alerts.messages.message_records import LINKS, retrain
from tests.driftloop.alerts.messages.test_parent import OPEN, RECORD


@pytest.mark.parametrize(
    ("lines", "made"),
    [
        ((line("a ", bold("b"), " c"),), "a <strong>b</strong> c"),
        ((line(code("a *b*")),), "<code>a *b*</code>"),
        ((line("a"), line("b", bullet=True)), "a<br>• b"),
        ((line("*a* `b` <!here> &amp;"),), "*a* `b` &lt;!here&gt; &amp;amp;"),
        ((line(bold("</script><b>")),), "<strong>&lt;/script&gt;&lt;b&gt;</strong>"),
        (
            (Line((Span("run", "link", 'https://x/?a=1&b="2"'),)),),
            '<a href="https://x/?a=1&amp;b=&#34;2&#34;" rel="noopener">run</a>',
        ),
        ((), ""),
    ],
)
def test_lines(lines: tuple[Line, ...], made: str) -> None:
    assert lines_html(lines) == made


@pytest.mark.parametrize(
    ("block", "made"),
    [
        (Header("🚨 *a* <b>"), '<h3 class="header">🚨 *a* &lt;b&gt;</h3>'),
        (section(bold("a")), '<p class="section"><strong>a</strong></p>'),
        (context("a <b>"), '<p class="context">a &lt;b&gt;</p>'),
        (
            Picture("data:image/png;base64,AAAA", '"x"'),
            '<img class="picture" src="data:image/png;base64,AAAA" alt="&#34;x&#34;">',
        ),
        (
            Fields((("a", "1"), ("b", "2"), ("c", "<3>"))),
            '<table class="fields"><tr><td class="field"><strong>a</strong><br>1</td>'
            '<td class="field"><strong>b</strong><br>2</td></tr>'
            '<tr><td class="field"><strong>c</strong><br>&lt;3&gt;</td></tr></table>',
        ),
    ],
)
def test_blocks(block: Block, made: str) -> None:
    message = Message("k", "m", "test", "page", "t", (block,))
    page = channel_html("x", [(message, ())])
    assert f'<div class="message page">\n{made}\n</div>' in page


def test_a_channel_shows_parents_threads_and_times() -> None:
    parent = retrain_message(retrain(), LINKS)
    replies = (thread.opened_line(RECORD, OPEN, LINKS), thread.confirmed_line(RECORD, OPEN))
    page = channel_html("ml <alerts>", [(parent, replies), (parent, replies[:1]), (parent, ())])
    assert "<title>ml &lt;alerts&gt;</title>" in page
    assert page.count('<section class="post">') == 3
    assert page.count('<div class="thread">') == 2
    assert (page.count("2 replies"), page.count("1 reply<")) == (1, 1)
    assert page.count("<time>09 Mar, 06:00</time>") == 6
    assert "prefers-color-scheme: dark" in page
    assert "<script" not in page
    assert " src=" not in page
    assert "@import" not in page


def test_a_mail_needs_no_style_sheet() -> None:
    page = email_html(retrain_message(retrain(), LINKS))
    assert "class=" not in page
    assert "<style" not in page
    assert page.count("<table") == 2
    assert page.count('style="margin:0"') == 4


def test_the_page_of_alerts_lets_nothing_be_loaded_or_run() -> None:
    page = channel_html("#ml-alerts", [(retrain_message(retrain(), LINKS), ())])
    policy = page[page.index("Content-Security-Policy") :].partition(">")[0]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy, "there is no script"
    assert "<script" not in page
