"""Speed and memory: every tool as a process of its own, from Parquet on disk to verdict."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from benchmarks.data import Size, make_files
from benchmarks.environments import OWN
from benchmarks.launch import Result, kept, launch
from benchmarks.machine import machine
from benchmarks.paths import CACHE, DATA, DOCS, RESULTS

ROWS = (10_000, 100_000, 1_000_000)
NUMERIC = (20, 100)
BASE = "driftloop"
LARGE = {
    "wide": Size(3_000_000, 1_000, current=1_000_000),
    "tall-tenth": Size(10_000_000, 20, shard=1_000_000),
    "tall": Size(100_000_000, 20, shard=1_000_000),
}
"""Sizes that no tool should read as a whole; the two tall ones show how memory grows with rows."""

LARGE_TOOLS = ("driftloop-profile", "driftloop")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool to measure: its name in tables, the environment and the runner it needs."""

    label: str
    environment: str
    runner: str
    options: dict[str, Any] = field(default_factory=dict)


TOOLS: dict[str, Tool] = {
    "driftloop": Tool("driftloop native, profile cached", OWN, "driftloop", {"mode": "cached"}),
    "driftloop-cold": Tool("driftloop native, new profile", OWN, "driftloop", {"mode": "cold"}),
    "driftloop-profile": Tool("driftloop, the profile alone", OWN, "driftloop", {"mode": "make"}),
    "driftloop-alibi": Tool(
        "driftloop alibi, profile cached", OWN, "driftloop", {"mode": "cached", "engine": "alibi"}
    ),
    "alibi": Tool("alibi-detect KS and χ²", OWN, "alibi"),
    "scipy": Tool("scipy KS and χ²", OWN, "scipy"),
    "nannyml": Tool("NannyML KS and χ²", "nannyml", "nannyml"),
    "evidently": Tool("Evidently default preset", "evidently", "evidently"),
    "floor": Tool("floor: read and sort, 1 thread", "floor", "floor", {"threads": 1}),
    "floor-2": Tool("floor: read and sort, 2 threads", "floor", "floor", {"threads": 2}),
}
TOOLS_OF_ALL_SIZES = tuple(name for name in TOOLS if name != "driftloop-profile")


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the speed benchmark to run, and how."""

    rows: Sequence[int] = ROWS
    numeric: Sequence[int] = NUMERIC
    tools: Sequence[str] = TOOLS_OF_ALL_SIZES
    repeats: int = 3
    limit: float = 900.0
    fresh: bool = False
    large: Sequence[str] = ()


def median(values: Sequence[float]) -> float:
    """Return the median."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def measure(size: Size, name: str, repeats: int, limit: float) -> Result:
    """Measure one tool at one size."""
    tool = TOOLS[name]
    files = make_files(size)
    # A large profile is made once, and read by the tool that comes after.
    workdir = CACHE / "profiles" / size.name / ("large" if size.large else name)
    workdir.mkdir(parents=True, exist_ok=True)
    job = {
        "reference": str(size.path(files, "reference")),
        "current": str(size.path(files, "current")),
        "numeric": size.numeric_names,
        "categorical": size.categorical_names,
        "workdir": str(workdir),
        "repeats": 1 if name == "driftloop-profile" else repeats,
        "options": tool.options | {"at_hand": size.large},
    }
    load_before = os.getloadavg()[0]
    result = launch(tool.environment, tool.runner, job, limit)
    about = {"tool": name, "rows": size.rows, "numeric": size.numeric, "load_before": load_before}
    about |= {"rows_current": size.rows_of(current=True), "large": size.large}
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return about | {"categorical": size.categorical, "measured": day} | result


def run(settings: Settings) -> None:
    """Measure the chosen tools at the chosen sizes, one after the other at each size."""
    for rows, numeric in product(settings.rows, settings.numeric):
        run_size(Size(rows, numeric), settings.tools, settings)
    for name in settings.large:
        run_size(LARGE[name], LARGE_TOOLS, settings)
        for folder in (DATA, CACHE / "profiles"):  # tens of GB
            shutil.rmtree(folder / LARGE[name].name, ignore_errors=True)


def run_size(size: Size, tools: Sequence[str], settings: Settings) -> None:
    """Measure tools at one size and say how it went."""
    for name in tools:
        path = RESULTS / "speed" / size.name / f"{name}.json"
        result, old = kept(
            path,
            settings.fresh,
            lambda n=name: measure(size, n, settings.repeats, settings.limit),  # type: ignore[misc]
        )
        note = "  (kept)" if old else ""
        print(f"{size.name:>12}  {name:17} {outcome(result)}{note}", flush=True)


def outcome(result: Result) -> str:
    """Say in one line how a measurement ended."""
    if "error" in result:
        return f"failed: {result['error']}"
    if "over" in result:
        return f"over {result['over']:.0f} s"
    return (
        f"{median(result['seconds']):8.3f} s  peak {result['peak_mb']:6.0f} MB  "
        f"processor {median(result['processor_seconds']):.3f} s  "
        f"{len(result['drifted'])} columns drifted"
    )


def collected() -> list[Result]:
    """Return everything measured so far, by size and in the order of the tools."""
    order = list(TOOLS)
    found = [json.loads(path.read_text()) for path in RESULTS.glob("speed/*/*.json")]
    found = [result for result in found if result["tool"] in TOOLS]
    return sorted(found, key=lambda r: (r["numeric"], r["rows"], order.index(r["tool"])))


def ratios(results: Sequence[Result], base: str = BASE) -> dict[str, float]:
    """Return how many times the base's processor seconds each tool takes, at one size.

    A tool that ran into the time limit gets the ratio of the limit to the base's time by the clock.
    """
    measured = next((r for r in results if r["tool"] == base and "over" not in r), None)
    if measured is None:
        return {}
    clock, processor = (median(measured[key]) for key in ("seconds", "processor_seconds"))
    return {
        r["tool"]: r["over"] / clock if "over" in r else median(r["processor_seconds"]) / processor
        for r in results
    }


def hits(result: Result) -> tuple[int, int, int, int]:
    """Return drifted columns found, drifted columns, other columns called drifted, others."""
    size = Size(result["rows"], result["numeric"], result["categorical"])
    truly = set(size.drifted)
    called = set(result["drifted"])
    others = size.numeric + size.categorical - len(truly)
    return len(called & truly), len(truly), len(called - truly), others


def write_json(results: Sequence[Result]) -> None:
    """Write ``docs/benchmarks/speed.json``."""
    DOCS.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "results": list(results)}
    (DOCS / "speed.json").write_text(json.dumps(document, indent=1) + "\n")
