"""Plot of a backtest: scores over time, with alarms, retrainings and promotions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.backtest.summary import BaselineScores, Period, PolicyResult
from driftloop.base.scores import metric_name
from driftloop.reporting.estimate_plot import read_as

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POLICIES = ("#0b5fa5", "#7b3fa0", "#00798c", "#8a6d00")
_BASELINES = {"first model": ("#c0392b", "--"), "always retraining": ("#7a7a7a", ":")}
_DRIFT = "#c0392b"
_ROWS = (("promoted", "*", 110), ("retrained, kept", "o", 36), ("alarm", "v", 44))
"""Events marked under the scores, from the bottom: name, marker and its size."""


def plot_backtest(
    policies: tuple[PolicyResult, ...],
    baselines: tuple[BaselineScores, ...],
    path: Path,
    title: str,
    onset: Any | None = None,
) -> None:
    """Draw the scores of policies and baselines over time, above their alarms and promotions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(6, 1.1))
    times: list[Any] = [period.as_of for period in policies[0].periods]
    for index, (policy, colour) in enumerate(zip(policies, _POLICIES, strict=False)):
        above.plot(times, policy.scores, color=colour, linewidth=2.4, label=policy.name)
        _mark(below, policy, colour, (index - (len(policies) - 1) / 2) * 0.3)
    for baseline in baselines:  # last, so that an equal score is visible on the policy's line
        colour, style = _BASELINES.get(baseline.name, ("#7a7a7a", "-."))
        above.plot(times, baseline.scores, style, color=colour, linewidth=1.6, label=baseline.name)
    if onset is not None:
        _show_onset(above, below, onset)
    above.set_title(title, loc="left")
    read_as(above.yaxis, policies[0].metric)
    above.set_ylabel(f"{metric_name(policies[0].metric, begins=True)}, all labels known")
    above.grid(alpha=0.25)
    _label(below)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _mark(axes: "Axes", policy: PolicyResult, colour: str, lift: float) -> None:
    """Mark the events of a policy, one row per kind; `lift` separates the policies."""
    for row, (name, marker, size) in enumerate(_ROWS):
        x: list[Any] = [period.as_of for period in policy.periods if _did(name, period)]
        y = [row + lift] * len(x)
        axes.scatter(x, y, marker=marker, s=size, color=colour, zorder=3)


def _did(name: str, period: Period) -> bool:
    if name == "alarm":
        return period.alarm
    promoted = period.promoted is not None
    return promoted if name == "promoted" else period.retrained and not promoted


def _show_onset(above: "Axes", below: "Axes", onset: Any) -> None:
    for axes in (above, below):
        axes.axvline(onset, color=_DRIFT, linewidth=1)
    near: dict[str, Any] = {"xytext": (5, -4), "textcoords": "offset points", "va": "top"}
    top = ("data", "axes fraction")
    above.annotate("drift injected", (onset, 1), xycoords=top, color=_DRIFT, **near)


def _label(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.set_yticks(range(len(_ROWS)), [name for name, _, _ in _ROWS])
    axes.set_ylim(-0.7, len(_ROWS) - 0.3)
    axes.set_xlabel("end of the period")
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.grid(alpha=0.25)
