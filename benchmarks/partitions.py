"""Large data judged by one machine, and by partition on a local Dask cluster: are they the same?

Each worker reads one column of a partition at a time. The profile of the reference is on disk, with
24 GB for 3,000,000 rows of 1,000 numbers: that of the one machine is removed before the cluster
makes its own, and they are compared by digests.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.data import Size, make_files
from benchmarks.errors import BenchmarkError
from benchmarks.fleet import KEPT
from benchmarks.machine import sentence
from benchmarks.process_tree import ProcessTree
from driftloop.base.findings import Finding
from driftloop.drift.judge import measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.reference_column import ColumnReference
from driftloop.profiling.reference_profile import Features, profile_columns
from tasks.monitoring.profile_file import StoredProfile, write_profile
from tasks.runtime.servers.dask_cluster import client_of
from tasks.snapshots.parquet import ParquetColumns

SETTINGS = DriftSettings(engine="native")
T = TypeVar("T")
Took = dict[str, float]
"""Seconds by the clock, processor seconds, and peak memory in GB."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What was found, a digest of each column of the profile, and what both steps took."""

    findings: list[Finding]
    digests: dict[str, str]
    profile: Took
    verdict: Took


@dataclass(frozen=True, slots=True)
class _Spread:
    """What a cluster found, and what each worker took for it beside the flow's process."""

    judged: _Judged
    workers: list[Took]


def run(rows: int, current: int, columns: int, partition: int, workers: int = 2) -> None:
    """Measure, check that both are the same, and keep the numbers beside those of fleets."""
    size = Size(rows, columns, categorical=min(10, columns), current=current, shard=partition)
    home = make_files(size)
    features = Features(tuple(size.numeric_names), tuple(size.categorical_names))
    sides = [
        ParquetColumns.of(tuple(sorted(size.path(home, side).iterdir())))
        for side in ("reference", "current")
    ]
    alone = _judged(sides, features)
    print(json.dumps({"alone": [alone.profile, alone.verdict]}), flush=True)
    spread = _on_workers(sides, features, workers)
    _compare(alone, spread.judged)
    found = {
        "rows": rows,
        "current": current or rows,
        "columns": columns,
        "partitions": sum(len(side.paths) for side in sides),
        "alone": {"profile": alone.profile, "verdict": alone.verdict},
        "flow": {"profile": spread.judged.profile, "verdict": spread.judged.verdict},
        "workers": spread.workers,
        "findings": len(alone.findings),
        "machine": sentence(),
    }
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"fleets": {}}
    kept.setdefault("partitions", {})[size.name] = found
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def _on_workers(sides: list[ParquetColumns], features: Features, workers: int) -> _Spread:
    """Return what a cluster of this machine's own makes of the same data."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        client_of(cluster.scheduler_address) as client,
    ):
        spread = [replace(side, cluster=cluster.scheduler_address) for side in sides]
        trees = [ProcessTree(pid) for pid in client.run(os.getpid).values()]
        with ExitStack() as watched:
            for tree in trees:
                watched.enter_context(tree)
            begun = time.perf_counter()
            judged = _judged(spread, features)
            wall = time.perf_counter() - begun
    return _Spread(judged, [_took(wall, tree.seconds, tree) for tree in trees])


def _took(wall: float, seconds: float, tree: ProcessTree) -> Took:
    return {
        "seconds": round(wall, 1),
        "processor": round(seconds, 1),
        "peak_gb": round(tree.peak_bytes / 1e9, 2),
    }


def _watched(work: Callable[[], T]) -> tuple[T, Took]:
    """Return what a work returns, and what this process took for it.

    Memory is looked at twice a second, with pages of mapped files; seconds are this process's own.
    """
    begun, clock = time.process_time(), time.perf_counter()
    with ProcessTree(os.getpid()) as tree:
        found = work()
    wall = time.perf_counter() - clock
    return found, _took(wall, time.process_time() - begun, tree)


def _judged(sides: list[ParquetColumns], features: Features) -> _Judged:
    reference, current = sides
    options = MeasuringOptions(SETTINGS, 0.01)
    with tempfile.TemporaryDirectory() as folder:
        profile, making = _watched(lambda: _profile(Path(folder) / "profile", reference, features))
        measured, judging = _watched(lambda: measure_features(profile, current, features, options))
        digests = {name: _digest(profile.column(name)) for name in features.names}
    return _Judged(
        [finding for feature in measured for finding in feature.findings], digests, making, judging
    )


def _profile(folder: Path, reference: ParquetColumns, features: Features) -> StoredProfile:
    columns = profile_columns(reference, features, SETTINGS.effect_sizes)
    return write_profile(folder, "benchmark", reference.rows, columns)


def _digest(column: ColumnReference) -> str:
    """Return a digest of every figure of a column but its variation, drawn from rougher counts."""
    digest = hashlib.sha256()
    for key in column.__slots__:
        if key != "variation":
            value = np.asarray(getattr(column, key))
            digest.update(f"{key} {value.dtype.kind} {value.shape}".encode())
            # Names are objects: as bytes these would be addresses.
            text = value.dtype.kind in "OU"
            digest.update(repr(value.tolist()).encode() if text else np.ascontiguousarray(value))
    return digest.hexdigest()


def _compare(alone: _Judged, together: _Judged) -> None:
    """Raise where any figure differs; the picture of a shape is drawn from rougher counts."""
    for one, other in zip(alone.findings, together.findings, strict=True):
        if replace(one, shape=None) != replace(other, shape=None):
            raise BenchmarkError(f"{one.name}: {one} is not {other}")
    for name, digest in alone.digests.items():
        if digest != together.digests[name]:
            raise BenchmarkError(f"{name}: the profiles differ")
