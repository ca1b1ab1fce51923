"""The table of estimates in ``docs/benchmarks.md``, from the results that are kept."""

import json

from benchmarks.estimate_sets import SETS
from benchmarks.estimates import MOST_CHUNKS, lines
from benchmarks.machine import machine
from benchmarks.page import number, replace_part, table
from benchmarks.paths import DOCS, PAGE, RESULTS

HEADER = (
    "set",
    "metric",
    "chunks",
    "error of driftloop",
    "with labels a chunk late",
    "of NannyML",
    "ratio without labels",
    "covered by driftloop",
    "with labels a chunk late",
    "by NannyML",
)


def write() -> None:
    """Write results and table; sets that were not estimated are left out."""
    found, seconds = [], {}
    for name in SETS:
        paths = [RESULTS / "estimates" / name / f"{tool}.json" for tool in ("driftloop", "nannyml")]
        if all(path.exists() for path in paths):
            ours, theirs = (json.loads(path.read_text()) for path in paths)
            found += lines(name, ours, theirs)
            seconds[name] = ours["seconds"]
    DOCS.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "results": found, "seconds_a_chunk": seconds}
    (DOCS / "estimates.json").write_text(json.dumps(document, indent=1) + "\n")
    rows = []
    for line in found:
        chosen = SETS[line["set"]]
        tools = [line[tool] for tool in ("driftloop", "labelled", "nannyml")]
        title = chosen.title + ("" if chosen.report else " (chosen on)")
        chunks = f"{line['compared']} of {line['chunks']}"
        errors = *(number(tool["error"]) for tool in tools), f"{line['ratio']:.2f}"
        covered = [f"{tool['coverage']:.0%}" for tool in tools]
        rows.append([title, line["metric"], chunks, *errors, *covered])
    note = f"At most {MOST_CHUNKS} chunks a set, evenly over its time."
    replace_part(PAGE, "estimates", f"{table(HEADER, rows)}\n\n{note}")
