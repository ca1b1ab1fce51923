"""The costs of a fleet in ``docs/benchmarks.md``: the table, the plot, and what follows."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.fleet import FIRST, KEPT, WAYS
from benchmarks.page import number, replace_part, spaced, table
from benchmarks.paths import DOCS, PAGE
from benchmarks.plots import figure, save

PLOT = DOCS / "fleet.svg"
ON_PAPER = (1_000, 10_000, 100_000)
NIGHT = 8 * 3600
MEASURED, ONE_WORKER, TWO_WORKERS = "three processes", "one Dask worker", "two Dask workers"
_HEADER = (
    "fleet",
    "wall s",
    "fleet's cpu s",
    "of it per model",
    "Prefect's per model",
    "MLflow's per model",
    "peak GB",
    "requests to Prefect",
    "to MLflow",
)


def write(page: Path = PAGE) -> None:
    """Write the page's part anew from the numbers that are kept."""
    if KEPT.exists():
        kept = json.loads(KEPT.read_text())
        if kept["fleets"]:
            draw(kept["fleets"])
        replace_part(page, "fleet", text_of(kept))


def text_of(kept: Mapping[str, Any]) -> str:
    """Return the table of fleets, and the cost of more models on paper."""
    rows = [
        [f"{size}, {way}", *_figures(ways[way], _count(size))]
        for size, ways in sorted(kept["fleets"].items(), key=lambda fleet: _count(fleet[0]))
        for way in WAYS
        if way in ways
    ]
    parts = [] if rows else ["No fleet has been measured yet."]
    if rows:
        picture = "![Processor seconds](benchmarks/fleet.svg)"
        parts += [kept["machine"], table(_HEADER, rows), picture]
    parts += [text for size, ways in kept["fleets"].items() if (text := _workers(size, ways))]
    if model := _model(kept["fleets"]):
        parts.append(_on_paper(*model))
    if large := kept.get("partitions", {}):
        parts.append(_partitions(large))
    return "\n\n".join(parts)


def _workers(size: str, ways: Mapping[str, Any]) -> str | None:
    """Return what a second Dask worker is worth while models are at work, None without both.

    That phase lasts as long as all models took together, by the number of workers.
    """
    if not {ONE_WORKER, TWO_WORKERS} <= set(ways):
        return None
    one, two = ways[ONE_WORKER]["busy"], ways[TWO_WORKERS]["busy"] / 2
    servers = sum(ways[TWO_WORKERS]["processor"][name] for name in ("prefect", "mlflow"))
    # Two workers fill both cores, where the servers are in their way; one leaves them the other.
    apart = two - servers / 2
    return (
        f"{_count(size)} models were judged in {number(one)} s by one Dask worker and in "
        f"{number(two)} s by two, {number(one / two)} times as fast, without the start of the "
        f"cluster and with the servers on the same cores. These took {number(servers)} s of both; "
        f"on cores of their own it would be about {number(apart)} s, {number(one / apart)} times "
        "as fast."
    )


def _partitions(large: Mapping[str, Any]) -> str:
    """Return the table of large data judged by partition."""
    rows = [
        [
            f"{spaced(found['rows'])} / {spaced(found['current'])} x {found['columns']}",
            who,
            *figures,
        ]
        for found in large.values()
        for who, figures in _who(found)
    ]
    header = (
        "reference rows / window's x numeric columns",
        "",
        "profile, s",
        "verdict, s",
        "both, cpu s",
        "peak GB",
    )
    said = (
        "Large data by partition on two Dask workers; all statistics and profiles were the same. "
        "The profile of a reference is made once:"
    )
    return f"{said}\n\n{table(header, rows)}"


def _who(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield what one machine, the flow's process and each worker took."""
    names = {
        "alone": "one machine",
        "flow": f"the flow of {found['partitions']} partitions, its peak with the workers'",
    }
    for key, name in names.items():
        steps = found[key]["profile"], found[key]["verdict"]
        processor = sum(step["processor"] for step in steps)
        peak = max(step["peak_gb"] for step in steps)
        yield name, [*(number(step["seconds"]) for step in steps), number(processor), number(peak)]
    for worker in found["workers"]:
        yield "a worker", ["", "", number(worker["processor"]), number(worker["peak_gb"])]


def _count(size: str) -> int:
    return int(size.split(" x ")[0])


def _figures(found: Mapping[str, Any], count: int) -> list[str]:
    used, asked = found["processor"], found["requests"]
    return [
        number(found["wall"]),
        number(used["fleet"]),
        number(found["models"] / count),
        *(number(used[name] / count) for name in ("prefect", "mlflow")),
        number(found["peak_gb"]),
        *(number(asked[name] / count) for name in ("prefect", "mlflow")),
    ]


def _model(fleets: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    """Return seconds once, seconds a model, those of Prefect's server, and its requests a model.

    They are those of the largest fleet that was measured.
    """
    known = {
        _count(size): ways.get(MEASURED) or ways[FIRST]
        for size, ways in fleets.items()
        if {FIRST, MEASURED} & set(ways)
    }
    if not known:
        return None
    count = max(known)
    found = known[count]
    used = found["processor"]
    once = used["fleet"] - found["models"]
    each = (found["models"] + used["prefect"] + used["mlflow"]) / count
    return once, each, used["prefect"] / count, found["requests"]["prefect"] / count


def _on_paper(once: float, each: float, server: float, requests: float) -> str:
    rows = []
    for models in ON_PAPER:
        seconds = once + each * models
        rows.append(
            [
                spaced(models),
                number(seconds / 3600),
                number(seconds / NIGHT),
                number(server * models / NIGHT),
                number(requests * models / NIGHT),
            ]
        )
    header = ("models", "cpu hours", "cores", "Prefect's cores", "requests to it a second")
    said = (
        f"On paper: {number(once)} s once and {number(each)} s a model, both servers included. In "
        "a night of eight hours that is:"
    )
    full = (
        "What is full first is Prefect's server, which is one process: with "
        f"{number(NIGHT / server)} models a night."
    )
    return f"{said}\n\n{table(header, rows)}\n\n{full}"


def draw(fleets: Mapping[str, Any]) -> None:
    """Draw where the processor's seconds of a model go, by fleet."""
    drawn, panels = figure(1, height=3.4)
    names, left = [], []
    for size, ways in fleets.items():
        for way in [way for way in WAYS if way in ways and way != FIRST]:
            names.append(f"{size.split(' x ')[0]} models, {way}")
            count, used, own = _count(size), ways[way]["processor"], ways[way]["models"]
            left.append((own, used["fleet"] - own, used["prefect"], used["mlflow"], count))
    parts = ("models' processes", "fleet and imports", "Prefect's server", "MLflow's server")
    colours = ("#0b5394", "#6b7280", "#b45309", "#15803d")
    begun = [0.0] * len(names)
    for place, (part, colour) in enumerate(zip(parts, colours, strict=True)):
        widths = [row[place] / row[-1] for row in left]
        panels[0].barh(names, widths, left=begun, color=colour, label=part)
        begun = [sum(pair) for pair in zip(begun, widths, strict=True)]
    panels[0].set_xlabel("processor seconds a model")
    panels[0].invert_yaxis()
    save(drawn, panels, PLOT)
