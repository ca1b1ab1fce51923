"""What a report is made of: the record of a run, and what was known beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from driftloop.alerts.links import Links
from driftloop.alerts.messages.wording import NO_LINKS
from driftloop.base.records import Finding, MonitorRecord, Shape, Status
from driftloop.promotion.ledger import Entry
from driftloop.reporting.run_report.past_runs import Episode, RunPoint

MOST_PLOTTED = 20
"""Features that are shown with a picture; the others are rows of a table."""

_ORDER: dict[Status, int] = {"drift": 0, "warning": 1, "inconclusive": 2, "ok": 3}


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """Pictures as SVG text, drawn beforehand; None where there is nothing to draw.

    `features` are keyed by position in `plotted_findings`, so that no name becomes markup.
    """

    features: Mapping[int, str] = field(default_factory=dict)
    performance: str | None = None
    comparison: str | None = None
    gain: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a number comes from; each a pair of what it is and its value, in the order of time."""

    rows: tuple[tuple[str, str], ...] = ()


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
        lineage: data, training run, version and this run.
        links: where to look.
        replay: the command that judges the same again.
        fetch: the command that gets this page.
        run_id: of the run in MLflow.
        description: what the model does.
        pictures: drawn beforehand.
    """

    record: MonitorRecord
    past: tuple[RunPoint, ...] = ()
    ledger: tuple[Entry, ...] = ()
    episodes: tuple[Episode, ...] = ()
    labelled_until: datetime | None = None
    label_delay: str = ""
    margin: float = 0.0
    baselines: Mapping[str, float] = field(default_factory=dict)
    lineage: Lineage = Lineage()
    links: Links = NO_LINKS
    replay: str = ""
    fetch: str = ""
    run_id: str = ""
    description: str = ""
    pictures: ReportFigures = ReportFigures()


def worst_statuses(record: MonitorRecord) -> dict[str, Status]:
    """Return the gravest status of each column; missing values tell what a shape does not."""
    found: dict[str, Status] = {}
    for finding in record.findings:
        known = found.setdefault(finding.name, finding.status)
        if _ORDER[finding.status] < _ORDER[known]:
            found[finding.name] = finding.status
    return found


def plotted_findings(record: MonitorRecord) -> tuple[tuple[Finding, Shape], ...]:
    """Return the findings to draw, what matters most first, each column once."""
    grave = worst_statuses(record)
    found: dict[str, tuple[Finding, Shape]] = {}
    for finding in sorted(record.findings, key=lambda one: (_ORDER[grave[one.name]], -one.weight)):
        if finding.shape is not None and finding.role in ("feature", "prediction"):
            found.setdefault(finding.name, (finding, finding.shape))
    return tuple(found.values())[:MOST_PLOTTED]
