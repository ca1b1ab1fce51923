"""The sample: the demo's weeks, moved so that today lies within them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from driftloop.onboarding.demo_story import WEEKS
from tasks.onboarding.demo import ROOT
from tasks.onboarding.sample import FIRST_WEEK, PAST_WEEKS, past_mondays, sample_workspace

NOW = datetime(2031, 3, 12, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return sample_workspace(NOW, tmp_path_factory.mktemp("outer") / "sample")


def test_every_value_but_the_time_is_that_of_the_demo(sample: Workspace) -> None:
    moved = sorted((sample.root / "data" / "payments").glob("*.parquet"))
    original = sorted((ROOT / "data" / "payments").glob("*.parquet"))
    assert len(moved) == len(original) == WEEKS
    for new, old in zip(moved, original, strict=True):
        later, before = pq.read_table(new).to_pandas(), pq.read_table(old).to_pandas()
        assert later.drop(columns="event_time").equals(before.drop(columns="event_time"))
        days = (later.event_time - before.event_time).unique()
        assert len(days) == 1
        assert days[0] % timedelta(weeks=1) == timedelta()
        assert f"{later.event_time.min():%G-%V}" == f"{datetime.fromisoformat(new.stem):%G-%V}"


def test_today_lies_within_it(sample: Workspace) -> None:
    mondays = [*past_mondays(sample, NOW)]
    assert len(mondays) == PAST_WEEKS - FIRST_WEEK + 1
    assert mondays[-1] == datetime(2031, 3, 10, tzinfo=UTC)
    assert all(day.weekday() == 0 for day in mondays)


def test_it_is_a_workspace_that_alerts_nobody_and_is_made_once(sample: Workspace) -> None:
    config = load_config(sample.configs / "payments.yaml")
    assert [channel.kind for channel in config.alerts.channels] == ["page"]
    file = sample.root / "data.dvc"
    before = file.stat().st_mtime_ns
    assert sample_workspace(NOW + timedelta(weeks=3), sample.root) == sample
    assert file.stat().st_mtime_ns == before


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Exception, match="already exists and is not empty"):
        sample_workspace(NOW, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
