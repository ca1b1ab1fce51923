"""Tables and plots of the statistics benchmark."""

from collections.abc import Sequence
from typing import Any

from benchmarks import plots
from benchmarks.page import replace_part, spaced, table
from benchmarks.paths import DOCS, PAGE
from benchmarks.rates import LABELS, collected, write_json
from benchmarks.scenarios import POWER_ROWS, SHIFTS, Shift

Line = dict[str, Any]
DATA_WORDS = {"iid": "independent rows", "seasonal": "autocorrelated, with seasons"}
KIND_WORDS = {
    "mean": "mean, moved by standard deviations",
    "variance": "standard deviation, times",
    "tail": "share of values 5 times as wide",
    "categories": "share of rows that change category",
}


def percent(rate: float) -> str:
    """Write a rate as a percentage, with a decimal only where it is small."""
    value = 100 * rate
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"


def cell(line: Line | None) -> str:
    """Write a rate with its interval and the number of runs."""
    if line is None:
        return "-"
    low, high = percent(line["low"]), percent(line["high"])
    return f"{percent(line['rate'])} ({low} to {high}; {line['runs']})"


def _tools(lines: Sequence[Line]) -> list[str]:
    return [tool for tool in LABELS if any(line["tool"] == tool for line in lines)]


def _find(lines: Sequence[Line], **wanted: object) -> Line | None:
    return next((x for x in lines if all(x[k] == v for k, v in wanted.items())), None)


def false_alarm_tables(lines: Sequence[Line]) -> str:
    """Return a table of the false-alarm rate for each kind of data."""
    parts = []
    for data, words in DATA_WORDS.items():
        here = [x for x in lines if x["group"] == "false-alarms" and x["data"] == data]
        if not here:
            continue
        tools = _tools(here)
        rows = [
            [spaced(n), *(cell(_find(here, rows=n, tool=t)) for t in tools)]
            for n in sorted({x["rows"] for x in here})
        ]
        header = ["rows in the window", *(LABELS[t] for t in tools)]
        parts.append(f"False alarms, {words}:\n\n{table(header, rows)}")
    return "\n\n".join(parts)


def power_tables(lines: Sequence[Line]) -> str:
    """Return a table of the share of runs with an alarm for each window size."""
    parts = []
    for n in POWER_ROWS:
        here = [x for x in lines if x["group"] == "power" and x["rows"] == n]
        if not here:
            continue
        tools = _tools(here)
        rows = []
        for shift in SHIFTS:
            wanted = {"kind": shift.kind, "size": shift.size}
            found = [_find(here, shift=wanted, tool=t) for t in tools]
            if any(found):
                rows.append([shift.words, *map(cell, found)])
        header = ["change of one column of 13", *(LABELS[t] for t in tools)]
        parts.append(f"Windows of {spaced(n)} rows:\n\n{table(header, rows)}")
    return "\n\n".join(parts)


def delay_cell(found: Sequence[int | None]) -> str:
    """Write the median of the first window with an alarm, and how many sequences had one."""
    # A sequence without an alarm counts as later than all others.
    ordered = sorted(found, key=lambda x: 10**9 if x is None else x)
    middle = ordered[(len(ordered) - 1) // 2]
    heard = sum(x is not None for x in found)
    return f"{'never' if middle is None else middle} ({heard} of {len(found)})"


def delay_table(lines: Sequence[Line]) -> str:
    """Return the table of the delay to detection."""
    here = [x for x in lines if x["group"] == "delay"]
    if not here:
        return ""
    tools = _tools(here)
    rows = []
    for size in sorted({x["shift"]["size"] for x in here}):
        shift = Shift("mean", size)
        found = [_find(here, shift={"kind": "mean", "size": size}, tool=t) for t in tools]
        cells = [delay_cell(line["delays"]) if line else "-" for line in found]
        rows.append([shift.words, *cells])
    return table(["step", *(LABELS[t] for t in tools)], rows)


def plot_false_alarms(lines: Sequence[Line]) -> None:
    """Draw the false-alarm rate by window size, one panel for each kind of data."""
    here = [x for x in lines if x["group"] == "false-alarms"]
    drawn, panels = plots.figure(len(DATA_WORDS))
    for panel, (data, words) in zip(panels, DATA_WORDS.items(), strict=True):
        for tool in _tools(here):
            mine = [x for x in here if x["data"] == data and x["tool"] == tool]
            _errorbars(panel, tool, mine, [x["rows"] for x in mine])
        panel.set(xscale="log", xlabel="rows in the window (log)", ylim=(-3, 103))
        panel.set_title(words, fontsize=10)
    panels[0].set_ylabel("runs with an alarm, %")
    drawn.suptitle("False alarms: nothing has changed, lower is better", fontsize=12)
    plots.save(drawn, panels, DOCS / "false_alarms.svg")


def _errorbars(panel: Any, tool: str, lines: Sequence[Line], x: Sequence[float]) -> None:
    if not lines:
        return
    y = [100 * line["rate"] for line in lines]
    below = [max(0.0, 100 * (line["rate"] - line["low"])) for line in lines]
    above = [max(0.0, 100 * (line["high"] - line["rate"])) for line in lines]
    panel.errorbar(
        x, y, (below, above), label=LABELS[tool], elinewidth=0.8, capsize=2, **plots.style(tool)
    )


def plot_power(lines: Sequence[Line], rows: int) -> None:
    """Draw the share of runs with an alarm by the size of the shift, a panel for each kind."""
    here = [x for x in lines if x["group"] == "power" and x["rows"] == rows]
    if not here:
        return
    drawn, panels = plots.figure(len(KIND_WORDS), width=12.0, height=3.8)
    for panel, (kind, words) in zip(panels, KIND_WORDS.items(), strict=True):
        for tool in _tools(here):
            mine = [x for x in here if x["shift"]["kind"] == kind and x["tool"] == tool]
            _errorbars(panel, tool, mine, [x["shift"]["size"] for x in mine])
        panel.set(xlabel=words, ylim=(-3, 103))
    panels[0].set_ylabel("runs with an alarm, %")
    title = f"Power: one column of 13 has changed, windows of {spaced(rows)} rows, higher is better"
    drawn.suptitle(title, fontsize=12)
    plots.save(drawn, panels, DOCS / f"power_{rows}.svg")


def write() -> None:
    """Write the tables, the plots and the JSON file from everything judged so far."""
    lines = collected()
    if not lines:
        return
    write_json(lines)
    plot_false_alarms(lines)
    images = []
    for n in POWER_ROWS:
        plot_power(lines, n)
        if any(x["group"] == "power" and x["rows"] == n for x in lines):
            alt = f"Share of runs with an alarm by size of the change, windows of {spaced(n)} rows."
            images.append(f"![{alt} The table below has the numbers.](benchmarks/power_{n}.svg)")
    alt = "Share of runs with a false alarm by window size, a panel for each kind of data."
    text = [
        f"![{alt} The tables below have the numbers.](benchmarks/false_alarms.svg)",
        false_alarm_tables(lines),
        "### Power",
        *images,
        power_tables(lines),
        "### Delay to detection",
        "The number of the first window with an alarm, as the median over sequences of 20 windows "
        "of 500 rows after a step of the mean; in brackets the sequences with an alarm.",
        delay_table(lines),
    ]
    replace_part(PAGE, "statistics", "\n\n".join(part for part in text if part))
