"""Plots stored with a training run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_matrix(counts: list[list[int]], names: tuple[str, ...]) -> "Figure":
    """Return a confusion matrix; rows are the true classes, shades are shares of a row."""
    from matplotlib.figure import Figure

    side = max(4.0, 0.6 * len(names) + 2)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = [[cell / max(1, sum(row)) for cell in row] for row in counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, cells in enumerate(counts):
        for column, cell in enumerate(cells):
            dark = shares[row][column] > 0.5
            axes.text(
                column, row, f"{cell:,}", ha="center", va="center", color="w" if dark else "k"
            )
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title("Confusion matrix on the holdout")
    return figure
