from dataclasses import replace
from typing import Any

import pytest

from driftloop.alerts.incident import IncidentSummary
from driftloop.alerts.message import Links
from driftloop.alerts.messages.formats.slack import mrkdwn
from driftloop.alerts.messages.summary import (
    blind_summary,
    summary_of,
    with_new_champion,
    with_retraining,
)
from driftloop.base.distribution import Shape
from driftloop.base.findings import Trouble, Verdict
from driftloop.base.records import Decision, TrialOutcome
from tests.driftloop.alerts.messages.message_records import (
    DRIFTED,
    LINKS,
    check,
    comparison,
    drifted,
    finding,
    monitor,
    performance,
    retrain,
)

BROKEN = (
    check("amount", "amount: 98 % of values are above 5,000 (allowed: 1 %)"),
    check("device_age", "device_age: 85 % missing (allowed: 10 %)"),
    check("hour", "hour is in range", "ok"),
)


def text(summary: IncidentSummary) -> str:
    """Everything that a summary says, one paragraph per line."""
    paragraphs = (summary.headline, *causes_of(summary), *worst_of(summary), summary.action)
    return "\n".join((*paragraphs, summary.next_step.plain, *summary.small_print))


def causes_of(summary: IncidentSummary) -> tuple[str, ...]:
    """The causes as Slack shows them."""
    return tuple(mrkdwn(cause.lines) for cause in summary.causes)


def worst_of(summary: IncidentSummary) -> tuple[str, ...]:
    return tuple(mrkdwn((line,)) for line in summary.most_changed)


def test_drift_alone() -> None:
    summary = summary_of(drifted(), LINKS)
    assert summary.headline == "inputs drifted"
    assert causes_of(summary) == (
        "*8 of 20 inputs drifted* away from the reference.\n"
        "• amount: the median rose from 42 to 61.\n"
        "• country: PL went from 2 % to 19 % of rows.\n"
        "• hour: evenings went from 21 % to 35 % of rows.\n"
        "and 5 more",
    )
    assert summary.action == "Changed nothing. Retraining needs 2 of 3 runs to agree."
    assert summary.next_step.plain == (
        "Nothing tonight. In working hours, check whether the change is real and will stay."
    )
    assert summary.small_print == (
        "12,408 rows from 2026-03-02 to 2026-03-09",
        "version 7",
        "data a1b2c3d4e5",
    )
    assert summary.links == LINKS


def test_broken_data_lead() -> None:
    record = drifted(
        quality=BROKEN,
        performance=performance("fell"),
        decision=Decision("hold", ("Broken data must not train a model",)),
    )
    summary = summary_of(record, Links())
    assert summary.headline == "data broken, predictions got worse, inputs drifted"
    assert causes_of(summary) == (
        "*2 of 3 data checks failed:* the data look broken. This may explain the rest.\n"
        "• amount: 98 % of values are above 5,000 (allowed: 1 %).\n"
        "• device_age: 85 % missing (allowed: 10 %).",
        "*ROC AUC is 0.712 (0.694 to 0.729), was 0.842*, on 8,204 rows with known outcome.",
        "*7 of 20 inputs drifted* away from the reference.\n"
        "• country: PL went from 2 % to 19 % of rows.\n"
        "• hour: evenings went from 21 % to 35 % of rows.\n"
        "• signal_0: moved.\n"
        "and 4 more",
    )
    assert summary.action == "Held back the retraining. Broken data must not train a model."
    assert summary.next_step.plain == (
        "Tell the owner of the data feed now (amount, device_age). Until it is fixed, do not "
        "trust predictions made from these data."
    )


@pytest.mark.parametrize(
    ("changes", "done", "step"),
    [
        ({"decision": Decision("retrain", ())}, "Started a retraining.", "Wait for the retraining"),
        ({"retrain": retrain()}, "Retrained. Version 8 replaced version 7.", "Nothing now."),
        ({"decision": Decision("hold", ())}, "Held back", "Decide now: stop using it"),
        (
            {"decision": Decision("hold", (), held="losing_streak")},
            "Held back",
            "Retraining has stopped until a person starts one.",
        ),
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
def test_lost_performance_says_what_follows(changes: dict[str, Any], done: str, step: str) -> None:
    summary = summary_of(monitor(performance=performance("fell"), **changes), LINKS)
    assert summary.headline == monitor(performance=performance("fell"), **changes).headline
    assert done in summary.action
    assert step in summary.next_step.plain


def test_trouble_without_a_known_cause_repeats_the_verdict() -> None:
    summary = summary_of(
        monitor(verdict=Verdict("warning", "3 inputs are close to a limit")), LINKS
    )
    assert (summary.headline, causes_of(summary)) == (
        "close to a limit",
        ("*3 inputs are close to a limit.*",),
    )


def test_a_score_that_is_missing_gives_its_sentence() -> None:
    fell = replace(performance("fell"), score=None)
    assert causes_of(summary_of(monitor(performance=fell), LINKS)) == ("*roc_auc fell.*",)


def test_a_feature_with_two_findings_counts_once() -> None:
    twice = (*DRIFTED, finding("amount", "amount: 9 % missing, was 1 %", 0.1))
    told = text(summary_of(drifted(findings=twice), LINKS))
    assert "*8 of 8 inputs drifted*" in told
    assert "9 % missing" not in told


def test_the_three_worst_are_drawn() -> None:
    even, tilted = (0.25,) * 4, (0.05, 0.1, 0.25, 0.6)
    edges = (0.0, 1.0, 2.0, 3.0, 4.0)
    moved = tuple(
        replace(one, shape=Shape(one.name, (), edges, even, tilted)) for one in DRIFTED[1:]
    )
    record = drifted(findings=(DRIFTED[0], *moved))
    assert [line.replace("\u00a0", " ") for line in worst_of(summary_of(record, LINKS))] == [
        "`country` ▃▃▃▃ → ▁▁▃█ PSI 0.7, limit 0.1",
        "`hour` ▃▃▃▃ → ▁▁▃█ PSI 0.5, limit 0.1",
        "`signal_0` ▃▃▃▃ → ▁▁▃█ PSI 0.2, limit 0.1",
    ]


def test_blind() -> None:
    record = monitor(
        verdict=Verdict("inconclusive", "55 rows, 200 needed"),
        findings=tuple(
            finding(f"input_{i}", f"input_{i}: 55 rows are too few", status="inconclusive")
            for i in range(5)
        ),
    )
    summary = blind_summary(record, Links(), 3)
    assert causes_of(summary) == (
        "*The last 3 runs in a row could not judge the data*, so trouble would go unseen.",
        "*Why:* 55 rows, 200 needed.\n"
        "• input_0: 55 rows are too few.\n"
        "• input_1: 55 rows are too few.\n"
        "• input_2: 55 rows are too few.\n"
        "and 2 more",
    )
    assert summary.headline == "not judged, monitoring is blind"
    assert summary.action == "Changed nothing: no verdict, no retraining."
    assert "nobody is watching" in summary.next_step.plain
    assert "The last run could not" in causes_of(blind_summary(monitor(), Links(), 1))[0]
    assert summary_of(record, Links()).headline == "not judged"


def test_what_could_not_be_judged_beside_lost_performance() -> None:
    verdict = Verdict("inconclusive", "The window holds no rows")
    summary = summary_of(monitor(performance=performance("fell"), verdict=verdict), LINKS)
    assert causes_of(summary)[-1] == "*The rest could not be judged.* The window holds no rows."


def test_a_retraining_takes_the_place_of_deed_and_step() -> None:
    before = summary_of(drifted(), Links("http://prefect/runs/1", report="http://reports/1"))
    after = with_retraining(before, retrain(), Links("http://prefect/runs/2"))
    assert after.action == (
        "Retrained. Version 8 replaced version 7. Old model's ROC AUC 0.842, new 0.861, on 4,210 "
        "rows neither model was trained on."
    )
    assert after.next_step.plain == "Nothing now. The next run shows whether the new model holds."
    assert after.links == Links("http://prefect/runs/2", report="http://reports/1")
    assert after.causes == before.causes
    kept = retrain(comparison=comparison(won=False, low=-0.1), promotion=None)
    assert "If not, stop using it." in with_retraining(before, kept, LINKS).next_step.plain


def test_a_deed_is_one_sentence_and_leaves_nothing_to_do() -> None:
    summary = with_new_champion(summary_of(drifted(), LINKS), "Rolled back to <!channel>\n`x`")
    assert summary.action == "Rolled back to <!channel> 'x'."
    assert summary.next_step.plain == "Nothing now. The next run shows whether it holds."


def test_kinds_of_trouble_are_told_with_their_evidence() -> None:
    troubles = (
        Trouble("data_quality", "Checks failed on amount."),
        Trouble("concept_drift", "ROC AUC is 0.712 and 0.850 was promised <here>."),
        Trouble("covariate_shift", "Inputs drifted (amount); performance holds."),
    )
    assert causes_of(summary_of(replace(drifted(), troubles=troubles), LINKS))[1:] == (
        "*Concept drift.* ROC AUC is 0.712 and 0.850 was promised &lt;here&gt;.",
        "*Covariate shift.* Inputs drifted (amount); performance holds.",
    )


def test_whether_a_new_version_helped_is_told() -> None:
    summary = summary_of(drifted(aftermath="Since version 8 came, the data still drift."), LINKS)
    assert causes_of(summary)[-1] == (
        "*Did the new version help?* Since version 8 came, the data still drift."
    )


def test_predictions_are_no_input() -> None:
    moved = replace(finding("prediction", "`prediction` rose from 0.1 to 0.3."), role="prediction")
    quiet = tuple(finding(f"input_{i}", "as before", status="ok") for i in range(3))
    summary = summary_of(drifted(findings=(moved, *quiet)), LINKS)
    assert summary.headline == "predictions moved"
    assert causes_of(summary) == ("*The predictions moved.* 'prediction' rose from 0.1 to 0.3.",)
    beside = drifted(findings=(moved, finding("amount", "amount rose."), *quiet))
    both = summary_of(beside, LINKS)
    assert both.headline == "inputs drifted"
    assert causes_of(both)[0] == "*1 of 4 inputs drifted* away from the reference.\n• amount rose."


def test_who_has_to_approve_is_told_that_and_not_to_retrain() -> None:
    asked = TrialOutcome("approval", "8", "7", "going_on", "none", 0, 0, None, "It waits.")
    held = Decision("hold", ("Performance fell.", "It waits."), held="waiting")
    worse = monitor(performance=performance("fell"), decision=held, trials=(asked,))
    answers = "`driftloop approve payments` or `driftloop approve payments --decline`"
    assert mrkdwn((summary_of(worse, LINKS).next_step,)) == (
        "Version 8 is proven better and waits for approval. Decide in the Prefect UI (run "
        f"approve), or with {answers}."
    )
    linked = replace(worse, trials=(replace(asked, form="http://prefect/form"),))
    assert mrkdwn((summary_of(linked, LINKS).next_step,)).endswith(
        f"<http://prefect/form|Decide in the Prefect UI> (⋮, Resume), or with {answers}."
    )
    assert summary_of(worse, LINKS).waiting == "8"
    in_shadow = replace(worse, trials=(replace(asked, kind="shadow"),))
    assert "driftloop approve" not in summary_of(in_shadow, LINKS).next_step.plain
