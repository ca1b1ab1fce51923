"""The demo: half a year of card payments through the real flows, in a minute or two."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text

from driftloop.alerts.channels.page import PageChannel
from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from driftloop.onboarding.demo_story import START, WEEKS, chapter_of
from flows.cli.display.show import score_text, status_text
from flows.cli.session import command_settings, reporting
from tasks.alerts.senders.console import SCREEN
from tasks.onboarding.demo import (
    keep_reports,
    prepare_demo,
    pull_data,
    scores_with_and_without_loop,
    send_logs,
    warm_up,
)
from tasks.runtime.servers.local_server import start_server

MODEL = "payments"
FIRST_WEEK = 8
screen = Console(highlight=False)


def demo() -> None:
    """Replay half a year of card payments: healthy, broken, drifting, healed."""
    begun = time.monotonic()
    with reporting():
        place = prepare_demo()
        screen.print("[bold]driftloop demo[/bold]: half a year of card payments, week by week.\n")
        with _server(place):
            records = _replay(place)
            from tasks.runtime.job import load_job

            scores = scores_with_and_without_loop(load_job(MODEL, workspace=place.root), records)
        screen.print(_table(records, scores))
        _farewell(place, records, scores, time.monotonic() - begun)


@contextmanager
def _server(place: Workspace) -> Iterator[None]:
    server = start_server(place.state / "prefect")
    try:
        with screen.status("Starting a Prefect server, pulling the data with DVC"):
            pull_data(place)
            warm_up()
            server.wait()
        os.environ["PREFECT_API_URL"] = server.api_url
        runs = f"{server.url}/runs"
        screen.print("Prefect runs at", Text(runs, Style(link=runs)), "while the demo lasts.\n")
        drawn_on = SCREEN.set(screen)
        yield
        SCREEN.reset(drawn_on)
        send_logs()
    finally:
        server.stop()


def _replay(place: Workspace) -> list[MonitorRecord]:
    from prefect import tags

    from flows.bootstrap import bootstrap
    from flows.monitor import monitor

    root, records = str(place.root), []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bars = Progress(*columns, TimeElapsedColumn(), console=screen, transient=True)
    with command_settings(always=True), tags("driftloop", MODEL), bars as progress:
        bar = progress.add_task("training the first champion", total=WEEKS - FIRST_WEEK + 1)
        first = bootstrap(MODEL, as_of=_monday(FIRST_WEEK + 1), workspace=root)
        plan = first.plan and first.plan.sentence
        progress.print(f"The first champion: {first.sentence}\n{plan}")
        for week in range(FIRST_WEEK, WEEKS):
            chapter = chapter_of(week)
            progress.update(bar, advance=1, description=f"week {week}: {chapter.name}")
            if week in (FIRST_WEEK, chapter.weeks.start):
                heading = f"\n[bold]Week {week}, {chapter.name}.[/bold]"
                progress.print(f"{heading} {chapter.what_happens}")
            records.append(monitor(MODEL, as_of=_monday(week + 1), workspace=root))
        progress.update(bar, advance=1, description="looking back")
    return records


def _monday(week: int) -> datetime:
    return datetime.combine(START + timedelta(weeks=week), clock(), tzinfo=UTC)


def _table(records: Sequence[MonitorRecord], scores: Sequence[tuple[float, float]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("week of", "what was going on", "verdict", "action", "model"):
        table.add_column(column, no_wrap=True)
    table.add_column("AUC", justify="right")
    table.add_column("never\nretrained", justify="right")
    for record, (loop, frozen) in zip(records, scores, strict=True):
        week = (record.window.start.date() - START).days // 7
        broken = status_text("broken") if record.broken else status_text(record.verdict.status)
        promoted = record.retrain is not None and record.retrain.won
        table.add_row(
            f"{record.window.start:%d %b}",
            chapter_of(week).name,
            broken,
            "promote" if promoted else record.decision.action,
            f"v{record.champion}",
            score_text(loop, better=loop > frozen + 0.05),
            score_text(frozen, worse=loop > frozen + 0.05),
        )
    return table


def _farewell(
    place: Workspace,
    records: Sequence[MonitorRecord],
    scores: Sequence[tuple[float, float]],
    seconds: float,
) -> None:
    scored = [pair for pair in scores if pair[0] == pair[0]]
    loop, frozen = (sum(pair[side] for pair in scored) / len(scored) for side in (0, 1))
    screen.print(
        f"Mean AUC {loop:.3f} with the loop, {frozen:.3f} without. The demo took {seconds:.0f} s.\n"
    )
    screen.print("What Slack would show, with a link to each report:")
    screen.print("  ", _file(place.state / PageChannel().path), sep="")
    reports = keep_reports(place, MODEL)
    for record in (*filter(_eventful, records), records[-1]):
        screen.print(f"Report of {record.as_of:%d %b}, {record.headline}:")
        screen.print("  ", _file(reports[record.as_of]), sep="")
    state = os.path.relpath(place.state)
    screen.print(
        "\nLook at it yourself (Ctrl-C ends each):\n"
        f"  Prefect  PREFECT_HOME={state}/prefect .venv/bin/prefect server start\n"
        f"           then http://127.0.0.1:4200/runs\n"
        f"  MLflow   .venv/bin/mlflow server --port 5001 --backend-store-uri "
        f"sqlite:///{state}/mlflow.db\n"
        "           then http://127.0.0.1:5001",
        soft_wrap=True,
    )


def _eventful(record: MonitorRecord) -> bool:
    return bool(record.broken) or record.retrain is not None


def _file(path: Path) -> Text:
    """Return a relative path that a terminal opens at a click."""
    return Text(os.path.relpath(path), Style(link=path.as_uri()))
