"""The result of an estimate: performance by window, as a table, a plot and HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.alerts.messages.wording import count
from driftloop.base.findings import EstimatedPerformance
from driftloop.base.periods import Window
from driftloop.base.scores import Score, metric_name
from driftloop.reporting.estimate_plot import estimate_figure
from driftloop.reporting.html.rendering import render_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PRINTED = 5


@dataclass(frozen=True, slots=True)
class WindowEstimate:
    """The estimated performance of a window, and the realised one where labels are there.

    `window` is None where the table has no time column.
    """

    window: Window | None
    estimate: EstimatedPerformance
    realised: Score | None

    @property
    def title(self) -> str:
        """When the window was."""
        return "all rows" if self.window is None else f"{self.window.start:%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True, repr=False)
class EstimateResult:
    """How good predictions probably are, window by window, oldest first.

    `baseline` is the score on the reference, None where it cannot be computed. The `status` of an
    estimate is ``ok``, ``lost`` (below its limit by more than its error allows), ``unclear``
    between, or ``inconclusive``. `left_out` says of each column that is not a feature why.
    """

    baseline: Score | None
    windows: tuple[WindowEstimate, ...]
    left_out: Mapping[str, str]

    @property
    def status(self) -> str:
        """The status of the newest window."""
        return self.windows[-1].estimate.status if self.windows else "inconclusive"

    @property
    def metric(self) -> str:
        """The usual spelling of the metric."""
        return metric_name(self.windows[-1].estimate.metric) if self.windows else ""

    def to_frame(self) -> pd.DataFrame:
        """Return a row per window.

        Columns: ``start`` and ``end`` (UTC; missing without a time column), ``rows``, ``metric``,
        ``estimated`` with its 95 % interval ``low`` to ``high``, ``limit``, ``status``, ``outside``
        (share of rows unlike any of the reference), ``realised`` (missing without labels) and
        ``sentence``.
        """
        rows = [
            {
                "start": each.window and each.window.start,
                "end": each.window and each.window.end,
                "rows": each.estimate.rows,
                "metric": each.estimate.metric,
                "estimated": each.estimate.score,
                "low": each.estimate.low,
                "high": each.estimate.high,
                "limit": each.estimate.limit,
                "status": each.estimate.status,
                "outside": each.estimate.outside,
                "realised": each.realised and each.realised.value,
                "sentence": each.estimate.sentence,
            }
            for each in self.windows
        ]
        numbers = dict.fromkeys(("estimated", "low", "high", "limit", "outside", "realised"), float)
        return pd.DataFrame(rows).astype(numbers)

    def plot(self) -> "Figure":
        """Return a figure: estimates with their intervals, realised scores, reference and limit."""
        return estimate_figure(
            self.baseline,
            [(window.title, window.estimate, window.realised) for window in self.windows],
        )

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        return render_page("html/estimate_result.html.j2", result=self)

    def __repr__(self) -> str:
        lines = [f"{each.title}: {each.estimate.sentence}" for each in self.windows[-_PRINTED:]]
        more = len(self.windows) - _PRINTED
        head = [f"{self.status}: {self.metric} of {count(len(self.windows), 'window')}"]
        rest = [f"and {more} earlier ones in to_frame()"] if more > 0 else []
        return "\n  ".join([*head, *rest, *lines])
