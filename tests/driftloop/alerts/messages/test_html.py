"""Block Kit as HTML."""

import pytest

from driftloop.alerts.message import Message
from driftloop.alerts.messages.formats.html import (
    MAIL,
    PAGE,
    block_html,
    channel_html,
    email_html,
    message_html,
)
from driftloop.alerts.messages.formats.mrkdwn import mrkdwn_html
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.messages.thread import confirmed_line, opened_line
from tests.driftloop.alerts.messages.message_records import LINKS, retrain
from tests.driftloop.alerts.messages.test_parent import OPEN, RECORD

BARE: dict[str, str] = {}


@pytest.mark.parametrize(
    ("mrkdwn", "made"),
    [
        ("a *b* c", "a <strong>b</strong> c"),
        ("_b_ ~c~", "<em>b</em> <s>c</s>"),
        ("*a _b_ `c`*", "<strong>a <em>b</em> <code>c</code></strong>"),
        ("`a *b*`", "<code>a *b*</code>"),
        ("```a\n*b*```", "<pre>a<br>*b*</pre>"),
        ("two * three * four", "two * three * four"),
        ("device_age_days", "device_age_days"),
        ("2*3*4", "2*3*4"),
        ("a\nb", "a<br>b"),
        ("&lt;b&gt; &amp;amp; &copy;", "&lt;b&gt; &amp;amp; &amp;copy;"),
        ("<script>", "&lt;script&gt;"),
        ("</script>", "&lt;/script&gt;"),
        ("<https://x/?a=1&amp;b=2|run>", '<a href="https://x/?a=1&amp;b=2" rel="noopener">run</a>'),
        ("<https://x>", '<a href="https://x" rel="noopener">https://x</a>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        (
            '<https://x" onclick="y|z>',
            '<a href="https://x&quot; onclick=&quot;y" rel="noopener">z</a>',
        ),
        ("<!channel> <!here>", "<span>@channel</span> <span>@here</span>"),
        ("<@U12> <@U12|ana>", "<span>@U12</span> <span>@ana</span>"),
        ("<!subteam^S12> <!subteam^S12|@oncall>", "<span>@S12</span> <span>@oncall</span>"),
        ("<#C12|ml-alerts> <#C12>", "<span>#ml-alerts</span> <span>#C12</span>"),
        (":white_check_mark: :unknown_one: 10:30:15", "✅ :unknown_one: 10:30:15"),
        ("\u202ea\x00b\u2066", "ab"),
    ],
)
def test_mrkdwn(mrkdwn: str, made: str) -> None:
    assert mrkdwn_html(mrkdwn, BARE) == made


@pytest.mark.parametrize(
    ("block", "made"),
    [
        (
            {"type": "header", "text": {"type": "plain_text", "text": "🚨 *a* <b>"}},
            '<h3 class="header">🚨 *a* &lt;b&gt;</h3>',
        ),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "*a*"}},
            '<p class="section"><strong>a</strong></p>',
        ),
        (
            {"type": "context", "elements": [{"type": "mrkdwn", "text": one} for one in "ab"]},
            '<p class="context">a b</p>',
        ),
        ({"type": "divider"}, '<hr class="divider">'),
        (
            {"type": "image", "image_url": "data:image/png;base64,AAAA", "alt_text": '"x"'},
            '<img class="image" src="data:image/png;base64,AAAA" alt="&quot;x&quot;">',
        ),
        (
            {"type": "image", "image_url": "https://x/y.png", "alt_text": "x"},
            '<p class="caption"><a class="link" href="https://x/y.png" rel="noopener">picture</a>'
            ": x</p>",
        ),
        (
            {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "x"},
            '<p class="caption">Picture: x</p>',
        ),
        ({"type": "actions", "elements": []}, ""),
    ],
)
def test_blocks(block: dict[str, object], made: str) -> None:
    assert block_html(block, PAGE) == made


def test_fields_stand_in_two_columns() -> None:
    block = {"type": "section", "fields": [{"type": "mrkdwn", "text": one} for one in "abc"]}
    made = block_html(block, BARE)
    assert made == ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>")


def test_fragment_names_its_severity() -> None:
    message = Message("k", "m", "test", "page", "t", ({"type": "divider"},))
    assert message_html(message) == '<div class="message page">\n<hr class="divider">\n</div>'


def test_a_channel_shows_parents_threads_and_times() -> None:
    parent = retrain_message(retrain(), LINKS)
    replies = (opened_line(RECORD, OPEN, LINKS), confirmed_line(RECORD, OPEN))
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
    assert set(MAIL) == set(PAGE)
