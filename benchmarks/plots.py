"""Shared parts of all plots: their look, and files that change only with the numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES: dict[str, tuple[str, str, str]] = {
    "driftloop": ("#0b5394", "o", "-"),
    "driftloop-cold": ("#0b5394", "s", "--"),
    "driftloop-alibi": ("#0b5394", "^", ":"),
    "alibi": ("#b45309", "^", "-"),
    "scipy": ("#6b21a8", "v", "-"),
    "nannyml": ("#15803d", "D", "-"),
    "evidently": ("#b91c1c", "X", "-"),
    "evidently-share": ("#b91c1c", "x", ":"),
    "floor": ("#6b7280", "", ":"),
    "floor-2": ("#6b7280", "", "-."),
    "plain": ("#b45309", "^", "-"),
    "bonferroni": ("#6b21a8", "v", "--"),
    "psi": ("#a16207", "P", "-."),
}


def style(tool: str) -> dict[str, Any]:
    """Return the line of a tool: colour, marker and dashes differ, so that colour is not needed."""
    colour, marker, dashes = STYLES[tool]
    width = 2.4 if tool.startswith("driftloop") else 1.4
    return {
        "color": colour,
        "marker": marker or None,
        "linestyle": dashes,
        "linewidth": width,
        "markersize": 5,
    }


def figure(columns: int, width: float = 9.0, height: float = 4.4) -> "tuple[Figure, list[Any]]":
    """Return a figure with panels side by side on white, and the panels."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    mpl.rcParams.update({"svg.hashsalt": "driftloop", "svg.fonttype": "path", "font.size": 9.5})
    drawn, axes = pyplot.subplots(1, columns, figsize=(width, height), sharey=True, squeeze=False)
    drawn.patch.set_facecolor("white")
    for panel in axes[0]:
        panel.grid(visible=True, which="major", color="#e5e7eb", linewidth=0.8)
        panel.set_axisbelow(True)
    return drawn, list(axes[0])


def save(drawn: "Figure", panels: list[Any], path: Path) -> None:
    """Put one legend below the panels and write the figure as SVG without a date."""
    from matplotlib import pyplot

    entries: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    drawn.tight_layout()
    drawn.legend(
        list(entries.values()),
        list(entries),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=3,
        frameon=False,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(drawn)
