"""Columns read in pieces give what columns in memory give."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import chi2_contingency, ks_2samp

import driftloop.profiling.column_pair as pairs
import driftloop.profiling.ks_distance as distances
import driftloop.profiling.tall as tall
import tasks.snapshots.parquet as parquet
import tasks.snapshots.sorted_file as spill
from driftloop.base.distribution import Shape
from driftloop.base.errors import DataError
from driftloop.drift.judge import measure_features
from driftloop.drift.measure import FeatureMeasurement, MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.reference_profile import Features, MemoryProfile, build_profile
from driftloop.profiling.tall import TallNumbers
from driftloop.profiling.variation import window_rows
from tasks.snapshots.parquet import ParquetColumns
from tasks.snapshots.sorted_file import sorted_file

ROWS, SHARDS, PIECE = 12_000, 4, 900
SETTINGS = DriftSettings(engine="native")
FEATURES = Features(("normal", "counts", "zeros", "far", "gaps", "whole"), ("letter", "code"))
LIMITS = ((tall, "TALL_FROM", 1), (parquet, "TALL_FROM", 1), (parquet, "PIECE_ROWS", PIECE))


def shard(rng: np.random.Generator, shift: float, rows: int) -> pa.Table:
    codes = np.array([f"x{number}" for number in range(300)], dtype=object)
    columns: dict[str, Any] = {
        "normal": rng.normal(shift, 1, rows),
        "counts": rng.poisson(4 + shift, rows).astype(float),
        "zeros": np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(1, rows)),
        "far": rng.normal(1000 * shift, 1, rows),
        "gaps": np.where(rng.random(rows) < 0.1 + shift, np.nan, rng.normal(size=rows)),
        "whole": rng.integers(0, 1000, rows),
        "letter": np.array(list("abcdef"), dtype=object)[rng.integers(0, 6, rows)],
        "code": np.where(rng.random(rows) < 0.05, None, codes[rng.integers(0, 300, rows)]),
    }
    return pa.table(columns)


def shards(folder: Path, seed: int, shift: float) -> tuple[Path, ...]:
    """Write files with row groups larger than a piece; one lacks a column."""
    rng, paths = np.random.default_rng(seed), []
    for number in range(SHARDS):
        table = shard(rng, shift, ROWS // SHARDS)
        paths.append(folder / f"{seed}-{number}.parquet")
        pq.write_table(
            table.drop(["gaps"]) if number == 2 else table, paths[-1], row_group_size=2_000
        )
    return tuple(paths)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[ParquetColumns, ParquetColumns]:
    folder = tmp_path_factory.mktemp("shards")
    return ParquetColumns.of(shards(folder, 1, 0.0)), ParquetColumns.of(shards(folder, 2, 0.1))


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = ((spill, "ROUND"), (distances, "ROUND"), (pairs, "ROUND"), (tall, "ROUND"))
    for module, name, value in (*LIMITS, *((*one, 700) for one in rounds), (spill, "_STEP", 50)):
        monkeypatch.setattr(module, name, value)


def measured(
    sides: tuple[ParquetColumns, ParquetColumns],
) -> tuple[MemoryProfile, tuple[FeatureMeasurement, ...]]:
    reference, current = sides
    moments = np.arange(ROWS).astype("datetime64[us]")
    windows = window_rows(moments, moments[:: ROWS // 10], np.datetime64(ROWS, "us"), 100)
    profile = build_profile(reference, FEATURES, SETTINGS.effect_sizes, windows)
    return profile, measure_features(profile, current, FEATURES, MeasuringOptions(SETTINGS, 0.01))


def test_findings_are_those_of_columns_in_memory(
    sides: tuple[ParquetColumns, ParquetColumns], request: pytest.FixtureRequest
) -> None:
    profile, findings = measured(sides)
    request.getfixturevalue("small_limits")
    assert isinstance(sides[1].batch(("normal",)).numeric("normal"), TallNumbers)
    tall_profile, tall_findings = measured(sides)
    for name in FEATURES.names:
        whole, pieces = profile.column(name), tall_profile.column(name)
        for key in whole.__slots__:
            one, other = getattr(whole, key), getattr(pieces, key)
            if key == "scale":
                assert one == pytest.approx(other, rel=1e-12)
            else:
                assert np.array_equal(one, other) if key != "variation" else one == other, key
    for one, other in zip(tall_findings, findings, strict=True):
        for piece, plain in zip(one.findings, other.findings, strict=True):
            assert_shapes_agree(piece.shape, plain.shape)
            assert replace(piece, shape=None) == replace(plain, shape=None)


def assert_shapes_agree(one: Shape | None, other: Shape | None) -> None:
    """Of values in pieces the picture is a little rough: they are counted between edges."""
    if one is None or other is None or one.labels:
        assert one == other
        return
    upto = [np.cumsum(side.current) for side in (one, other)]
    between = np.interp(one.edges[1:-1], other.edges[1:], upto[1])
    assert np.allclose(between, upto[0][:-1], atol=0.03), one.name


@pytest.mark.usefixtures("small_limits")
def test_statistics_are_those_of_scipy(sides: tuple[ParquetColumns, ParquetColumns]) -> None:
    _, features = measured(sides)
    found = {one.summary.name: one.findings[0] for one in features}
    for name in ("normal", "zeros", "far", "gaps"):
        old, new = (side.numeric(name).present for side in sides)
        expected = ks_2samp(old, new, method="asymp")
        assert found[name].statistic == pytest.approx(expected.statistic, abs=1e-12)
        assert found[name].p_value == pytest.approx(expected.pvalue, abs=1e-6)
    counts = [side.categorical("code").counts for side in sides]
    assert found["code"].statistic == pytest.approx(chi2_contingency(counts).statistic)


@pytest.mark.usefixtures("small_limits")
def test_types_that_do_not_go_together_are_a_fault(tmp_path: Path) -> None:
    paths = tmp_path / "0.parquet", tmp_path / "1.parquet"
    for path, values in zip(paths, ([1.0, 2.0], ["a", "b"]), strict=True):
        pq.write_table(pa.table({"x": values}), path)
    columns = ParquetColumns.of(paths).batch(("x",))
    with pytest.raises(DataError, match="column 'x' holds double and text in different batches"):
        columns.numeric("x").count(np.zeros(1))
    with pytest.raises(DataError, match="in different batches"):
        columns.categorical("x")
    with pytest.raises(DataError, match="column 'y' is missing"):
        columns.categorical("y")


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("shape", ["normal", "ties", "one value", "none", "many runs"])
def test_sorting_in_a_file_is_sorting(shape: str) -> None:
    rng = np.random.default_rng(0)
    pieces = {
        "normal": [rng.normal(size=size) for size in (5_000, 1, 0, 3_000)],
        "ties": [rng.poisson(1.0, 4_000).astype(float) for _ in range(3)],
        "one value": [np.full(4_000, 7.0)] * 2,
        "none": [],
        "many runs": [rng.lognormal(0, 5, 100) for _ in range(90)],
    }[shape]
    expected = np.sort(np.concatenate([np.zeros(0), *pieces]))
    assert np.array_equal(sorted_file(iter(pieces)), expected)
