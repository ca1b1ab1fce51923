"""The harm and the estimates of the benchmarks: what is counted, on cases made by hand."""

import numpy as np
import pytest

from benchmarks.estimates import chunks_of, lines
from benchmarks.harm import harm_of
from benchmarks.harm_report import delay_of
from benchmarks.harm_streams import FAMILIES, Change, changed, generated


def case(loss: float, *severities: str) -> dict:
    windows = [{"severity": one} for one in severities]
    return {"score": 0.8, "changed": 0.8 - loss, "margin": 0.03, "windows": windows}


def test_harm_is_told_by_the_loss_that_is_allowed() -> None:
    assert [harm_of(case(loss)) for loss in (-0.1, 0.004, 0.01, 0.04)] == [
        "harmless",
        "harmless",
        "small",
        "harmful",
    ]


def test_the_delay_counts_windows_until_somebody_is_told() -> None:
    assert delay_of(case(0.1, "ok", "info", "warning", "page")) == 3
    assert delay_of(case(0.1, "ok", "info", "warning", "page"), ("page",)) == 4
    assert delay_of(case(0.1, "ok", "small", "info")) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_streams_are_the_same_at_every_call_and_change_only_as_asked(family: str) -> None:
    one, two = (generated(family, 300, 3, 2) for _ in range(2))
    assert one.table.equals(two.table)
    assert one.windows == one.reference + one.holdout + 2
    rows = one.part(one.windows - 1, one.windows)
    moved = changed(one, rows, Change("shift", "x0", 0.5))
    assert (moved["x0"] - rows["x0"]).std() == pytest.approx(0, abs=1e-9)
    assert moved["x0"].mean() > rows["x0"].mean() + 0.3
    assert moved.drop(columns="x0").equals(rows.drop(columns="x0"))
    assert changed(one, rows, Change("none")) is rows


def test_errors_and_coverage_of_estimates_are_those_of_the_chunks_compared() -> None:
    chunks = {"value": [0.8, 0.9, np.nan], "sampling": [0.03, 0.03, 0.03]}
    own = {**chunks, "estimation": [0.04, 0.04, 0.04], "realised": [0.85, 0.7, 0.5]}
    ours = {"chunks": {"f1": own}, "numbers": [0, 2, 4]}
    theirs = {"chunks": {"f1": {"value": [0.8, 0, 0.8, 0, 0.5], "sampling": [0.02] * 5}}}
    (line,) = lines("california", ours, theirs)
    assert line["compared"] == 2
    assert line["driftloop"]["error"] == pytest.approx(0.125)
    assert line["driftloop"]["coverage"] == 0.5  # 0.05 lies within 1.96 * 0.05, 0.2 does not
    assert line["nannyml"]["error"] == pytest.approx(0.075)
    assert line["nannyml"]["coverage"] == 0.0
    assert chunks_of(5000, 1000) == [0, 1, 2, 3, 4]
    assert len(chunks_of(60_000, 1000)) == 20
