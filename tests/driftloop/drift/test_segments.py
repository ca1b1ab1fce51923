"""Drift within segments: what moves in one part alone is named, what moves everywhere is not."""

import numpy as np
import pandas as pd
import pytest

from driftloop.base.findings import Finding
from driftloop.drift.judge import JudgingCriteria, judge_findings, measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.segments import measure_segments, only_news
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Features, build_profile

FEATURES = Features(("amount", "age"), ("country",))
COLUMNS = ("region", "country")


def table(seed: int, count: int, north: float = 0.0, everywhere: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    region = rng.choice(["north", "south", "east"], count, p=[0.2, 0.4, 0.4])
    return pd.DataFrame(
        {
            "region": region,
            "country": rng.choice(["DE", "PL"], count),
            "amount": rng.normal(size=count) + north * (region == "north") + everywhere,
            "age": rng.gamma(3, size=count),
        }
    )


def found(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: tuple[str, ...] = COLUMNS,
    **changes: object,
) -> tuple[Finding, ...]:
    settings = DriftSettings.model_validate({"engine": "native", **changes})
    by = JudgingCriteria(settings, settings.level_of_run(52))
    profile = build_profile(FrameColumns(reference), FEATURES, settings.effect_sizes)
    options = MeasuringOptions(settings, by.level)
    measured = measure_features(profile, FrameColumns(current), FEATURES, options)
    own = tuple(finding for feature in measured for finding in feature.findings)
    parts = measure_segments((reference, current), columns, FEATURES, profile, by)
    return only_news(judge_findings((*own, *parts), by), {"amount": 0.4})


def moved(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {hit.name: hit.sentence for hit in findings if hit.status == "drift"}


def test_what_moves_in_one_segment_is_named() -> None:
    findings = found(table(1, 6000), table(2, 2000, north=0.8))
    assert list(moved(findings)) == ["amount in region=north"]
    (hit,) = (hit for hit in findings if hit.role == "segment")
    assert (hit.segment, hit.importance) == ("region=north", 0.4)
    assert hit.sentence.startswith("In region=north: `amount` rose")


def test_what_moves_everywhere_is_told_once() -> None:
    findings = found(table(1, 6000), table(2, 2000, everywhere=0.8))
    assert list(moved(findings)) == ["amount"]
    assert not [hit for hit in findings if hit.role == "segment"]


def test_quiet_segments_leave_nothing_in_the_record() -> None:
    assert {hit.role for hit in found(table(1, 6000), table(2, 2000))} == {"feature"}


def test_a_column_that_is_not_there_is_said() -> None:
    findings = found(table(1, 600), table(2, 600), ("branch",))
    (hit,) = (hit for hit in findings if hit.role == "segment")
    assert hit.status == "inconclusive"
    assert hit.sentence == "The data hold no column `branch`: nothing was judged by it."


@pytest.mark.slow
def test_segments_raise_no_more_alarms_than_the_run_may() -> None:
    """Without floors, at a level of 5 % for the whole run."""
    settings = {"level": 0.05, "learn_floors": False}
    settings |= {name: {"kind": "psi", "floor": 0.0} for name in ("effect", "categorical_effect")}
    runs = range(150)
    alarms = sum(
        bool(moved(found(table(seed, 3000), table(seed + 1000, 1000), **settings))) for seed in runs
    )
    assert alarms <= 15, "P(X > 15) is 0.5 % for 150 runs at 5 %"
