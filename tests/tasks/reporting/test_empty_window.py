"""A run over a window without rows, which does not hide what the run before it found."""

from pathlib import Path

import pytest
from workshop import look, monday

from driftloop.base.workspace import Workspace
from flows.cli.display.monitoring import status_view
from flows.cli.session import plain_console
from tasks.reporting.history import ReportSelector, fetch_report
from tasks.reporting.status import model_statuses


def told(folder: Path) -> str:
    console = plain_console(width=80)
    with console.capture() as captured:
        for part in status_view(model_statuses(Workspace(folder), "payments")):
            console.print(part)
    return captured.get()


@pytest.mark.usefixtures("prefect_server")
def test_the_last_run_with_rows_stays_in_status_and_report(championed: Path) -> None:
    place, after_its_data = Workspace(championed), 60
    look(championed, 9)
    before = model_statuses(place, "payments")
    assert look(championed, after_its_data).rows_current == 0
    assert look(championed, after_its_data + 1).rows_current == 0
    (seen,), (newest,) = before.models, model_statuses(place, "payments").models
    assert newest == model_statuses(place, None).models[0]
    assert (newest.as_of, newest.verdict, newest.headline) == (monday(10), "ok", "healthy")
    assert (seen.empty_as_of, newest.empty_as_of) == (None, monday(after_its_data + 2))
    assert f"no rows in the run of {monday(after_its_data + 2):%Y-%m-%d}" in told(championed)
    assert fetch_report(place, "payments", ReportSelector(), None).as_of == monday(10)
    empty = fetch_report(place, "payments", ReportSelector(monday(after_its_data + 1)), None)
    assert (empty.outcome, empty.headline) == ("empty", "no rows")
