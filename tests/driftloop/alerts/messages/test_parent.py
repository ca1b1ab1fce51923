"""The parent message through the life of an incident."""

import re
from dataclasses import replace
from datetime import timedelta

from driftloop.alerts.incident import Acknowledgement, Incident
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.summary import summary_of
from tests.driftloop.alerts.messages.message_records import (
    AS_OF,
    LINK_LINE,
    LINKS,
    drifted,
    performance,
    shown,
)

RECORD = drifted(performance=performance("fell"))
OPEN = Incident(
    number=4,
    since=AS_OF - timedelta(days=7),
    opened_at=AS_OF - timedelta(days=1),
    last=AS_OF,
    until=AS_OF,
    severity="page",
    peak_severity="page",
    causes=("performance", "drift"),
    champion="7",
    summary=summary_of(RECORD, LINKS),
    runs=2,
)
SIGNS = re.compile("[🚨🟠🔵✅]")


def test_open() -> None:
    message = parent_message("payments", OPEN)
    assert (
        shown(message)
        == f"""\
🚨 payments: predictions got worse, inputs drifted

*ROC AUC is 0.712 (0.694 to 0.729), was 0.842*, on 8,204 rows with known outcome.

*What you should do*
Version 7 is live and predicts worse than it should. Decide now: stop using it, roll back, or \
retrain by hand.

Since 2026-03-02 06:00 UTC (7 days) · seen in 2 runs

*What driftloop did*
Changed nothing. Retraining needs 2 of 3 runs to agree.

*8 of 20 inputs drifted* away from the reference.
• amount: the median rose from 42 to 61.
• country: PL went from 2 % to 19 % of rows.
• hour: evenings went from 21 % to 35 % of rows.
and 5 more

12,408 rows from 2026-03-02 to 2026-03-09 · version 7 · data a1b2c3d4e5

{LINK_LINE}"""
    )
    assert (message.kind, message.severity) == ("opened", "page")
    assert message.key == "payments/incident-4"
    assert message.text == (
        "payments: predictions got worse, inputs drifted. ROC AUC is 0.712 (0.694 to 0.729), was "
        "0.842, on 8,204 rows with known outcome. 8 of 20 inputs drifted away from the reference. "
        "amount: the median rose from 42 to 61."
    )


def test_the_sign_is_that_of_the_severity_and_the_only_one() -> None:
    for severity, sign in (("page", "🚨"), ("warning", "🟠"), ("info", "🔵")):
        message = parent_message("payments", replace(OPEN, severity=severity))
        assert SIGNS.findall(shown(message)) == [sign]
        assert not SIGNS.search(message.text)
    over = parent_message("payments", replace(OPEN, resolved_at=AS_OF))
    assert SIGNS.findall(shown(over)) == ["✅"]


def test_healing_says_what_is_still_needed() -> None:
    once = shown(parent_message("payments", replace(OPEN, quiet=1)))
    assert "*Looks healthy* since 2026-03-09 06:00 UTC: closes when 1 more run agrees." in once
    twice = shown(parent_message("payments", replace(OPEN, quiet=2, needed=4)))
    assert (
        "*Looks healthy* in the last 2 runs, up to 2026-03-09 06:00 UTC: closes when 2 more runs "
        "agree."
    ) in twice
    assert "healthy" not in shown(parent_message("payments", OPEN))


def test_who_took_it_on() -> None:
    taken = replace(OPEN, acknowledged=Acknowledgement("Ana <!here>", AS_OF, "On `it`"))
    assert ("*Ana &lt;!here&gt;* took this on at 2026-03-09 06:00 UTC and says: On 'it'.") in shown(
        parent_message("payments", taken)
    )
    silent = replace(OPEN, acknowledged=Acknowledgement("Ana", AS_OF))
    assert "*Ana* took this on at 2026-03-09 06:00 UTC.\n" in shown(
        parent_message("payments", silent)
    )


def test_over() -> None:
    message = parent_message("payments", replace(OPEN, resolved_at=AS_OF + timedelta(days=2)))
    text = shown(message)
    assert text.startswith(
        "✅ payments: back to normal\n\n"
        "*The trouble is over* after 7 days: predictions got worse, inputs drifted.\n\n"
        "From 2026-03-02 06:00 to 2026-03-09 06:00 UTC · seen in 2 runs · closed 2026-03-11 06:00 "
        "after 2 healthy runs in a row\n\n"
        "*What it was*\nROC AUC is 0.712 (0.694 to 0.729), was 0.842, on 8,204 rows with known "
        "outcome.\n8 of 20 inputs drifted away from the reference.\n\n"
        "*What driftloop did*\n"
    )
    assert (message.severity, message.key) == ("good", "payments/incident-4")


def test_the_parent_changes_only_with_what_it_says() -> None:
    assert parent_message("payments", OPEN) == parent_message("payments", replace(OPEN, score=0.1))


def requests(incident: Incident) -> list[str]:
    return [button.request for button in parent_message("payments", incident).buttons]


def test_buttons_follow_the_incident() -> None:
    assert requests(OPEN) == ["ack", "rollback", "not_a_problem", "mute"]
    taken = replace(OPEN, acknowledged=Acknowledgement("Ana", AS_OF))
    assert requests(taken) == ["rollback", "not_a_problem", "mute"]
    waiting = replace(OPEN, summary=replace(OPEN.summary, waiting="8"))
    assert requests(waiting) == ["ack", "approve", "decline", "not_a_problem", "mute"]
    assert requests(replace(OPEN, resolved_at=AS_OF)) == []


def test_who_sees_no_problem_is_named() -> None:
    said = Acknowledgement("Ana", AS_OF, "Sale.", not_a_problem=True)
    text = shown(parent_message("payments", replace(OPEN, acknowledged=said)))
    assert "*Ana* said at 2026-03-09 06:00 UTC that this is not a problem: Sale." in text


def test_what_is_fixed_is_no_alarm() -> None:
    fixed = replace(OPEN, summary=replace(OPEN.summary, headline="fixed by version 8", fixed=True))
    assert shown(parent_message("payments", OPEN)).startswith("🚨")
    assert shown(parent_message("payments", fixed)).startswith("🔵 payments: fixed by version 8")
