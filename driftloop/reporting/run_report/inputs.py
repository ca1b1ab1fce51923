"""The inputs of a report: the record of a run, and what was known beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from driftloop.alerts.message import Links
from driftloop.alerts.messages.wording import NO_LINKS
from driftloop.base.distribution import Shape
from driftloop.base.findings import SEVERITY_ORDER, Finding, FindingStatus
from driftloop.base.records import MonitorRecord
from driftloop.promotion.ledger import Entry
from driftloop.reporting.run_report.past_runs import Episode, RunPoint

MOST_PLOTTED = 20
"""Features that are shown with a plot; the others are rows of a table."""


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """Plots as SVG text, drawn beforehand; None where there is nothing to draw.

    `features` are keyed by position in `plotted_findings`, so that no name becomes markup.
    """

    features: Mapping[int, str] = field(default_factory=dict)
    performance: str | None = None
    comparison: str | None = None
    gain: str | None = None


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Everything that a report says; runs, ledger entries and incidents are oldest first.

    A retraining that the run started is in the record once it is done. Labels can be trusted up to
    `labelled_until`; `baselines` are the
    holdout scores of the versions, `lineage` labels and values from the data to this run. A feature
    with a share of importance below `hardly_used` alarms nobody.
    """

    record: MonitorRecord
    past: tuple[RunPoint, ...] = ()
    ledger: tuple[Entry, ...] = ()
    episodes: tuple[Episode, ...] = ()
    labelled_until: datetime | None = None
    label_delay: str = ""
    baselines: Mapping[str, float] = field(default_factory=dict)
    lineage: tuple[tuple[str, str], ...] = ()
    links: Links = NO_LINKS
    run_id: str = ""
    description: str = ""
    hardly_used: float = 0.0
    figures: ReportFigures = ReportFigures()

    @property
    def open_incident(self) -> Episode | None:
        """The newest incident that goes on."""
        return next((episode for episode in reversed(self.episodes) if episode.end is None), None)


def worst_statuses(record: MonitorRecord) -> dict[str, FindingStatus]:
    """Return the most severe status of each column, of its missing values too."""
    statuses: dict[str, FindingStatus] = {}
    for finding in record.findings:
        known = statuses.setdefault(finding.name, finding.status)
        statuses[finding.name] = min(known, finding.status, key=SEVERITY_ORDER.__getitem__)
    return statuses


def plotted_findings(record: MonitorRecord) -> tuple[tuple[Finding, Shape], ...]:
    """Return the findings to plot, what matters most first, each column once."""
    statuses = worst_statuses(record)
    plotted: dict[str, tuple[Finding, Shape]] = {}
    for finding in sorted(
        record.findings,
        key=lambda finding: (SEVERITY_ORDER[statuses[finding.name]], -finding.weight),
    ):
        if finding.shape is not None and finding.role in ("feature", "prediction"):
            plotted.setdefault(finding.name, (finding, finding.shape))
    return tuple(plotted.values())[:MOST_PLOTTED]
