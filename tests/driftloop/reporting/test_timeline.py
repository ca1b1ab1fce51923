"""A history in characters: a column a run, readable without colour in 80 columns."""

from dataclasses import replace
from typing import Any

import pytest

from driftloop.base.retrain_record import Champion
from driftloop.decision.outcome import OUTCOME_STYLES
from driftloop.reporting.run_report.past_runs import History
from driftloop.reporting.timeline import LABEL, score_range, timeline
from tests.driftloop.reporting.report_cases import WEEK, ledger, points, report_input


def history(runs: Any = None) -> History:
    moves = [one for one in ledger() if one.kind == "promoted"]
    return History(
        model="payments",
        champion=Champion(version="7"),
        runs=tuple(points() if runs is None else runs),
        moves=tuple(moves),
        incidents=tuple(report_input().episodes),
    )


def drawn(found: History, width: int = 80) -> dict[str, str]:
    return {line.label: line.text for line in timeline(found, width)}


def test_every_line_tells_of_the_same_columns() -> None:
    assert drawn(history()) == {
        "": "Oct   Nov     Dec       2026    Feb     Mar",
        "runs": "✓ ✓ ✓ ✓ ? ✓ ✓ ✓ ✓ ✖ ✖ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ! ▲ ▼",
        "score": "▆ ▇ ▇ █   ▆ ▇ ▇ █ █ ▆ ▇ ▇ █ █ ▆ ▇ ▇ █ █ ▁",
        "version": "v6              v7",
        "changed": "                ★",
        "incident": "                  ━━━━━               ━━━",
    }


def test_many_runs_stay_within_the_width() -> None:
    first = points(1)[0]
    runs = [replace(first, as_of=first.as_of + number * WEEK / 7) for number in range(300)]
    for width in (40, 80, 120):
        lines = timeline(history(runs), width)
        assert max(len(line.text) for line in lines) <= width - LABEL
        assert len(next(line for line in lines if line.label == "runs").text) == width - LABEL


def test_the_newest_runs_are_those_that_stay() -> None:
    assert drawn(history(), 22)["runs"].endswith("✓✓✓✓✓✓✓!▲▼")


def test_tones_stand_where_the_signs_are() -> None:
    line = next(line for line in timeline(history()) if line.label == "runs")
    known = {look.sign: look.tone for look in OUTCOME_STYLES.values()}
    for character, tone in zip(line.text, line.tones, strict=False):
        assert tone == known.get(character)


def test_one_run_and_no_scores() -> None:
    (run,) = points(1)
    found = history([replace(run, score=None)])
    assert drawn(found)["score"] == ""
    assert score_range(found.runs) == "no score yet: labels are missing"


@pytest.mark.parametrize("scores", [(0.5, 0.5), (-3.0, -1.0)])
def test_scores_of_any_range_have_levels(scores: tuple[float, float]) -> None:
    first = points(1)[0]
    runs = [
        replace(first, as_of=first.as_of + number * WEEK, score=score)
        for number, score in enumerate(scores)
    ]
    assert drawn(history(runs))["score"] == ("▄ ▄" if scores[0] == scores[1] else "▁ █")
