"""Names and values that try to format, mention, link, reorder or overflow, in every message."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from driftloop.alerts.incident import Acknowledgement, Incident
from driftloop.alerts.message import Message
from driftloop.alerts.messages import thread
from driftloop.alerts.messages.channel_test import alert_test_message
from driftloop.alerts.messages.digest import DigestLine, digest_message
from driftloop.alerts.messages.formats.html import channel_html, email_html
from driftloop.alerts.messages.formats.slack import (
    BLOCKS_LIMIT,
    TOTAL_LIMIT,
    size,
    slack_blocks,
    slack_text,
)
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.messages.summary import (
    blind_summary,
    summary_of,
    with_new_champion,
    with_retraining,
)
from driftloop.alerts.messages.versions import (
    answer_message,
    rollback_message,
    stuck_message,
    trial_message,
)
from driftloop.base.distribution import Shape
from driftloop.base.findings import Trouble, Verdict
from driftloop.base.records import Decision, TrialOutcome
from driftloop.base.retrain_record import Promotion
from driftloop.base.scores import GateResult
from driftloop.base.tags import RunTags
from tests.driftloop.alerts.messages.message_records import (
    AS_OF,
    LINK_LINE,
    LINKS,
    check,
    comparison,
    drifted,
    finding,
    performance,
    retrain,
    shown,
)

NASTY = (
    "<!channel> <@U123> `rm -rf` \x00\x1b[31m\u202egpj.exe\u2066 <https://evil|x> </script>"
    "<img src=x onerror=alert(1)> & *b* _i_ ~s~ ``` $x$ \u2028\n\ud800 🚨 :rotating_light: "
)
NAMES = {
    "nasty": NASTY,
    "long": "<!channel> " + "x" * 5_000,
    "entities": "&" * 5_000,
    "quotes": '" onclick="alert(1)" \'x\'',
}


def everything(name: str) -> list[Message]:
    """Every message, about records in which every text is the same hostile one."""
    shape = Shape(name, (name, "b"), (), (0.5, 0.5), (0.1, 0.9))
    moved = tuple(
        replace(finding(f"{name}{i}", f"{name}: moved"), shape=replace(shape, name=f"{name}{i}"))
        for i in range(4)
    )
    record = drifted(
        model=name,
        champion=name,
        rev=name,
        findings=moved,
        quality=(check(name, f"{name} is broken", "inconclusive"),),
        performance=replace(performance("fell"), metric=name),
        decision=Decision("hold", (name, name + "2", name + "3"), held="losing_streak"),
        verdict=Verdict("drift", name),
        troubles=(Trouble("concept_drift", name),),
        aftermath=name,
    )
    broken = replace(record, quality=(check(name, f"{name} is broken"),))
    scored = replace(
        comparison(), metric=name, sentence=name, gates=(GateResult(name, "refused", name),) * 9
    )
    promotion = Promotion(False, name, name, name)
    retrained = retrain(
        model=name, rev=name, reason=name, challenger=name, comparison=scored, promotion=promotion
    )
    summary = summary_of(record, LINKS)
    opened = Incident(
        1,
        AS_OF,
        AS_OF,
        AS_OF,
        AS_OF,
        "page",
        "page",
        ("drift",),
        name,
        summary,
        acknowledged=Acknowledgement(name, AS_OF, name),
        quiet=1,
    )
    summaries = (
        summary,
        summary_of(broken, LINKS),
        blind_summary(record, LINKS, 2),
        with_retraining(summary, retrained, LINKS),
        with_new_champion(summary, name),
    )
    trial = TrialOutcome("shadow", name, name, "worse", "promoted", 1, 1, 0.1, name)
    run = RunTags(
        kind="monitor", key="k", as_of=AS_OF, verdict="drift", metric=name, score=0.1, score_low=0.0
    )
    line = DigestLine(name, replace(run, score_high=0.2), 3, AS_OF, "page", 1, 1, 1, AS_OF)
    return [
        *(parent_message(name, replace(opened, summary=summary)) for summary in summaries),
        parent_message(name, replace(opened, resolved_at=AS_OF)),
        thread.opened_line(record, opened, LINKS),
        thread.worsened_line(record, opened, name, LINKS),
        thread.reopened_line(record, opened, LINKS),
        thread.confirmed_line(broken, opened),
        thread.started_line(record, opened),
        thread.acknowledged_line(name, opened),
        thread.resolved_line(record, opened, LINKS),
        thread.worsened_message(record, opened, LINKS),
        thread.reopened_message(record, opened, LINKS),
        thread.resolved_message(record, opened, LINKS),
        thread.acknowledged_message(name, opened),
        retrain_message(retrained, LINKS),
        retrain_message(replace(retrained, promotion=replace(promotion, promoted=True)), LINKS),
        rollback_message(name, AS_OF, name, name, name, LINKS),
        trial_message(name, AS_OF, trial, LINKS),
        stuck_message(record, LINKS),
        answer_message(name, AS_OF, promotion, name, LINKS),
        digest_message(name, AS_OF, (line,) * 40),
        alert_test_message(name, name, AS_OF),
    ]


@pytest.fixture(params=NAMES)
def told(request: pytest.FixtureRequest) -> list[Message]:
    return everything(NAMES[request.param])


def texts(message: Message) -> list[tuple[str, str, int]]:
    """Type, text and limit of everything a message shows."""
    found = []
    for block in slack_blocks(message):
        limit = {"header": 150}.get(block["type"], 3000)
        parts = [(one, limit) for one in (*block.get("elements", ()), block.get("text")) if one]
        parts += [(one, 2000) for one in block.get("fields", ())]
        found += [(block["type"], one["text"], most) for one, most in parts]
    return found


def test_slack_takes_them(told: list[Message]) -> None:
    for message in told:
        assert 0 < len(slack_blocks(message)) <= BLOCKS_LIMIT
        assert sum(map(size, slack_blocks(message))) <= TOTAL_LIMIT
        assert all(0 < len(text) <= limit for _, text, limit in texts(message))
        assert 0 < len(slack_text(message)) <= 3000
        json.dumps([slack_text(message), slack_blocks(message)], ensure_ascii=False).encode()


def test_nothing_mentions_links_or_reorders(told: list[Message]) -> None:
    for message in told:
        own = (LINK_LINE, "<http://prefect/runs/1|Prefect run>")
        said = shown(message).replace(own[0], "").replace(own[1], "") + slack_text(message)
        assert not re.search(r"[<>\x00-\x09\x0b-\x1f\u2028\u202a-\u202e\u2066-\u2069]", said)
        assert re.fullmatch(r"([^&]|&(amp|lt|gt);)*", said, re.DOTALL)
        assert "\n" not in message.text
        for _, text, _ in texts(message):
            assert "```" not in text
            assert all(line.count("`") % 2 == 0 for line in text.split("\n")), text


class Seen(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {str(value) for name, value in attrs if name in ("href", "src")}


ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "article"),
    *("div", "b", "span", "time", "h3", "p", "br", "hr", "strong", "em", "s", "code", "pre", "a"),
    *("table", "tr", "td", "img"),
}
HARMLESS: set[str] = {
    *("lang", "charset", "name", "content", "class", "style", "href", "rel", "role", "width"),
    *("cellpadding", "cellspacing", "valign", "aria-hidden", "src", "alt", "http-equiv"),
}


def test_html_holds_no_foreign_tag_or_attribute(told: list[Message]) -> None:
    pages = [channel_html(told[0].model, [(told[0], told[1:])])]
    pages += [email_html(message) for message in told]
    for page in pages:
        seen: Any = Seen()
        seen.feed(page)
        assert seen.tags <= ALLOWED
        assert seen.attributes <= HARMLESS
        assert all(re.match("http://(prefect|mlflow)/", address) for address in seen.addresses)
        assert not re.search("[\x00\u202e\u2066]", page)
        page.encode()
