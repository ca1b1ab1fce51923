"""Where the numbers of a report come from, and how to get at them again."""

from driftloop.reporting.html.markup import Node, el, group, table, text
from driftloop.reporting.run_report.inputs import ReportInput


def lineage_section(source: ReportInput) -> Node:
    """Return the way from the data to this run: commit, training run, version, run."""
    rows = [(label, el("code", text(value, 200))) for label, value in source.lineage.rows]
    if not rows:
        return None
    made = table("From the data to this run", ("what", "which"), rows, hide=True)
    return el("section", el("h2", "Lineage"), made, id="lineage")


def replay_section(source: ReportInput) -> Node:
    """Return the exact command that judges the same again, and where everything is kept."""
    version = text(source.record.champion, 40)
    parts = group(
        el("p", "Judge the same data from the same moment again, without changing anything:"),
        el("pre", el("code", text(source.replay)), tabindex=0),
        el(
            "p",
            f"It gives the same as long as version {version} is champion and the configuration "
            "is the one above.",
            class_="small dim",
        ),
        el("p", "Get this page, on any machine that reaches MLflow:") if source.fetch else None,
        el("pre", el("code", text(source.fetch)), tabindex=0) if source.fetch else None,
        el(
            "p",
            "In MLflow the run holds this page as ",
            el("code", "report.html"),
            " and everything it found as ",
            el("code", "record.json"),
            ".",
            class_="small dim",
        ),
    )
    return el("section", el("h2", "Run it again"), *parts, id="replay")
