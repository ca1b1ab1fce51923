"""Local times where the clocks change: each row keeps its moment, or one line says what to write.

In Berlin 02:30 does not exist on 29 March 2026 and exists twice on 25 October 2026.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from snapshot_ground import CONFIG, commit_copy, job_of, take, week_rows

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError
from driftloop.base.periods import Window
from driftloop.snapshots.options import Options
from driftloop.snapshots.read_table import read_table
from tasks.snapshots.parquet import read_slice
from tasks.snapshots.resolve import open_snapshot

BERLIN = "Europe/Berlin"
AUTUMN = pd.date_range("2026-10-25T00:30Z", periods=3, freq="h").tz_convert(BERLIN)
SPRING = pd.date_range("2026-03-29T00:30Z", periods=3, freq="h").tz_convert(BERLIN)
LABELS = [0, 1, 0]
WAYS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "csv": lambda table, path: table.map(
        lambda value: value.isoformat() if isinstance(value, pd.Timestamp) else value
    ).to_csv(path, index=False),
    "parquet": lambda table, path: table.to_parquet(path, index=False),
}


def rows_at(times: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame({"at": times, "a": [1.5, 2.5, 3.5], "bad": LABELS})


@pytest.mark.parametrize("times", [AUTUMN, SPRING], ids=["autumn", "spring"])
@pytest.mark.parametrize("way", WAYS)
def test_times_with_an_offset_or_a_zone_keep_their_moment(
    way: str, times: pd.DatetimeIndex, tmp_path: Path
) -> None:
    assert len({time.strftime("%z") for time in times}) == 2, "the clocks change in between"
    path = tmp_path / "rows"
    WAYS[way](rows_at(times), path)
    read = read_table(path, Options("at", "bad")).table
    assert list(read["at"]) == list(times.tz_convert("UTC").tz_localize(None))


def test_a_label_reaches_the_first_or_the_second_of_two_equal_hours(tmp_path: Path) -> None:
    """Without a key the time tells rows apart: 02:30 summer time, and 02:30 an hour later."""
    work = committed(tmp_path)
    WAYS["csv"](rows_at(AUTUMN).assign(bad=None), tmp_path / "drops" / "1.csv")
    take(work, day="2026-11-02T00:00:00Z")
    late = '{"at": "2026-10-25T02:30:00+01:00", "a": 2.5, "bad": 1}\n'
    (tmp_path / "drops" / "2.csv").write_text(late)
    assert take(work, day="2026-11-03T00:00:00Z").labelled == 1
    snapshot = open_snapshot(str(work), "HEAD", "data/payments")
    window = Window(datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))
    rows = read_slice(DataSlice(snapshot, window), ("bad",), "at", job_of(work).workspace)
    assert rows["at"].dt.hour.tolist() == [0, 1, 2]
    assert rows["bad"].notna().tolist() == [False, True, False]


def committed(place: Path) -> Path:
    """Make a working copy of rows that their time alone tells apart."""
    work = place / "work"
    batches = work / "data" / "payments"
    batches.mkdir(parents=True)
    (place / "drops").mkdir()
    rows = week_rows(0).astype({"bad": "Int64"})[["at", "a", "bad"]]
    rows.drop_duplicates("at").to_parquet(batches / "2026-03-02.parquet", index=False)
    data = {name: value for name, value in CONFIG["data"].items() if name != "key"}
    arrivals = {**CONFIG["arrivals"], "push": False}
    features = {"numeric": ["a"], "categorical": []}
    parts = {"data": data, "features": features, "arrivals": arrivals}
    commit_copy(work, {**CONFIG, **parts})
    return work


@pytest.mark.parametrize(
    ("first", "second", "way_out"),
    [
        ("2026-10-25 02:30:00", "2026-10-25 02:30:00", "--key"),
        ("2026-10-25 02:30:00 CEST", "2026-10-25 02:30:00 CET", "write times as"),
        (
            "2026-10-25 02:30:00 Europe/Berlin",
            "2026-10-25 03:30:00 Europe/Berlin",
            "write times as",
        ),
        ("2026-10-25T02:30:00+02:00", "2026-10-25 02:45:00", "write all of them in UTC"),
    ],
    ids=["an hour that comes twice", "a zone's short name", "a zone's name", "some with an offset"],
)
def test_what_does_not_say_its_moment_is_refused_in_a_line(
    first: str, second: str, way_out: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"at,a,bad\n{first},1,0\n{second},2,1\n2026-10-26 00:00:00,3,0\n")
    with pytest.raises(DataError) as caught:
        read_table(path, Options("at", "bad"))
    assert way_out in str(caught.value)
    assert "\n" not in str(caught.value)
