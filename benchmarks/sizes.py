"""Pure input shifts by size: the share of windows in which the shifted column is named."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.launch import Result, kept
from benchmarks.page import replace_part, spaced, table
from benchmarks.paths import DOCS, PAGE, RESULTS
from benchmarks.rates import columns_found
from benchmarks.scenarios import CATEGORICAL, NUMERIC, Case, Scenario, Shift, cases

SHIFTS = (
    None,
    *(Shift("mean", size) for size in (0.1, 0.2, 0.3, 0.5)),
    *(Shift("categories", size) for size in (0.05, 0.1)),
    *(Shift("tail", size) for size in (0.02, 0.05)),
)
ROWS = (1_000, 10_000)
WINDOWS = 5
RUNS: Mapping[str, int] = {"driftloop": 100, "alibi": 100, "nannyml": 100, "evidently": 10}
LABELS = {
    "driftloop": "driftloop, drift",
    "driftloop-small": "driftloop, at least small",
    "alibi": "alibi-detect",
    "nannyml": "NannyML",
    "evidently": "Evidently",
}
LEVEL = 0.05
LIMIT = 3600.0


def run(fresh: bool = False) -> None:
    """Let each tool judge each shift; what is there is kept unless `fresh`."""
    for rows in ROWS:
        for shift in SHIFTS:
            scenario = Scenario("power", "iid", rows, WINDOWS, shift)
            for tool, runs in RUNS.items():
                path = RESULTS / "sizes" / scenario.name / f"{tool}.json"
                result, old = kept(path, fresh, partial(_judged, tool, scenario, runs))
                if not old:
                    print(f"{scenario.name:28} {tool:10} {result}", flush=True)


def _judged(tool: str, scenario: Scenario, runs: int) -> Result:
    """Return how many windows there were, and in how many the shifted column was named."""
    judge: Callable[[Scenario, int], Result] = {"driftloop": _ours, "alibi": _alibi}.get(
        tool, partial(_peer, tool)
    )
    return judge(scenario, runs)


def _column(scenario: Scenario) -> str:
    """Return the column that is shifted; where none is, the one that means would be shifted of."""
    categories = scenario.shift is not None and scenario.shift.kind == "categories"
    return CATEGORICAL[0] if categories else NUMERIC[0]


def _ours(scenario: Scenario, runs: int) -> Result:
    from benchmarks.runners import driftloop_adapter

    counts, column = {"drift": 0, "small": 0}, _column(scenario)
    for case in cases(scenario, runs):
        for found in driftloop_adapter.statuses(case.reference, case.windows, NUMERIC, CATEGORICAL):
            counts["drift"] += found[column] == "drift"
            counts["small"] += found[column] in ("small", "warning", "drift")
    return {
        "runs": runs,
        "named": {"driftloop": counts["drift"], "driftloop-small": counts["small"]},
    }


def _alibi(scenario: Scenario, runs: int) -> Result:
    def named(case: Case) -> int:
        tests = alibi_tests(case.reference, NUMERIC, CATEGORICAL)
        return sum(tests(window)[_column(scenario)] < LEVEL for window in case.windows)

    return {"runs": runs, "named": {"alibi": sum(map(named, cases(scenario, runs)))}}


def alibi_tests(
    reference: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> Callable[[pd.DataFrame], dict[str, float]]:
    """Return a function of a window: alibi-detect's p-value of each column, KS or chi-square."""
    from alibi_detect.cd import ChiSquareDrift, KSDrift

    levels = {name: pd.Index(reference[name].unique()) for name in categorical}

    def codes(frame: pd.DataFrame) -> np.ndarray:
        return np.column_stack([levels[name].get_indexer(frame[name]) for name in categorical])

    ks = KSDrift(reference[list(numeric)].to_numpy(), p_val=LEVEL)
    chi2 = ChiSquareDrift(codes(reference), p_val=LEVEL)

    def p_values(window: pd.DataFrame) -> dict[str, float]:
        numbers = ks.predict(window[list(numeric)].to_numpy(), drift_type="feature")
        categories = chi2.predict(codes(window), drift_type="feature")
        found = [*numbers["data"]["p_val"], *categories["data"]["p_val"]]
        return {name: float(p) for name, p in zip([*numeric, *categorical], found, strict=True)}

    return p_values


def _peer(tool: str, scenario: Scenario, runs: int) -> Result:
    result = columns_found(tool, scenario, runs, LIMIT)
    if "drifted" not in result:
        return result
    windows_of = [columns for case in result["drifted"] for columns in case]
    named = sum(_column(scenario) in columns for columns in windows_of)
    return {"runs": len(windows_of), "named": {tool: named}, "versions": result["versions"]}


def write() -> None:
    """Write results and table from what is kept."""
    lines, rows_of_table = [], []
    for rows in ROWS:
        for shift in SHIFTS:
            scenario = Scenario("power", "iid", rows, WINDOWS, shift)
            row = {}
            for tool in RUNS:
                path = RESULTS / "sizes" / scenario.name / f"{tool}.json"
                if path.exists():
                    result = json.loads(path.read_text())
                    row |= {
                        name: (n, result["runs"]) for name, n in result.get("named", {}).items()
                    }
            words = shift.words if shift else "nothing changed"
            shares = [f"{row[one][0] / row[one][1]:.0%}" if one in row else "" for one in LABELS]
            rows_of_table.append([f"{words}, {spaced(rows)} rows", *shares])
            lines.append({"rows": rows, "shift": words, "named": row})
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "sizes.json").write_text(json.dumps(lines, indent=1) + "\n")
    replace_part(PAGE, "sizes", table(["shift", *LABELS.values()], rows_of_table))
