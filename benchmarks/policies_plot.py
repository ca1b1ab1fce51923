"""The picture of ``docs/backtests.md``: gain kept against retrainings, a dot a stream."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from driftloop.backtest.gain import Gain

if TYPE_CHECKING:
    from benchmarks.policies import Row

COLOURS = {
    "default": "#0b5fa5",
    "release before": "#c0392b",
    "calendar at 1/3": "#00798c",
    "CUSUM only": "#7b3fa0",
    "always": "#7a7a7a",
    "best possible": "#222222",
}


def draw(rows: "list[Row]", gains: Mapping[str, Gain], path: Path) -> None:
    """Draw each policy on each stream, small, and its mean over the streams, large."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    for policy, colour in COLOURS.items():
        own = [row for row in rows if row.policy == policy and gains[row.stream].proven]
        x = [row.retrains / (row.periods - 1) * 100 for row in own]
        y = [float(np.clip(row.kept, -0.1, 1.4)) * 100 for row in own]
        axes.scatter(x, y, s=14, color=colour, alpha=0.45, linewidths=0)
        axes.scatter([np.mean(x)], [np.mean(y)], s=120, color=colour, label=policy, zorder=3)
    axes.axhline(100, color="#7a7a7a", linewidth=0.8, linestyle=":")
    axes.axvline(100 / 3, color="#7a7a7a", linewidth=0.8, linestyle=":")
    axes.set_xlabel("retrained, % of the periods")
    axes.set_ylabel("gain kept, % of retraining in every period")
    axes.legend(frameon=False, loc="lower right")
    axes.grid(alpha=0.2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
