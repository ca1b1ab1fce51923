"""The page of alerts that the demo leaves: its links work once the demo's server has ended."""

from dataclasses import replace

from driftloop.alerts.message import Links
from driftloop.alerts.messages.formats.html import channel_html
from driftloop.alerts.messages.parent import parent_message
from tasks.onboarding.demo import with_reports
from tools.alert_examples import MODEL, OPENED

LIVE = "http://127.0.0.1:57045/runs/flow-run/"


def test_links_lead_to_reports_beside_the_page_and_none_to_the_server() -> None:
    """The page is as its channel writes it, so that another form of its links fails here."""
    posts = []
    for run in ("a1", "b2"):  # the run of a retraining within another has no report of its own
        summary = replace(OPENED.summary, links=Links(prefect_run=f"{LIVE}{run}"))
        posts.append((parent_message(MODEL, replace(OPENED, summary=summary)), ()))
    page = channel_html("alerts", posts)
    assert page.count(LIVE) == 2
    kept = with_reports(page, {f"{LIVE}a1": "reports/payments/2026-04-06.html"})
    assert '<a class="link" href="reports/payments/2026-04-06.html">Report</a>' in kept
    assert LIVE not in kept
    assert kept.count("Prefect run") == 1
