"""The report of one monitoring run as one HTML page that needs nothing else."""

from driftloop.alerts.messages.wording import count
from driftloop.base.periods import format_time
from driftloop.reporting.html.markup import Node, el, group, name, page, text
from driftloop.reporting.html.styles import REPORT
from driftloop.reporting.html.theme import style_of
from driftloop.reporting.run_page.features import features_section
from driftloop.reporting.run_page.headline import headline_section
from driftloop.reporting.run_page.origin import lineage_section, replay_section
from driftloop.reporting.run_page.performance import label_section, performance_section
from driftloop.reporting.run_page.source import ReportInput
from driftloop.reporting.run_page.strip import history_section
from driftloop.reporting.run_page.training import (
    promotions_section,
    training_section,
    trials_section,
)

REPORT_FILE = "report.html"


def report_page(source: ReportInput) -> str:
    """Return the report as HTML; it holds aggregates only, never rows of data."""
    record = source.record
    sections = (
        headline_section(source),
        history_section(source),
        quality_section(source),
        features_section(source),
        label_section(source),
        performance_section(source),
        training_section(source),
        trials_section(source),
        promotions_section(source),
        lineage_section(source),
        replay_section(source),
    )
    shown = [section for section in sections if section is not None]
    title = f"{record.model}: {record.verdict.status} on {format_time(record.as_of)}"
    skip = el("a", "Skip to the verdict", href="#verdict", class_="skip")
    top = el("header", el("div", *_heading(source), class_="inner"))
    end = el("footer", el("div", *_footer(source), class_="inner"))
    return page(title, style_of(REPORT), skip, top, el("main", *shown), end)


def quality_section(source: ReportInput) -> Node:
    """Return the data checks: those that failed or could not run, and how many passed."""
    checks = source.record.quality
    named = [check for check in checks if check.status != "ok"]
    passed = len(checks) - len(named)
    if not checks:
        body: tuple[Node, ...] = (el("p", "No data check is configured."),)
    else:
        from driftloop.reporting.html.parts import check_table

        told = f"{count(passed, 'check')} of {len(checks)} passed."
        body = group(check_table(named) if named else None, el("p", told, class_="dim"))
    return el("section", el("h2", "Data checks"), *body, id="quality")


def _heading(source: ReportInput) -> tuple[Node, ...]:
    record = source.record
    what = el("p", text(source.description), class_="dim") if source.description else None
    window = f"{record.window} · {count(record.rows_current, 'row')} against "
    window += f"{record.rows_reference:,} of the reference · version {record.champion}"
    return group(
        el("p", "driftloop report", class_="eyebrow"),
        el("h1", name(record.model)),
        what,
        el("p", text(window), class_="small dim"),
    )


def _footer(source: ReportInput) -> tuple[Node, ...]:
    moment = f"Looked at from {format_time(source.record.as_of)} UTC. All times are UTC."
    return (el("p", text(moment), " Aggregates only: no row of data is on this page."),)
