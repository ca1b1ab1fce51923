"""The inputs of a report: the record of a run, and what was known beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from driftloop.alerts.message import Links
from driftloop.alerts.messages.wording import NO_LINKS
from driftloop.base.records import Finding, MonitorRecord, Shape, Status
from driftloop.promotion.ledger import Entry
from driftloop.reporting.run_report.past_runs import Episode, RunPoint

MOST_PLOTTED = 20
"""Features that are shown with a plot; the others are rows of a table."""

_ORDER: dict[Status, int] = {"drift": 0, "warning": 1, "inconclusive": 2, "ok": 3}


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
    """Everything that a report says.

    Args:
        record: of the run; a retraining it started is in it once that is done.
        past: earlier monitoring runs, oldest first.
        ledger: the promotion ledger, oldest first.
        episodes: incidents, the newest of them perhaps open, oldest first.
        labelled_until: up to when labels can be trusted.
        label_delay: how long they take, in words.
        margin: the loss against the baseline that is allowed.
        baselines: the holdout score of each version that is known.
        lineage: data, training run, version and this run, each as a label and a value.
        links: addresses of the run, of the model version and of the Prefect run.
        replay: the command that repeats the run.
        fetch: the command that downloads this page.
        run_id: of the run in MLflow.
        description: what the model does.
        figures: the plots, drawn beforehand.
    """

    record: MonitorRecord
    past: tuple[RunPoint, ...] = ()
    ledger: tuple[Entry, ...] = ()
    episodes: tuple[Episode, ...] = ()
    labelled_until: datetime | None = None
    label_delay: str = ""
    margin: float = 0.0
    baselines: Mapping[str, float] = field(default_factory=dict)
    lineage: tuple[tuple[str, str], ...] = ()
    links: Links = NO_LINKS
    replay: str = ""
    fetch: str = ""
    run_id: str = ""
    description: str = ""
    figures: ReportFigures = ReportFigures()

    @property
    def open_incident(self) -> Episode | None:
        """The newest incident that goes on."""
        return next((episode for episode in reversed(self.episodes) if episode.end is None), None)


def worst_statuses(record: MonitorRecord) -> dict[str, Status]:
    """Return the most severe status of each column, of its missing values too."""
    statuses: dict[str, Status] = {}
    for finding in record.findings:
        known = statuses.setdefault(finding.name, finding.status)
        statuses[finding.name] = min(known, finding.status, key=_ORDER.__getitem__)
    return statuses


def plotted_findings(record: MonitorRecord) -> tuple[tuple[Finding, Shape], ...]:
    """Return the findings to plot, what matters most first, each column once."""
    statuses = worst_statuses(record)
    plotted: dict[str, tuple[Finding, Shape]] = {}
    for finding in sorted(
        record.findings, key=lambda finding: (_ORDER[statuses[finding.name]], -finding.weight)
    ):
        if finding.shape is not None and finding.role in ("feature", "prediction"):
            plotted.setdefault(finding.name, (finding, finding.shape))
    return tuple(plotted.values())[:MOST_PLOTTED]
