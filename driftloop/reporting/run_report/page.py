"""The report of one monitoring run as one HTML page that needs nothing else."""

from driftloop.alerts.messages.retraining import outcome_line
from driftloop.base.periods import format_time
from driftloop.reporting.html.rendering import render_page
from driftloop.reporting.run_report.features import features_section
from driftloop.reporting.run_report.headline import verdict_section
from driftloop.reporting.run_report.history import history_section
from driftloop.reporting.run_report.inputs import ReportInput
from driftloop.reporting.run_report.onset import onset_section
from driftloop.reporting.run_report.performance import business_of_runs, performance_details
from driftloop.reporting.run_report.training import recent_entries, retraining_badge

REPORT_FILE = "report.html"
_SECTIONS = {
    "history": "Past runs",
    "quality": "Data checks",
    "features": "Features",
    "onset": "Since when",
    "label": "Label and predictions",
    "performance": "Performance over time",
    "challenger": "Champion vs. challenger",
    "trials": "Trials",
    "promotions": "Promotions",
    "lineage": "Lineage",
    "replay": "Reproduce this run",
}
"""The headings of the page by their anchors; some have nothing to say of some runs."""


def report_page(report: ReportInput) -> str:
    """Return the report as HTML; it holds aggregates only, never rows of data."""
    record, onset = report.record, onset_section(report)
    entries = recent_entries(report.ledger)
    present = {
        "onset": onset,
        "challenger": record.retrain,
        "trials": record.trials,
        "promotions": entries,
        "lineage": report.lineage,
    }
    return render_page(
        "run_report/templates/report.html.j2",
        report=report,
        record=record,
        title=f"{record.model}: {record.headline} on {format_time(record.as_of)}",
        verdict=verdict_section(report),
        history=history_section(report),
        onset=onset,
        contents=[
            (title, anchor) for anchor, title in _SECTIONS.items() if present.get(anchor, True)
        ],
        features=features_section(report) if record.findings else None,
        performance_details=performance_details(record.performance),
        business=business_of_runs(report),
        retraining_badge=retraining_badge(record.retrain) if record.retrain else None,
        retraining_line=outcome_line(record.retrain) if record.retrain else None,
        entries=entries,
    )
