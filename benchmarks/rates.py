"""Statistics: how often each tool raises an alarm where nothing or something stated changed."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import sqrt
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import classical
from benchmarks.launch import Result, kept, launch
from benchmarks.machine import machine
from benchmarks.paths import CACHE, DOCS, RESULTS
from benchmarks.scenarios import CATEGORICAL, NUMERIC, Scenario, cases, scenarios

LABELS = {
    "driftloop": "driftloop",
    "plain": "KS and χ², 5 % each",
    "bonferroni": "KS and χ², Bonferroni",
    "psi": "PSI over 0.2",
    "nannyml": "NannyML defaults",
    "evidently": "Evidently, any column",
    "evidently-share": "Evidently, half of the columns",
}
# The judges, and which tools each gives alarms for.
JUDGES = {
    "driftloop": ("driftloop",),
    "textbook": ("plain", "bonferroni", "psi"),
    "nannyml": ("nannyml",),
    "evidently": ("evidently", "evidently-share"),
}
LIMIT = 4 * 3600.0
# Runs by window size up to and including a number of rows; Evidently takes seconds a run.
RUNS = {
    "driftloop": {10_000: 400, 100_000: 100, 1_000_000: 20},
    "textbook": {10_000: 400, 100_000: 100, 1_000_000: 20},
    "nannyml": {10_000: 400, 100_000: 100, 1_000_000: 20},
    "evidently": {10_000: 20, 100_000: 10, 1_000_000: 5},
}
FEWER = {"false-alarms": 1.0, "power": 0.5, "delay": 1.0}
SEASONAL_RUNS = {10_000: 100, 100_000: 20}


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the statistics benchmark to run, and how thoroughly."""

    groups: Sequence[str] = ("false-alarms", "power", "delay")
    judges: Sequence[str] = tuple(JUDGES)
    rows: Sequence[int] = ()
    effort: float = 1.0
    fresh: bool = False


def runs_for(judge: str, scenario: Scenario, effort: float = 1.0) -> int:
    """Return how many windows a judge is given in a scenario, whole cases of them."""
    runs = next(count for rows, count in RUNS[judge].items() if scenario.rows <= rows)
    if scenario.data == "seasonal":
        most = next(count for rows, count in SEASONAL_RUNS.items() if scenario.rows <= rows)
        runs = min(runs, most)
    if scenario.group == "delay":
        # Whole sequences; Evidently takes most of a minute for one.
        return scenario.windows * max(2, round((5 if judge == "evidently" else 20) * effort))
    runs = max(2, round(runs * FEWER[scenario.group] * effort))
    return -(-runs // scenario.windows) * scenario.windows


def in_process(judge: str, scenario: Scenario, runs: int) -> Result:
    """Let driftloop or the textbook rules judge the cases here."""
    alarms: dict[str, list[list[bool]]] = {tool: [] for tool in JUDGES[judge]}
    for case in cases(scenario, runs):
        if judge == "driftloop":
            from benchmarks.runners import driftloop_adapter

            verdicts = driftloop_adapter.judge(
                case.reference, case.windows, NUMERIC, CATEGORICAL, case.window_codes
            )
            alarms["driftloop"].append([bool(verdict) for verdict in verdicts])
            continue
        reference = classical.Reference(case.reference, NUMERIC, CATEGORICAL)
        found = [classical.drifted(reference, window) for window in case.windows]
        for tool, of_tool in alarms.items():
            of_tool.append([bool(drifted[tool]) for drifted in found])
    return {"alarms": alarms}


def columns_found(judge: str, scenario: Scenario, runs: int, limit: float) -> Result:
    """Write the cases to files and let a peer judge them in its environment.

    `drifted` has the columns that it named, by case and window, unless it failed or took longer
    than `limit` seconds.
    """
    import pandas as pd

    folder = CACHE / "statistics" / f"{scenario.name}-{judge}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    count = 0
    for count, case in enumerate(cases(scenario, runs), start=1):
        stem = f"{count - 1:04d}"
        case.reference.to_parquet(folder / f"{stem}-reference.parquet", index=False)
        windows = pd.concat(case.windows, ignore_index=True)
        windows.to_parquet(folder / f"{stem}-windows.parquet", index=False)
    job = {
        "folder": str(folder),
        "cases": count,
        "rows": scenario.rows,
        "numeric": NUMERIC,
        "categorical": CATEGORICAL,
    }
    result = launch(judge, f"{judge}_windows", job, limit)
    shutil.rmtree(folder)
    return result


def in_own_environment(judge: str, scenario: Scenario, runs: int) -> Result:
    """Let a peer judge the cases in its environment, and say which windows it alarms at."""
    result = columns_found(judge, scenario, runs, LIMIT)
    if "drifted" not in result:
        return result
    drifted = result.pop("drifted")
    alarms = {judge: [[bool(columns) for columns in case] for case in drifted]}
    if judge == "evidently":
        # Its data set verdict: half of the columns or more.
        half = (len(NUMERIC) + len(CATEGORICAL)) / 2
        share = [[len(columns) >= half for columns in case] for case in drifted]
        alarms["evidently-share"] = share
    return result | {"alarms": alarms}


def judge_scenario(judge: str, scenario: Scenario, runs: int) -> Result:
    """Judge one scenario; a judge that raises is a failed result."""
    here = judge in ("driftloop", "textbook")
    start = perf_counter()
    try:
        result = (in_process if here else in_own_environment)(judge, scenario, runs)
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    about = {"scenario": asdict(scenario), "judge": judge, "runs": runs}
    return about | {"elapsed": perf_counter() - start} | result


def run(settings: Settings) -> None:
    """Let the chosen judges judge the chosen scenarios."""
    for scenario in scenarios():
        if scenario.group not in settings.groups or (
            settings.rows and scenario.rows not in settings.rows
        ):
            continue
        for judge in settings.judges:
            runs = runs_for(judge, scenario, settings.effort)
            path = RESULTS / "statistics" / scenario.name / f"{judge}.json"
            fresh = settings.fresh or _has_fewer(path, runs)
            result, old = kept(path, fresh, partial(judge_scenario, judge, scenario, runs))
            said = _said(result)
            took = "kept" if old else f"{result['elapsed']:.0f} s"
            print(f"{scenario.name:36} {judge:10} {said}  ({took})", flush=True)


def _has_fewer(path: Path, runs: int) -> bool:
    return path.exists() and json.loads(path.read_text())["runs"] < runs


def _said(result: Result) -> str:
    if "error" in result or "over" in result:
        return f"failed: {result['error']}" if "error" in result else f"over {result['over']:.0f} s"
    rates = []
    for tool, of_cases in result["alarms"].items():
        flat = [alarm for case in of_cases for alarm in case]
        rates.append(f"{tool} {sum(flat)}/{len(flat)}")
    return "alarms: " + ", ".join(rates)


def wilson(alarms: int, runs: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a rate."""
    share = alarms / runs
    middle = share + z * z / (2 * runs)
    half = z * sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    scale = 1 + z * z / runs
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def delays(of_cases: Sequence[Sequence[bool]]) -> list[int | None]:
    """Return for each sequence the number of the first window with an alarm, None for none."""
    return [next((i for i, alarm in enumerate(c, 1) if alarm), None) for c in of_cases]


def collected() -> list[dict[str, Any]]:
    """Return one line for each scenario and tool: alarms, runs and the interval of the rate."""
    lines = []
    for scenario in scenarios():
        for path in sorted((RESULTS / "statistics" / scenario.name).glob("*.json")):
            result = json.loads(path.read_text())
            for tool, of_cases in result.get("alarms", {}).items():
                flat = [alarm for case in of_cases for alarm in case]
                low, high = wilson(sum(flat), len(flat))
                line = {
                    "scenario": scenario.name,
                    **asdict(scenario),
                    "tool": tool,
                    "alarms": sum(flat),
                    "runs": len(flat),
                    "rate": sum(flat) / len(flat),
                    "low": low,
                    "high": high,
                }
                if scenario.group == "delay":
                    line["delays"] = delays(of_cases)
                lines.append(line)
    return lines


def write_json(lines: Sequence[dict[str, Any]]) -> None:
    """Write ``docs/benchmarks/statistics.json``."""
    DOCS.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "results": list(lines)}
    (DOCS / "statistics.json").write_text(json.dumps(document, indent=1) + "\n")
