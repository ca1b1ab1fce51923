"""Performance by served version: a bad release is named, and alike ones raise no alarm."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from driftloop.base.findings import SegmentPerformance
from driftloop.performance.parts.segments import SHARE, ScoredRows
from driftloop.performance.parts.versions import judge_versions
from driftloop.performance.realised import PerformanceSettings
from tests.driftloop.alerts.messages.message_records import monitor, performance

SETTINGS = PerformanceSettings()
WEEKS = 365.25 / 7


def window(
    rng: np.random.Generator, count: int, wrong: float = 0.0
) -> tuple[ScoredRows, "pd.Series[str]"]:
    """Rows that three versions served alike, but for a share that 2026.2 has the wrong way."""
    served_by = pd.Series(rng.choice(["2026.1", "2026.2", "2026.3"], count), name="version")
    y = (rng.random(count) < 0.4).astype(np.int64)
    turned = (served_by == "2026.2").to_numpy() & (rng.random(count) < wrong)
    z = rng.normal(size=count) + 1.2 * np.where(turned, 1 - y, y)
    p = 1 / (1 + np.exp(-(z - 0.5)))
    return ScoredRows(y, np.column_stack([1 - p, p])), served_by


def judged(
    rows: tuple[ScoredRows, "pd.Series[str]"],
    margin: float = 0.03,
    settings: PerformanceSettings = SETTINGS,
    looks: float = WEEKS,
    metric: str = "roc_auc",
) -> dict[str, SegmentPerformance]:
    found = judge_versions(metric, *rows, settings, margin, looks)
    return {part.segment: part for part in found}


def test_a_version_that_does_worse_is_named() -> None:
    found = judged(window(np.random.default_rng(1), 3000, wrong=0.5))
    assert [name for name, part in found.items() if part.status == "fell"] == ["version=2026.2"]
    worse = found["version=2026.2"]
    assert worse.elsewhere is not None
    assert worse.elsewhere > 0.75 > 0.6 > worse.score
    assert sum(part.rows for part in found.values()) == 3000
    record = monitor(performance=replace(performance(), versions=tuple(found.values())))
    assert "predictions got worse in version=2026.2" in record.headline
    lost = replace(performance(), versions=tuple(found.values()), status="fell")
    assert lost.worse_segments == (), "where the whole fell, no part is told beside it"


def test_the_chance_is_that_of_two_independent_shares() -> None:
    rows, served_by = window(np.random.default_rng(2), 3000, wrong=0.1)
    (part,) = [
        part
        for part in judged((rows, served_by), 0.01, metric="accuracy").values()
        if part.segment == "version=2026.2"
    ]
    right, own = rows.p.argmax(axis=1) == rows.y, (served_by == "2026.2").to_numpy()
    shares, variances, least = [], [], []
    for side in (own, ~own):
        classes = [right[side & (rows.y == code)] for code in (0, 1)]
        total = sum(map(len, classes))
        shares.append(right[side].mean())
        variances.append(
            sum(len(one) * one.mean() * (1 - one.mean()) for one in classes) / total**2
        )
        least.append(min(map(len, classes)))
    ratio = (shares[0] - shares[1] + 0.01) / np.sqrt(sum(variances))
    assert (part.score, part.elsewhere) == (pytest.approx(shares[0]), pytest.approx(shares[1]))
    expected = student.cdf(ratio, min(least) - 1)
    assert 0.001 < expected < 0.2
    assert np.log10(part.p_value) == pytest.approx(np.log10(expected), abs=0.4)


def test_alike_versions_raise_no_more_alarms_than_the_level() -> None:
    """At a level of 5 % for the window and a margin of zero, over three versions."""
    settings = PerformanceSettings(alarm_budget=0.05 / SHARE)
    alarms = 0
    for seed in range(150):
        found = judged(window(np.random.default_rng(seed), 1000), 0.0, settings, 1.0)
        assert len(found) == 3
        alarms += any(part.status == "fell" for part in found.values())
    assert alarms <= 15, "P(X > 15) is 0.5 % for 150 windows at 5 %"


def test_what_cannot_be_compared_is_left_out() -> None:
    rows, served_by = window(np.random.default_rng(3), 1000)
    alone = pd.Series("1", index=served_by.index, name="version")
    assert judged((rows, alone)) == {}, "all rows are judged as a whole"
    few = alone.where(np.arange(1000) >= 90, "2")
    assert judged((rows, few)) == {}, "too few others"
    gone = alone.where(np.arange(1000) >= 400, None)
    assert judged((rows, gone)).keys() == {"version=1", "version=no value"}
