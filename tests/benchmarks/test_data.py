"""The made-up data: the same every time, and drifted where it says."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from benchmarks.data import Size, make_files
from benchmarks.scenarios import (
    CATEGORICAL,
    NUMERIC,
    REFERENCE_WINDOWS,
    Scenario,
    Shift,
    cases,
    iid_frame,
    scenarios,
    seasonal_frame,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(Size(3_000, 7), tmp_path_factory.mktemp("data"))


def test_files_are_the_same_at_every_call(files: Path, tmp_path: Path) -> None:
    again = make_files(Size(3_000, 7), tmp_path)
    for name in ("reference.parquet", "current.parquet"):
        first, second = ((home / name).read_bytes() for home in (files, again))
        assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


def test_files_are_kept_until_the_size_changes(tmp_path: Path) -> None:
    written = (make_files(Size(100, 5), tmp_path) / "current.parquet").stat().st_mtime_ns
    assert (make_files(Size(100, 5), tmp_path) / "current.parquet").stat().st_mtime_ns == written
    other = make_files(Size(100, 5, seed=1), tmp_path) / "current.parquet"
    assert other.stat().st_mtime_ns != written


def test_a_column_does_not_depend_on_how_many_there_are(files: Path, tmp_path: Path) -> None:
    wider = pd.read_parquet(make_files(Size(3_000, 9), tmp_path) / "current.parquet")
    narrower = pd.read_parquet(files / "current.parquet")
    pd.testing.assert_series_equal(wider["number_003"], narrower["number_003"])


def test_a_large_size_comes_in_files_of_a_shard_each(files: Path, tmp_path: Path) -> None:
    size = Size(3_000, 7, current=1_500, shard=1_000)
    home = make_files(size, tmp_path)
    for side, rows in (("reference", [1_000] * 3), ("current", [1_000, 500])):
        shards = [pd.read_parquet(path) for path in sorted(size.path(home, side).iterdir())]
        assert [len(shard) for shard in shards] == rows
        whole = pd.read_parquet(files / f"{side}.parquet")
        joined = pd.concat(shards, ignore_index=True)
        assert list(joined) == list(whole)
        pd.testing.assert_series_equal(
            joined["number_000"], whole["number_000"][: len(joined)], check_index_type=False
        )


def test_the_stated_columns_are_drifted_and_the_others_not(files: Path) -> None:
    size = Size(3_000, 7)
    assert size.drifted == ["number_000", "number_005", "category_00", "category_05"]
    reference, current = (pd.read_parquet(files / f"{x}.parquet") for x in ("reference", "current"))
    assert list(current) == size.numeric_names + size.categorical_names
    assert not current.isna().any().any()
    p = {c: ks_2samp(reference[c], current[c]).pvalue for c in size.numeric_names}
    assert p["number_000"] < 1e-6
    undrifted = [c for c in size.numeric_names if c not in size.drifted]
    assert min(p[c] for c in undrifted) > 1e-3
    old, new = (frame["number_005"][frame["number_005"] > 0] for frame in (reference, current))
    assert new.mean() / old.mean() == pytest.approx(1.3, abs=0.25)
    for column, move in (("category_00", True), ("category_01", False)):
        shares = [frame[column].value_counts(normalize=True) for frame in (reference, current)]
        rarest = shares[0].idxmin()
        assert bool(shares[1][rarest] - shares[0][rarest] > 0.05) is move


@pytest.mark.parametrize(
    ("shift", "measure", "expected"),
    [
        (Shift("mean", 0.5), lambda x: x.mean(), 55.0),
        (Shift("variance", 1.5), lambda x: x.std(), 15.0),
        (Shift("tail", 0.1), lambda x: (np.abs(x - 50) > 45).mean(), 0.1 * 0.368),
    ],
)
def test_a_shift_has_the_stated_size(shift: Shift, measure, expected: float) -> None:
    frame = iid_frame(np.random.default_rng(1), 40_000, shift)
    assert measure(frame[NUMERIC[0]]) == pytest.approx(expected, rel=0.1)


def test_a_shift_of_categories_moves_the_stated_share() -> None:
    old, new = (
        iid_frame(np.random.default_rng(1), 40_000, shift)[CATEGORICAL[0]].value_counts(True)
        for shift in (None, Shift("categories", 0.1))
    )
    assert new["level 00"] - old["level 00"] == pytest.approx(-0.1, abs=0.01)
    assert new["level 03"] - old["level 03"] == pytest.approx(0.1, abs=0.01)


def test_seasonal_weeks_differ_more_than_chance_and_more_rows_do_not_help() -> None:
    for rows in (200, 2_000):
        frame = seasonal_frame(np.random.default_rng(2), rows, 40)
        means = frame[NUMERIC[0]].to_numpy().reshape(40, rows).mean(axis=1)
        assert 0.1 < means.std() / frame[NUMERIC[0]].std() < 0.6


def test_cases_are_seeded_and_hold_the_reference_they_say() -> None:
    scenario = Scenario("false-alarms", "seasonal", 60, 1)
    first, again = (list(cases(scenario, 2)) for _ in range(2))
    assert len(first) == 2
    pd.testing.assert_frame_equal(first[1].windows[0], again[1].windows[0])
    assert not first[0].windows[0].equals(first[1].windows[0])
    assert len(first[0].reference) == len(first[0].window_codes) == REFERENCE_WINDOWS * 60
    assert len({scenario.name for scenario in scenarios()}) == len(scenarios())
