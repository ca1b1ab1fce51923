"""Elec2, monitored weekly: alarms before the break of May 1997, and how soon the break is found."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import classical
from benchmarks.errors import BenchmarkError
from benchmarks.page import replace_part, table
from benchmarks.paths import DOCS, PAGE

TIME = "settled_at"
NUMERIC = ["period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"]
CATEGORICAL = ["day"]
BROKEN = ("vicprice", "vicdemand", "transfer")
BREAK_ROW = 17_424
TRAINING_WEEKS = 20
WEEK = pd.Timedelta(weeks=1)
LABELS = {
    "driftloop": "driftloop, learned floors",
    "plain": "KS and χ², 5 % each",
    "bonferroni": "KS and χ², Bonferroni",
    "psi": "PSI over 0.2",
}

Weeks = list[tuple[pd.Timestamp, list[str]]]


def load(path: Path) -> pd.DataFrame:
    """Read the file.

    Raises:
        BenchmarkError: It is missing or lacks columns.
    """
    if not path.exists():
        raise BenchmarkError(
            f"There is no file {path}. Get Elec2 (OpenML data set 'electricity') as a CSV file "
            f"with the columns {TIME}, {', '.join(CATEGORICAL + NUMERIC)} and name it with --data."
        )
    frame = pd.read_csv(path)
    missing = [name for name in (TIME, *CATEGORICAL, *NUMERIC) if name not in frame]
    if missing:
        raise BenchmarkError(f"{path} has no column {', '.join(missing)}; it has {list(frame)}.")
    frame[TIME] = pd.to_datetime(frame[TIME])
    frame[CATEGORICAL] = frame[CATEGORICAL].astype(str)
    return frame


def textbook_weeks(frame: pd.DataFrame) -> dict[str, Weeks]:
    """Judge every full week after the training weeks by each textbook rule."""
    start = frame[TIME].iloc[0] + TRAINING_WEEKS * WEEK
    training = frame[frame[TIME] < start]
    reference = classical.Reference(training, NUMERIC, CATEGORICAL)
    weeks: dict[str, Weeks] = {"plain": [], "bonferroni": [], "psi": []}
    while start + WEEK <= frame[TIME].iloc[-1] + pd.Timedelta(minutes=30):
        window = frame[(frame[TIME] >= start) & (frame[TIME] < start + WEEK)]
        for tool, names in classical.drifted(reference, window).items():
            weeks[tool].append((start, names))
        start += WEEK
    return weeks


def summary(weeks: Weeks, broke_at: pd.Timestamp) -> dict[str, Any]:
    """Count the weeks with an alarm before the break, and find the first that names its columns.

    The week in which the break falls counts as after it.
    """
    before = [names for start, names in weeks if start + WEEK <= broke_at]
    found = {}
    for column in BROKEN:
        first = next((start for start, names in weeks if column in names), None)
        found[column] = None if first is None else str(first.date())
    after = (start + WEEK for start, names in weeks if start + WEEK > broke_at and names)
    soonest = next(
        (s + WEEK for s, names in weeks if s + WEEK > broke_at and set(names) & set(BROKEN)), None
    )
    delay = None if soonest is None else (soonest - broke_at) / pd.Timedelta(days=1)
    return {
        "weeks_before": len(before),
        "alarms_before": sum(bool(names) for names in before),
        "first_named": found,
        "days_to_find": delay,
        "alarms_after": sum(1 for _ in after),
        "weeks_after": len(weeks) - len(before),
    }


def run(path: Path) -> dict[str, dict[str, Any]]:
    """Judge the weeks by every tool and write the results and the page."""
    from benchmarks.runners import driftloop_adapter

    frame = load(path)
    broke_at = frame[TIME].iloc[BREAK_ROW]
    weeks = textbook_weeks(frame)
    try:
        found = driftloop_adapter.weekly(frame, TIME, NUMERIC, CATEGORICAL, TRAINING_WEEKS)
        weeks = {"driftloop": found, **weeks}
    except NotImplementedError as error:
        print(f"driftloop: {error}", flush=True)
    results = {tool: summary(of_tool, broke_at) for tool, of_tool in weeks.items()}
    for tool, result in results.items():
        print(f"{tool:12} {result}", flush=True)
    _write(results, weeks, broke_at)
    return results


def _write(
    results: dict[str, dict[str, Any]], weeks: dict[str, Weeks], broke_at: pd.Timestamp
) -> None:
    alarmed = {
        tool: {str(start.date()): names for start, names in of_tool if names}
        for tool, of_tool in weeks.items()
    }
    document = {"broke_at": str(broke_at), "results": results, "alarms": alarmed}
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "elec2.json").write_text(json.dumps(document, indent=1) + "\n")
    replace_part(PAGE, "elec2", result_table(results))


def result_table(results: dict[str, dict[str, Any]]) -> str:
    """Return the table of the page."""
    header = ["tool", "weeks with an alarm before the break", "days until found"]
    rows: list[Sequence[str]] = []
    for tool, result in results.items():
        named = [str(result["first_named"][column] or "never") for column in BROKEN]
        days = result["days_to_find"]
        alarms = f"{result['alarms_before']} of {result['weeks_before']}"
        rows.append([LABELS[tool], alarms, "-" if days is None else f"{days:g}", *named])
    return table([*header, *(f"week that first named {column}" for column in BROKEN)], rows)
