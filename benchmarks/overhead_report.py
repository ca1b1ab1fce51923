"""Duration and memory of a run in ``docs/benchmarks.md``."""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.page import replace_part, table
from benchmarks.paths import DOCS, PAGE

KEPT = DOCS / "overhead.json"
_WARM = {
    "flow": "the run, as a worker does it",
    "without_heartbeats": "the run without Prefect's heartbeats",
    "computation": "its computation: reading, testing, scoring, deciding",
    "without_estimates": "its computation without estimates, promises and segments' scores",
    "drawing": "its report, drawn",
}
_WORKERS = {
    "schedule_to_alert_warm": "a scheduled run of the warm worker",
    "schedule_to_alert": "a scheduled run of Prefect's own worker",
}
_STAGES = {"running": "the flow begins", "alert": "the alert arrives", "completed": "the run ends"}


def write() -> None:
    """Write the page's part again from the numbers that are kept."""
    replace_part(PAGE, "overhead", text_of(json.loads(KEPT.read_text())))


def text_of(found: Mapping[str, Any]) -> str:
    """Return the tables of a measurement."""
    warm = [
        [words, _seconds(found["warm_seconds"][name]), _share(found["warm_overhead_share"], name)]
        for name, words in _WARM.items()
        if name in found["warm_seconds"]  # numbers that were kept earlier have fewer
    ]
    once = [["the command, from its start to its end", _seconds(found["cold_seconds"])]]
    once += [
        [f"{by}, from when it was due until {words}", _seconds(_told(found[worker], name))]
        for worker, by in _WORKERS.items()
        for name, words in _STAGES.items()
        if worker in found  # numbers that were kept earlier have one
    ]
    return "\n\n".join(
        (
            found["machine"],
            table(("warm", "seconds (median; least to most)", "overhead"), warm),
            table(("in a process of its own", "seconds (median; least to most)"), once),
            *_starts(found.get("starts", {})),
        )
    )


def _starts(found: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the table of cold starts; numbers that were kept earlier have none."""
    rows = [[name, _seconds(multiples)] for name, multiples in found.items()]
    return [table(("cold start", "times the import (median; least to most)"), rows)] if rows else []


def _told(runs: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [run[name] for run in runs if name in run]


def _seconds(found: Sequence[float]) -> str:
    if not found:
        return "never"
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def _share(shares: Mapping[str, float], name: str) -> str:
    return f"{shares[name]:.0%}" if name in shares else ""
