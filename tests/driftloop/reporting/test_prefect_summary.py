"""What a run leaves in the Prefect UI."""

import json
from dataclasses import replace

import numpy as np

from driftloop.alerts.messages.wording import NO_LINKS
from driftloop.reporting.prefect_summary import (
    MOST_ROWS,
    comparison_markdown,
    findings_table,
    retrain_markdown,
    run_markdown,
)
from tools import alert_examples as the


def test_the_page_begins_with_the_verdict_and_ends_with_how_to_look_again() -> None:
    page = run_markdown(the.WORSE, the.LINKS)
    lines = page.splitlines()
    assert lines[0] == "# 🔴 payments: predictions got worse, inputs drifted"
    assert lines[2] == "3 of 20 inputs drifted."
    assert "**Decision: retrain.**" in page
    assert "0.712 (0.694 to 0.729): fell" in page
    assert "[Report](https://reports.example/payments/2026-03-09)" in page
    assert lines[-1] == (
        "    driftloop monitor payments --as-of 2026-03-09T03:00:00+00:00 "
        f"--rev {the.REV} --dry-run"
    )


def test_broken_data_are_the_headline() -> None:
    page = run_markdown(the.BROKEN, NO_LINKS)
    assert page.startswith("# 🔴 payments: data broken")
    assert "98% of values are above 5,000" in page
    assert "](" not in page, "an address that is not known is no link"


def test_a_retraining_has_its_gates() -> None:
    page = retrain_markdown(the.REFUSED, the.LINKS)
    assert page.startswith("# payments: new model not promoted")
    assert "\n- **latency**: refused. 41 ms a row, 20 allowed." in page
    assert retrain_markdown(the.PROMOTED, the.LINKS).startswith(
        "# payments: version 8 is live: 0.731 → 0.838"
    )
    assert "212 rows have labels" in retrain_markdown(the.FAILED, the.LINKS)


def test_the_gain_of_the_next_weeks_is_beside_that_of_the_holdout() -> None:
    page = "\n".join(comparison_markdown(the.WON))
    assert "| gain | \\+0.107 (+0.092 to +0.122); more than 0.005 needed |" in page
    assert "| in the next weeks | \\+0.071 to +0.143 |" in page
    alone = "\n".join(comparison_markdown(replace(the.WON, next_windows=None)))
    assert "in the next" not in alone


def test_text_from_data_is_no_markup() -> None:
    hostile = "`a|b` <script>alert(1)</script> [x](javascript:y)\n# not a title"
    moved = replace(the.WORSE, verdict=replace(the.WORSE.verdict, sentence=hostile))
    page = run_markdown(moved, NO_LINKS)
    assert "<script>" not in page
    assert "[x](" not in page
    assert "\n# not" not in page
    gates = (replace(the.WON.gates[0], sentence="a | b"),)
    comparison = replace(the.WON, gates=gates)
    assert "a \\| b" in retrain_markdown(replace(the.PROMOTED, comparison=comparison), NO_LINKS)


def test_the_table_is_plain_and_the_worst_comes_first() -> None:
    odd = replace(the.MOVED[0], effect_size=np.float64(0.123456), p_adjusted=float("nan"))
    rows = findings_table(replace(the.WORSE, findings=(*the.CALM, odd)))
    assert rows[0]["column"] == "amount"
    assert (rows[0]["size"], rows[0]["p (adjusted)"]) == (0.123, None)
    assert type(rows[0]["size"]) is float
    json.dumps(rows, allow_nan=False)
    assert len(findings_table(replace(the.WORSE, findings=the.CALM * 60))) == MOST_ROWS
