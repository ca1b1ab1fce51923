"""What commands print on a terminal of 80 columns, as it reads: a change shows in the diff.

``UPDATE_SNAPSHOTS=1`` writes the files.
"""

import io
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Group, RenderableType

from driftloop.alerts.incident import AlertState
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import Champion, ModelVersion
from driftloop.base.tags import RunTags
from driftloop.reporting.run_report.past_runs import Episode, History
from driftloop.reporting.status import Statuses, model_status
from flows.cli.display.history import history_view
from flows.cli.display.monitoring import monitor_view, status_view
from flows.cli.display.promotion import retrain_view
from flows.cli.session import plain_console
from tasks.monitoring.steps import run_tags
from tests.driftloop.reporting.report_cases import WEEK, points
from tools import alert_examples as of

FOLDER = Path(__file__).parent / "snapshots"
EMPTY = "refunds"


def status() -> Iterable[RenderableType]:
    """A model in trouble, one whose newest window has no rows, and one that never ran."""
    champion = ModelVersion(of.MODEL, "7", "run", None, None, None, of.AT)
    found, at = _stored(of.WORSE), of.AT
    state = AlertState(incidents=(of.OPENED,))
    yield from status_view(
        Statuses(
            (
                model_status(of.MODEL, champion, found, state, at),
                model_status(EMPTY, champion, _stored(of.HEALTHY), AlertState(), at, found),
                model_status("churn", None, None, AlertState(), at),
            )
        )
    )


def _stored(record: MonitorRecord) -> RunTags:
    return RunTags.from_tags(run_tags(record, "key").to_tags())


def history() -> Iterable[RenderableType]:
    """Half a year of weeks, with an incident."""
    episode = Episode(of.AT - 3 * WEEK, None, "page", of.AT - 4 * WEEK)
    yield from history_view(History(of.MODEL, Champion("7"), points(), (), (episode,)))


VIEWS: dict[str, Callable[[], Iterable[Any]]] = {
    "monitor-worse": lambda: monitor_view(of.WORSE),
    "monitor-broken": lambda: monitor_view(of.BROKEN),
    "monitor-not-judged": lambda: monitor_view(of.UNJUDGED),
    "monitor-healthy": lambda: monitor_view(of.HEALTHY),
    "monitor-all": lambda: monitor_view(replace(of.DRIFTED, findings=of.MOVED), everything=True),
    "retrain": lambda: retrain_view(of.REFUSED),
    "status": status,
    "history": history,
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_terminal_reads_as_before(name: str) -> None:
    written, path = io.StringIO(), FOLDER / f"{name}.txt"
    plain_console(file=written, width=80).print(Group(*VIEWS[name]()), crop=False)
    text = "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), "run with UPDATE_SNAPSHOTS=1 and read what it wrote"
    assert text == path.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80


def test_no_snapshot_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(VIEWS)
