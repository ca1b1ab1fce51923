"""Tables and plots of the speed benchmark."""

from collections.abc import Callable, Sequence

from benchmarks import plots
from benchmarks.launch import Result
from benchmarks.machine import sentence
from benchmarks.page import number, replace_part, spaced, table
from benchmarks.paths import DOCS, PAGE
from benchmarks.speed import BASE, TOOLS, collected, hits, median, ratios, write_json

HEADER = (
    "tool",
    "processor seconds",
    "times driftloop",
    "times the floor",
    "peak memory, MB",
    "seconds",
    "drifted found",
    "others called drifted",
)
FLOOR = "floor-2"


def row(result: Result, to_base: dict[str, float], to_floor: dict[str, float]) -> list[str]:
    """Return a tool's line of the table of one size."""
    name = result["tool"]
    over = "over " if "over" in result else ""
    factors = [f"{over}{number(r[name])}" if r else "-" for r in (to_base, to_floor)]
    if over:
        return [TOOLS[name].label, "-", *factors, "-", f"over {result['over']:.0f}", "-", "-"]
    found, truly, wrong, others = hits(result)
    judges = not name.startswith("floor") and name != "driftloop-profile"
    verdict = ["-", "-"] if not judges else [f"{found}/{truly}", f"{wrong}/{others}"]
    return [
        TOOLS[name].label,
        number(median(result["processor_seconds"])),
        *factors,
        number(result["peak_mb"]),
        number(median(result["seconds"])),
        *verdict,
    ]


def size_tables(results: Sequence[Result]) -> str:
    """Return a heading and a table for each size measured."""
    parts = []
    for rows, numeric in dict.fromkeys((r["rows"], r["numeric"]) for r in results):
        here = [r for r in results if (r["rows"], r["numeric"]) == (rows, numeric)]
        to_base, to_floor = ratios(here), ratios(here, FLOOR)
        current = here[0].get("rows_current", rows)
        sizes = f"{spaced(rows)} rows" + (f" against {spaced(current)}" if current != rows else "")
        title = f"### {sizes}, {numeric} numeric and 10 categorical columns"
        parts.append(title + "\n\n" + table(HEADER, [row(r, to_base, to_floor) for r in here]))
    return "\n\n".join(parts)


def versions(results: Sequence[Result]) -> str:
    """Name the versions measured, by environment."""
    by_environment: dict[str, dict[str, str]] = {}
    for result in results:
        environment = TOOLS[result["tool"]].environment
        by_environment.setdefault(environment, {}).update(result.get("versions", {}))
    lines = [
        f"- {environment}: " + ", ".join(f"{k} {v}" for k, v in sorted(found.items()))
        for environment, found in by_environment.items()
    ]
    return "Versions, by environment:\n\n" + "\n".join(lines)


def _plot(
    results: Sequence[Result], name: str, title: str, label: str, value: Callable[[Result], float]
) -> None:
    widths = sorted({r["numeric"] for r in results})
    drawn, panels = plots.figure(len(widths))
    for panel, numeric in zip(panels, widths, strict=True):
        for tool, about in TOOLS.items():
            here = [r for r in results if r["tool"] == tool and r["numeric"] == numeric]
            if here:
                x, y = [r["rows"] for r in here], [value(r) for r in here]
                panel.plot(x, y, label=about.label, **plots.style(tool))
        panel.set(xscale="log", yscale="log", xlabel="rows in each of the two files")
        panel.set_title(f"{numeric} numeric and 10 categorical columns", fontsize=10)
    panels[0].set_ylabel(label)
    drawn.suptitle(title, fontsize=12)
    plots.save(drawn, panels, DOCS / f"{name}.svg")


def in_words(results: Sequence[Result]) -> str:
    """Say in words what the plot of seconds shows at its largest size, for the alt text."""
    measured = [r for r in results if r["tool"] == BASE]
    if not measured:
        return "driftloop is not measured yet."
    largest = max(measured, key=lambda r: (r["rows"], r["numeric"]))
    size = largest["rows"], largest["numeric"]
    there = ratios([r for r in results if (r["rows"], r["numeric"]) == size])
    peers = ", ".join(
        f"{TOOLS[tool].label} {number(value)}"
        for tool, value in there.items()
        if not tool.startswith(("driftloop", "floor"))
    )
    return f"At {spaced(size[0])} rows and {size[1]} numeric columns, times driftloop: {peers}."


def _plots(results: Sequence[Result]) -> list[str]:
    """Draw seconds and memory by rows, and return the lines that show them."""
    finished = [r for r in results if "over" not in r]
    seconds = "Processor seconds from Parquet on disk to verdict"
    processor = "processor seconds (log)"
    _plot(finished, "speed", seconds, processor, lambda r: median(r["processor_seconds"]))
    memory = "Peak memory above the interpreter and its imports"
    _plot(finished, "memory", memory, "MB (log)", lambda r: max(r["peak_mb"], 0.1))
    return [
        f"![{seconds} by rows, one line for each tool. {in_words(results)}](benchmarks/speed.svg)",
        f"![{memory} by rows, one line for each tool.](benchmarks/memory.svg)",
    ]


def write() -> None:
    """Write the table, the plots and the JSON file from everything measured so far."""
    results = collected()
    if not results:
        return
    write_json(results)
    plain = [r for r in results if not r.get("large") and r["tool"] != "driftloop-profile"]
    tables = (size_tables(results), versions(results))
    text = [sentence(), *(_plots(plain) if plain else ()), *tables]
    replace_part(PAGE, "speed", "\n\n".join(text))
