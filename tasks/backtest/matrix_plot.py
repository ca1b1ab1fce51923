"""Plot of an evaluation matrix: what each policy gained, and how often it retrained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.backtest.gain import Gain
from driftloop.backtest.matrix_result import PolicyWorth
from driftloop.base.scores import metric_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CHOSEN, _OTHER = "#0b5fa5", "#8a8a8a"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A policy by the name it is drawn with, and whether it is the one that is meant."""

    name: str
    worth: PolicyWorth
    chosen: bool = False


def plot_worth(policies: Sequence[Drawn], whole: Gain, unit: str, path: Path, title: str) -> None:
    """Draw what each policy gains with its interval, and beside it how often it retrains.

    Gains are shares of that of retraining in every period where there is one.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.5 + 0.36 * len(policies)), layout="constrained")
    axes, counts = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    scale = 100 / whole.mean if whole.proven else 1.0
    shown = policies[::-1]
    for place, drawn in enumerate(shown):
        colour = _CHOSEN if drawn.chosen else _OTHER
        mean, low, high = (scale * end for end in _ends(drawn.worth.gain))
        axes.plot([low, high], [place, place], color=colour, linewidth=2.2, alpha=0.6)
        axes.plot([mean], [place], "D" if drawn.chosen else "o", color=colour, markersize=8)
        counts.barh(place, drawn.worth.retrains, color=colour, height=0.55)
        counts.annotate(
            f" {drawn.worth.retrains}", (drawn.worth.retrains, place), va="center", size=9
        )
    names = [f"{drawn.name}  ◆" if drawn.chosen else drawn.name for drawn in shown]
    axes.set_yticks(range(len(shown)), names)
    for label, drawn in zip(axes.get_yticklabels(), shown, strict=True):
        label.set(weight="bold" if drawn.chosen else "normal", size=9)
    _mark(axes, whole, unit)
    counts.set_xlabel("retrainings")
    counts.spines[["top", "right"]].set_visible(False)
    counts.margins(x=0.15)
    figure.suptitle(title, x=0.01, ha="left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _ends(gain: Gain) -> tuple[float, float, float]:
    return gain.mean, gain.low, gain.high


def _mark(axes: "Axes", whole: Gain, unit: str) -> None:
    """Draw what is never retrained, and what always is, as lines to compare with."""
    lines: list[tuple[float, str]] = [(0, "never retrained")]
    label = f"gain over never retraining, {metric_name(unit)} a period"
    if whole.proven:
        lines.append((100, "every period"))
        label = "gain kept, % of retraining in every period"
    top: Any = {"xycoords": ("data", "axes fraction"), "size": 8, "color": "#555555"}
    for x, name in lines:
        axes.axvline(x, color="#555555", linewidth=0.9, linestyle=":")
        axes.annotate(name, (x, 1.01), ha="center", va="bottom", **top)
    axes.set_xlabel(f"{label}, with its 90 % interval")
    axes.grid(axis="x", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
