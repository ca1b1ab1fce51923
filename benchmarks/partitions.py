"""Large data judged by one machine, and by partition on a local Dask cluster: are they the same?

Each worker reads one column of a partition at a time. The profile of the reference is on disk.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

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
from driftloop.profiling.reference_profile import Features, Profile, profile_columns
from tasks.monitoring.profile_file import write_profile
from tasks.runtime.servers.dask_cluster import client_of
from tasks.snapshots.parquet import ParquetColumns

SETTINGS = DriftSettings(engine="native")
Judged = tuple[Profile, list[Finding]]
Took = dict[str, float]
"""Processor seconds and peak memory in GB."""


@dataclass(frozen=True, slots=True)
class _Spread:
    """What a cluster found, and what the flow's process and each worker's took for it."""

    judged: Judged
    flow: Took
    workers: list[Took]


def run(rows: int, columns: int, partition: int, workers: int = 2) -> None:
    """Measure, check that both are the same, and keep the numbers beside those of fleets."""
    size = Size(rows, columns, categorical=min(10, columns), shard=partition)
    home = make_files(size)
    features = Features(tuple(size.numeric_names), tuple(size.categorical_names))
    sides = [
        ParquetColumns.of(tuple(sorted(size.path(home, side).iterdir())))
        for side in ("reference", "current")
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        alone, took = _watched(lambda: _judged(sides, features, place / "alone"))
        spread = _on_workers(sides, features, place / "together", workers)
        _compare(alone, spread.judged, features)
    found = {
        "rows": rows,
        "columns": columns,
        "partitions": -(-rows // partition),
        "alone": took,
        "flow": spread.flow,
        "workers": spread.workers,
        "findings": len(alone[1]),
        "machine": sentence(),
    }
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"fleets": {}}
    kept.setdefault("partitions", {})[size.name] = found
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def _on_workers(
    sides: list[ParquetColumns], features: Features, folder: Path, workers: int
) -> _Spread:
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
            judged, flow = _watched(lambda: _judged(spread, features, folder))
    return _Spread(judged, flow, [_took(tree.seconds, tree) for tree in trees])


def _took(seconds: float, tree: ProcessTree) -> Took:
    return {"processor": round(seconds, 1), "peak_gb": round(tree.peak_bytes / 1e9, 2)}


def _watched(work: Callable[[], Judged]) -> tuple[Judged, Took]:
    """Return what a work returns, and what this process took for it.

    Memory is looked at twice a second, with pages of mapped files; seconds are this process's own.
    """
    begun = time.process_time()
    with ProcessTree(os.getpid()) as tree:
        found = work()
    return found, _took(time.process_time() - begun, tree)


def _judged(sides: list[ParquetColumns], features: Features, folder: Path) -> Judged:
    reference, current = sides
    columns = profile_columns(reference, features, SETTINGS.effect_sizes)
    profile = write_profile(folder, "benchmark", reference.rows, columns)
    options = MeasuringOptions(SETTINGS, 0.01)
    measured = measure_features(profile, current, features, options)
    return profile, [finding for one in measured for finding in one.findings]


def _compare(alone: Judged, together: Judged, features: Features) -> None:
    """Raise where any figure differs; the picture of a shape is drawn from rougher counts."""
    for one, other in zip(alone[1], together[1], strict=True):
        if replace(one, shape=None) != replace(other, shape=None):
            raise BenchmarkError(f"{one.name}: {one} is not {other}")
    for name in features.names:
        old, new = (side[0].column(name) for side in (alone, together))
        for key in old.__slots__:
            if key != "variation" and not np.array_equal(getattr(old, key), getattr(new, key)):
                raise BenchmarkError(f"{name}: {key} of the profiles differ")
