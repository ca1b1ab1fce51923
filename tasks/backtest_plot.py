"""The picture of a backtest: what served scored what, and when something was done about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.backtest import PolicyResult, Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POLICIES = ("#0b5fa5", "#7b3fa0", "#00798c", "#5c5c5c")
_RIVALS = {"first model": ("#b0483a", "--"), "always retraining": ("#8a8a8a", ":")}


def plot_backtest(
    policies: tuple[PolicyResult, ...],
    rivals: tuple[Scored, ...],
    path: Path,
    title: str,
    onset: Any | None = None,
) -> None:
    """Draw the scores of policies and their rivals over time, with alarms and promotions."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    times: list[Any] = [period.as_of for period in policies[0].periods]
    for rival in rivals:
        colour, style = _RIVALS.get(rival.name, ("#8a8a8a", "-."))
        axes.plot(times, rival.scores, style, color=colour, linewidth=1.4, label=rival.name)
    for policy, colour in zip(policies, _POLICIES, strict=False):
        _draw(axes, policy, colour)
    if onset is not None:
        axes.axvline(onset, color="#b0483a", linewidth=1)
        axes.annotate("drift put in", (onset, 1), xycoords=("data", "axes fraction"), va="top")
    axes.set_title(title, loc="left")
    axes.set_ylabel(policies[0].metric)
    axes.grid(alpha=0.25)
    axes.legend(loc="lower left", ncols=3, frameon=False, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _draw(axes: "Axes", policy: PolicyResult, colour: str) -> None:
    times: list[Any] = [period.as_of for period in policy.periods]
    axes.plot(times, policy.scores, color=colour, linewidth=2, label=policy.name)
    marks = (
        ("alarm", "v", [one.alarm for one in policy.periods]),
        ("retrained, kept", "o", [one.retrained and not one.promoted for one in policy.periods]),
        ("promoted", "*", [one.promoted is not None for one in policy.periods]),
    )
    for name, marker, where in marks:
        chosen = [
            (at, value) for at, value, hit in zip(times, policy.scores, where, strict=True) if hit
        ]
        if chosen:
            x, y = zip(*chosen, strict=True)
            size = 110 if marker == "*" else 40
            axes.scatter(
                x,
                y,
                marker=marker,
                s=size,
                color=colour,
                zorder=3,
                label=f"{policy.name}: {name}",
                edgecolors="white",
                linewidths=0.6,
            )
