"""`driftloop.compare` with a model's configuration finds what its monitoring run found."""

from pathlib import Path

import pandas as pd
import pytest
from workshop import look

import driftloop
from driftloop.base.findings import Finding
from driftloop.base.periods import Window, naive
from driftloop.base.workspace import Workspace
from tasks.registry.opening import open_registry

DRIFTING = 10


def test_it_finds_what_a_run_finds(championed: Path, prefect_server: str) -> None:
    record = look(championed, DRIFTING, dry_run=True)
    champion = open_registry(Workspace(championed)).champion("payments")
    assert champion is not None
    assert champion.training is not None
    batches = (championed / "data" / "payments").glob("*.parquet")
    every = pd.concat([pd.read_parquet(batch) for batch in sorted(batches)])
    result = driftloop.compare(
        rows_in(every, champion.training.window),
        rows_in(every, record.window),
        config=championed / "configs" / "payments.yaml",
    )
    found = {key(hit): facts(hit) for hit in result.findings}
    expected = {key(hit): facts(hit) for hit in record.findings if hit.role == "feature"}
    assert len(found) > 5
    assert found == expected
    assert result.analysis.quality == record.quality


def rows_in(table: pd.DataFrame, window: Window) -> pd.DataFrame:
    times = table["event_time"]
    return table[(times >= naive(window.start)) & (times < naive(window.end))]


def key(finding: Finding) -> tuple[str, str]:
    return finding.name, finding.test


def facts(finding: Finding) -> tuple[object, ...]:
    rounded = pytest.approx(finding.p_value, rel=1e-9) if finding.p_value is not None else None
    return finding.statistic, rounded, finding.effect_size, finding.effect_floor, finding.shape
