"""Messages on versions under observation: what happened, why, and what to do."""

from dataclasses import replace
from typing import Any

import pytest

from driftloop.alerts.message import Links, Message
from driftloop.alerts.messages.versions import (
    REPORTED_TRIALS,
    answer_message,
    stuck_message,
    trial_message,
)
from driftloop.base.records import Decision, TrialOutcome
from driftloop.base.retrain_record import Promotion
from tests.driftloop.alerts.messages.message_records import AS_OF, LINK_LINE, LINKS, monitor, shown

HOSTILE = "<!channel> & *9*"
SAFE = "&lt;!channel&gt; &amp; "
TOLD = "roc_auc -0.050; it is proven worse (Z -4.10, bound 3.36)"


def trial(action: Any, **changes: Any) -> TrialOutcome:
    kind: Any = {"rolled_back": "probation", "expired": "approval"}
    made = TrialOutcome(
        kind.get(action, "shadow"), "8", "7", "worse", action, 2, 5, -0.05, f"{TOLD}."
    )
    return replace(made, **changes)


def told(outcome: TrialOutcome, links: Links = LINKS) -> Message:
    return trial_message("payments", AS_OF, outcome, links)


@pytest.mark.parametrize(
    ("action", "severity", "headline", "lead", "step"),
    [
        (
            "promoted",
            "good",
            "✅ payments: version 8 is live after its shadow",
            "*Version 8 replaced version 7*: it did better on fresh labels.",
            "Nothing now. If predictions look wrong, run `driftloop rollback payments` or the "
            "*rollback* deployment.",
        ),
        (
            "dropped",
            "info",
            "🔵 payments: version 8 left its shadow unpromoted",
            "*Version 7 stays live*: version 8 did not prove itself in shadow.",
            "Nothing.",
        ),
        (
            "rolled_back",
            "warning",
            "🟠 payments: rolled back to version 7",
            "*Version 7 is live again*: version 8 did worse on new labels.",
            "In working hours, find out why the newer version failed. The next run decides again "
            "whether to retrain.",
        ),
        (
            "expired",
            "warning",
            "🟠 payments: nobody approved version 8",
            "*Version 7 stays live*: version 8 was proposed and not approved.",
            "Nothing changed. If the version should go live, retrain and approve it in time.",
        ),
    ],
)
def test_each_outcome(action: str, severity: str, headline: str, lead: str, step: str) -> None:
    message = told(trial(action))
    evidence = f"*Evidence*\n{TOLD}."
    next_step = f"*What you should do*\n{step}"
    assert shown(message) == "\n\n".join((headline, lead, evidence, next_step, LINK_LINE))
    assert (message.kind, message.severity) == ("observed", severity)


def test_keys_tell_kinds_versions_and_outcomes_apart() -> None:
    outcomes = [trial(action) for action in REPORTED_TRIALS]
    outcomes += [trial("dropped", version="9"), trial("dropped", kind="approval")]
    keys = {told(outcome).key for outcome in outcomes}
    assert len(keys) == len(outcomes)
    assert told(trial("rolled_back")).key == (
        "payments/2026-03-09T06:00:00+00:00/observed/probation-8-rolled_back"
    )


@pytest.mark.parametrize("action", REPORTED_TRIALS)
def test_hostile_names_of_a_trial_are_escaped(action: str) -> None:
    outcome = trial(action, version=HOSTILE, against=HOSTILE, sentence=HOSTILE)
    text = shown(told(outcome, Links()))
    assert "<!channel>" not in text
    assert SAFE in text


STUCK = Decision(
    "hold",
    ("Performance fell.", "5 challengers in a row did not win. A person is needed"),
    held="losing_streak",
)


def test_stuck() -> None:
    message = stuck_message(monitor(decision=STUCK), Links())
    assert (
        shown(message)
        == """\
🟠 payments: retraining stopped, a person is needed

*driftloop no longer retrains this model.*

*Why*
5 challengers in a row did not win. A person is needed.

*What you should do*
In working hours, read why the challengers lost (their MLflow runs say so): labels, features or \
the kind of model may no longer fit. `driftloop retrain payments` starts the loop again."""
    )
    assert (message.kind, message.severity) == ("stuck", "warning")
    assert message.key == "payments/2026-03-09T06:00:00+00:00/stuck"


def test_stuck_escapes_what_it_quotes() -> None:
    decision = Decision("hold", (HOSTILE,), held="losing_streak")
    text = shown(stuck_message(monitor(decision=decision, model="<!here>"), Links()))
    assert SAFE in text
    assert "<!" not in text


def answered(promoted: bool, comment: str = "", **changes: Any) -> Message:
    done = replace(Promotion(promoted, "8", "7", "It was decided."), **changes)
    return answer_message("payments", AS_OF, done, comment, Links())


def test_approved() -> None:
    message = answered(True, "Looks right")
    assert (
        shown(message)
        == """\
✅ payments: version 8 is live

*Version 8 is live*: it was approved, and replaced version 7.

*Why*
It was decided.

*Comment*
Looks right."""
    )
    assert message.severity == "good"


def test_declined() -> None:
    message = answered(False)
    assert (
        shown(message)
        == """\
🔵 payments: version 8 was not promoted

*Version 7 stays live*: version 8 was not promoted.

*Why*
It was decided."""
    )
    assert message.severity == "info"
    assert message.key != answered(True).key


def test_answers_escape_what_people_wrote() -> None:
    text = shown(answered(True, HOSTILE, version=HOSTILE, previous=HOSTILE, sentence=HOSTILE))
    assert "<!channel>" not in text
    assert SAFE in text
