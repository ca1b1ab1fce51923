import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from driftloop.messages.compose import blind_message, resolved_message, trouble_message
from driftloop.messages.wording import Links
from driftloop.records import Decision, MonitorRecord, TrialOutcome, Trouble, Verdict
from tests.driftloop.messages.message_records import (
    AS_OF,
    DRIFTED,
    LINK_LINE,
    LINKS,
    check,
    drifted,
    finding,
    monitor,
    performance,
    retrain,
    shown,
)

BROKEN = (
    check("amount", "amount: 98 % of values are above 5,000 (allowed: 1 %)"),
    check("device_age", "device_age: 85 % missing (allowed: 10 %)"),
    check("hour", "hour is in range", "ok"),
)


def test_trouble_by_drift_alone() -> None:
    message = trouble_message(drifted(), LINKS, None)
    assert (
        shown(message)
        == f"""\
🟠 payments: inputs drifted

*8 of 20 inputs drifted* away from the reference.
• amount: the median rose from 42 to 61.
• country: PL went from 2 % to 19 % of rows.
• hour: evenings went from 21 % to 35 % of rows.
and 5 more

*What driftloop did*
Changed nothing. Retraining needs 2 of 3 runs to agree.

*What you should do*
Nothing tonight. In working hours, check whether the change is real and will stay.

12,408 rows from 2026-03-02 to 2026-03-09 · version 7 · data a1b2c3d4e5

{LINK_LINE}"""
    )
    assert (message.severity, message.event) == ("warning", "trouble")
    assert message.key == "payments/2026-03-09T06:00:00+00:00/trouble"
    assert message.text == (
        "payments: inputs drifted. 8 of 20 inputs drifted away from the reference."
    )


def test_trouble_by_broken_data_leads_and_pages() -> None:
    record = drifted(
        quality=BROKEN,
        performance=performance("fell"),
        decision=Decision("hold", ("Broken data must not train a model",)),
    )
    message = trouble_message(record, Links(), AS_OF - timedelta(days=3))
    assert (
        shown(message)
        == """\
🚨 payments: data checks failed, predictions got worse, inputs drifted

*2 of 3 data checks failed:* the data look broken. This may explain the rest.
• amount: 98 % of values are above 5,000 (allowed: 1 %).
• device_age: 85 % missing (allowed: 10 %).

*roc_auc is 0.712 (0.694 to 0.729), was 0.842*, on 8,204 rows with known outcome.

*7 of 20 inputs drifted* away from the reference.
• country: PL went from 2 % to 19 % of rows.
• hour: evenings went from 21 % to 35 % of rows.
• signal_0: moved.
and 4 more

*What driftloop did*
Held back the retraining. Broken data must not train a model.

*What you should do*
Tell the owner of the data feed now (amount, device_age). Until it is mended, do not trust \
predictions made from these data.

Since 2026-03-06 06:00 UTC (3 days) · 12,408 rows from 2026-03-02 to 2026-03-09 · version 7 · \
data a1b2c3d4e5"""
    )
    assert message.severity == "page"


@pytest.mark.parametrize(
    ("changes", "done", "step"),
    [
        ({"decision": Decision("retrain", ())}, "Started a retraining.", "Wait for the retraining"),
        ({"retrain": retrain()}, "Retrained. Version 8 replaced version 7.", "Nothing now."),
        ({"decision": Decision("hold", ())}, "Held back", "Decide now: stop using it"),
        (
            {"decision": Decision("retrain", ("Model fell",)), "dry_run": True},
            "Dry run, so nothing was changed. Would retrain. Model fell.",
            "Decide now",
        ),
        (
            {"retrain": retrain(promotion=None), "dry_run": True},
            "A trial retraining: The new model did better but was not promoted",
            "Decide now",
        ),
    ],
)
def test_lost_performance_pages_and_says_what_follows(
    changes: dict[str, Any], done: str, step: str
) -> None:
    message = trouble_message(monitor(performance=performance("fell"), **changes), LINKS, None)
    assert message.severity == "page"
    assert done in shown(message)
    assert step in shown(message)


def test_trouble_without_a_known_cause_repeats_the_verdict() -> None:
    record = monitor(verdict=Verdict("warning", "3 inputs are close to their limit"))
    assert "*3 inputs are close to their limit.*" in shown(trouble_message(record, LINKS, None))


def test_a_score_that_is_missing_gives_its_sentence() -> None:
    fell = replace(performance("fell"), score=None)
    message = trouble_message(monitor(performance=fell), LINKS, None)
    assert "*roc_auc fell.*" in shown(message)


def test_a_feature_with_two_findings_counts_once() -> None:
    twice = (*DRIFTED, finding("amount", "amount: 9 % missing, was 1 %", 0.1))
    text = shown(trouble_message(drifted(findings=twice), LINKS, None))
    assert "*8 of 8 inputs drifted*" in text
    assert "9 % missing" not in text


def test_resolved() -> None:
    message = resolved_message(monitor(), LINKS, AS_OF - timedelta(days=3))
    assert (
        shown(message)
        == f"""\
✅ payments: back to normal

*The trouble is over* after 3 days, since 2026-03-06 06:00 UTC. 20 inputs look as before.

*What driftloop did*
Changed nothing.

*What you should do*
Nothing.

12,408 rows from 2026-03-02 to 2026-03-09 · version 7 · data a1b2c3d4e5

{LINK_LINE}"""
    )
    assert message.severity == "good"


def test_blind() -> None:
    record = monitor(
        verdict=Verdict("inconclusive", "55 rows, 200 needed"),
        findings=tuple(
            finding(f"input_{i}", f"input_{i}: 55 rows are too few", status="inconclusive")
            for i in range(5)
        ),
    )
    message = blind_message(record, Links(), 3)
    assert (
        shown(message)
        == """\
🟠 payments: monitoring is blind

*The last 3 runs in a row could not judge the data*, so trouble would go unseen.

*Why*
55 rows, 200 needed.
• input_0: 55 rows are too few.
• input_1: 55 rows are too few.
• input_2: 55 rows are too few.
and 2 more

*What driftloop did*
Changed nothing: no verdict, no retraining.

*What you should do*
No alarm, but nobody is watching. In working hours, check that new data arrive and that enough \
rows reach each run.

12,408 rows from 2026-03-02 to 2026-03-09 · version 7 · data a1b2c3d4e5"""
    )
    assert shown(blind_message(monitor(), Links(), 1)).count("The last run could not") == 1


def hostile() -> MonitorRecord:
    bad = "<!channel> `rm` \x00\u202e<https://evil|x>\n" + "x" * 5000
    return drifted(
        model=bad,
        champion=bad,
        findings=(finding(bad, f"{bad}: moved"),),
        quality=(check(bad, f"{bad} is broken"),),
        decision=Decision("hold", (bad,)),
        verdict=Verdict("drift", bad),
    )


def test_hostile_names_stay_harmless_everywhere() -> None:
    record = hostile()
    messages = (
        trouble_message(record, LINKS, AS_OF),
        resolved_message(record, LINKS, AS_OF),
        blind_message(record, LINKS, 2),
    )
    for message in messages:
        said = shown(message).replace(LINK_LINE, "")
        assert not re.search(r"[<>`\x00\u202e]", said + message.text)
        assert "&lt;!channel&gt;" in said
        assert "\n" not in message.text
        assert len(message.text) < 1000
        json.dumps(message.to_dict()).encode()


def test_one_emoji_a_message() -> None:
    signs = re.compile("[🚨🟠🔵✅]")
    trouble = trouble_message(drifted(), LINKS, None)
    for message in (trouble, resolved_message(monitor(), LINKS, None)):
        assert len(signs.findall(shown(message))) == 1
        assert not signs.search(message.text)


def test_kinds_of_trouble_are_told_with_their_evidence() -> None:
    troubles = (
        Trouble("concept_drift", "roc_auc is 0.712 and 0.850 was promised <here>."),
        Trouble("covariate_shift", "Inputs moved (amount); performance holds."),
    )
    text = shown(trouble_message(replace(drifted(), troubles=troubles), LINKS, None))
    assert (
        "*Kind of trouble*\n"
        "• Concept drift: roc_auc is 0.712 and 0.850 was promised &lt;here&gt;.\n"
        "• Covariate shift: Inputs moved (amount); performance holds.\n"
    ) in text
    assert text.index("drifted* away") < text.index("Kind of trouble") < text.index("did*")


def test_predictions_are_no_input() -> None:
    moved = replace(finding("prediction", "`prediction` rose from 0.1 to 0.3."), role="prediction")
    quiet = tuple(finding(f"input_{i}", "as before", status="ok") for i in range(3))
    text = shown(trouble_message(drifted(findings=(moved, *quiet)), LINKS, None))
    assert text.startswith("🟠 payments: predictions moved\n")
    assert "*The predictions moved.* 'prediction' rose from 0.1 to 0.3." in text
    beside = drifted(findings=(moved, finding("amount", "amount rose."), *quiet))
    both = shown(trouble_message(beside, LINKS, None))
    assert "payments: inputs drifted\n" in both
    assert "*1 of 4 inputs drifted* away from the reference.\n• amount rose.\n" in both


def test_who_has_to_approve_is_told_that_and_not_to_retrain() -> None:
    asked = TrialOutcome("approval", "8", "7", "going_on", "none", 0, 0, None, "It waits.")
    held = Decision("hold", ("Performance fell.", "It waits."), held="waiting")
    worse = monitor(performance=performance("fell"), decision=held, trials=(asked,))
    text = shown(trouble_message(worse, LINKS, None))
    assert (
        "Version 8 is proven better and waits for approval. Decide on it with `driftloop approve "
        "payments`, or in the Prefect UI."
    ) in text
    in_shadow = replace(worse, trials=(replace(asked, kind="shadow"),))
    assert "driftloop approve" not in shown(trouble_message(in_shadow, LINKS, None))
