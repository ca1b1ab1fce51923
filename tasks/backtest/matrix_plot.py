"""Plot of an evaluation matrix: what each policy gained, and how often it retrained."""

from pathlib import Path

from driftloop.backtest.matrix_result import PolicyWorth

_BEST, _OWN, _OTHER = "#7a7a7a", "#0b5fa5", "#9bbcd8"


def plot_worth(policies: tuple[PolicyWorth, ...], path: Path, title: str) -> None:
    """Draw the gain of each policy with its interval, and its number of retrainings."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.32 * len(policies)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    shown = policies[::-1]
    for place, one in enumerate(shown):
        colours = {"best possible": _BEST, "default": _OWN}
        colour = colours.get(one.policy, _OTHER)
        axes.barh(place, one.gain.mean, color=colour, height=0.7)
        axes.plot([one.gain.low, one.gain.high], [place, place], color="#222222", linewidth=1)
        axes.annotate(
            f" {one.retrains}", (max(one.gain.mean, one.gain.high, 0), place), va="center", size=8
        )
    axes.set_yticks(range(len(shown)), [f"{one.policy} · {one.setting}" for one in shown], size=8)
    axes.axvline(0, color="#222222", linewidth=0.8)
    axes.set_xlabel("gain over the first model a period, 90 % interval; number: retrainings")
    axes.set_title(title, loc="left")
    axes.grid(axis="x", alpha=0.25)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
