"""Columns read in pieces, here or by a Dask cluster, give what columns in memory give."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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
from driftloop.base.errors import ConfigError, DataError, UnavailableError
from driftloop.drift.judge import measure_features
from driftloop.drift.measure import FeatureMeasurement, MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.reference_profile import Features, MemoryProfile, build_profile
from driftloop.profiling.tall import TallNumbers
from driftloop.profiling.variation import window_rows
from tasks.monitoring.sampling import sampled_rows
from tasks.runtime.servers.dask_cluster import VARIABLE, client_of, cluster_for
from tasks.snapshots.parquet import ParquetColumns
from tasks.snapshots.sorted_file import sorted_file
from tasks.snapshots.tall_columns import each_batch

Sides = tuple[ParquetColumns, ParquetColumns]
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
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    folder = tmp_path_factory.mktemp("shards")
    return ParquetColumns.of(shards(folder, 1, 0.0)), ParquetColumns.of(shards(folder, 2, 0.1))


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = ((spill, "ROUND"), (distances, "ROUND"), (pairs, "ROUND"), (tall, "ROUND"))
    for module, name, value in (*LIMITS, *((*one, 700) for one in rounds), (spill, "_STEP", 50)):
        monkeypatch.setattr(module, name, value)


def measured(
    sides: Sides,
) -> tuple[MemoryProfile, tuple[FeatureMeasurement, ...]]:
    reference, current = sides
    moments = np.arange(ROWS).astype("datetime64[us]")
    windows = window_rows(moments, moments[:: ROWS // 10], np.datetime64(ROWS, "us"), 100)
    profile = build_profile(reference, FEATURES, SETTINGS.effect_sizes, windows)
    return profile, measure_features(profile, current, FEATURES, MeasuringOptions(SETTINGS, 0.01))


def test_findings_are_those_of_columns_in_memory(
    sides: Sides, request: pytest.FixtureRequest
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
def test_statistics_are_those_of_scipy(sides: Sides) -> None:
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
    assert np.array_equal(sorted_file(map(np.sort, pieces)), expected)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two workers that share this process, and to which all is sent as over a network."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=":0",
    ) as cluster:
        yield cluster.scheduler_address
        client_of(cluster.scheduler_address).close()
        client_of.cache_clear()


@pytest.fixture
def spread(sides: Sides, address: str) -> Sides:
    one, other = (replace(side, cluster=address) for side in sides)
    return one, other


def test_profile_and_findings_are_those_of_one_machine(
    sides: Sides, spread: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in LIMITS:
        monkeypatch.setattr(module, name, value)
    profile, findings = measured(sides)
    profile_here, findings_here = measured(spread)
    assert repr(findings) == repr(findings_here)
    for name in FEATURES.names:
        alone, together = profile.column(name), profile_here.column(name)
        for key in alone.__slots__:
            one, other = getattr(alone, key), getattr(together, key)
            assert np.array_equal(one, other) if key != "variation" else one == other, (name, key)


def score(batch: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    return batch[["normal", "counts"]].to_numpy() @ weights


def test_samples_and_predictions_are_those_of_one_machine(sides: Sides, spread: Sides) -> None:
    names = ("normal", "counts", "letter")
    alone, together = (pd.concat(sampled_rows(side[1], names, 500)) for side in (sides, spread))
    pd.testing.assert_frame_equal(alone, together)
    predicted = partial(score, weights=np.array([0.3, -1.2]))
    found = [np.concatenate([*each_batch(side[1], names, predicted)]) for side in (sides, spread)]
    assert len(found[0]) == ROWS
    assert np.array_equal(*found)


def test_a_cluster_tells_the_same_faults(tmp_path: Path, address: str) -> None:
    paths = tmp_path / "0.parquet", tmp_path / "1.parquet"
    for path, values in zip(paths, ([1.0, 2.0], ["a", "b"]), strict=True):
        pd.DataFrame({"x": values}).to_parquet(path)
    columns = replace(ParquetColumns.of(paths), cluster=address).batch(("x",))
    with pytest.raises(DataError, match="column 'x' holds double and text in different batches"):
        columns.categorical("x")


def test_only_large_slices_go_to_the_cluster_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster_for(5_000_000) is None
    monkeypatch.setenv(VARIABLE, "tcp://dask:8786")
    assert cluster_for(999_999) is None
    assert cluster_for(1_000_000) == "tcp://dask:8786"


def test_a_cluster_that_cannot_be_reached_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.runtime.servers.dask_cluster.WAIT_SECONDS", 1)
    with pytest.raises(UnavailableError, match=r"^DRIFTLOOP_CLUSTER: no Dask scheduler at tcp://"):
        client_of("tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'driftloop\[distributed\]'"):
        client_of("tcp://127.0.0.1:9")
