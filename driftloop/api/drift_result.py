"""The result of a comparison: a verdict and findings, as a table, a plot and HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.base.findings import Finding, QualityFinding, Verdict, by_severity
from driftloop.decision.outcome import OUTCOME_STYLES, OutcomeStyle, outcome_of
from driftloop.decision.window_analysis import WindowAnalysis
from driftloop.reporting.feature_plot import feature_figure
from driftloop.reporting.html.rendering import render_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PRINTED = 5


@dataclass(frozen=True, slots=True, repr=False)
class DriftResult:
    """What changed between two tables.

    `verdict` has a `status` (ok, warning, drift or inconclusive) and a `sentence`; columns that
    failed a data-quality check are left out of it and stand in `broken`. `left_out` says of each
    column that was not compared why.
    """

    analysis: WindowAnalysis
    verdict: Verdict
    left_out: Mapping[str, str]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of every feature, the most severe first."""
        return tuple(by_severity(self.analysis.findings))

    @property
    def broken(self) -> tuple[QualityFinding, ...]:
        """The data-quality checks that failed."""
        return tuple(check for check in self.analysis.quality if check.status == "failed")

    @property
    def outcome(self) -> OutcomeStyle:
        """The headline, as reports and alerts have it: broken data before any verdict."""
        return OUTCOME_STYLES[outcome_of(self.verdict.status, bool(self.broken), "ok")]

    def to_frame(self) -> pd.DataFrame:
        """Return a row per finding, failed checks first and then the most severe.

        Columns: ``name`` (missing for a check of the whole table), ``test``, ``p_value`` (before
        the control over all features; missing without a test), ``effect_size``, ``status`` and
        ``sentence``.
        """
        rows: list[tuple[object, ...]] = [
            (check.column, check.check, None, check.value, check.status, check.sentence)
            for check in self.broken
        ]
        rows += [
            (hit.name, hit.test, hit.p_value, hit.effect_size, hit.status, hit.sentence)
            for hit in self.findings
        ]
        names = ("name", "test", "p_value", "effect_size", "status", "sentence")
        frame = pd.DataFrame(rows, columns=list(names))
        return frame.astype({"p_value": float, "effect_size": float})

    def plot(self, *names: str) -> "Figure":
        """Return a figure of the named features, or of the six whose change matters most.

        Bars are shares of rows, the reference behind the current table.

        Raises:
            KeyError: if a name is not that of a feature that was compared.
        """
        shapes = {hit.name: hit.shape for hit in reversed(self.findings) if hit.shape is not None}
        shown = names or tuple(reversed(shapes))[: 2 * 3]
        return feature_figure([shapes[name] for name in shown], "reference and current")

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        return render_page("html/drift_result.html.j2", result=self)

    def __repr__(self) -> str:
        head = f"{self.outcome.word}: {self.verdict.sentence}"
        changed = [hit.sentence for hit in self.findings if hit.status != "ok"]
        lines = [check.sentence for check in self.broken] + changed
        more = len(lines) - _PRINTED
        rest = [f"and {more} more in to_frame()"] if more > 0 else []
        return "\n  ".join([head, *lines[:_PRINTED], *rest])
