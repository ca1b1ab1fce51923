"""The sample: the demo's model in a workspace of its own, with dates that are those of today.

Its weeks are those of the demo, moved so that some lie behind and the rest is still to come. A
schedule finds a new week every Monday, until the story is over.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from driftloop.base.workspace import Workspace
from driftloop.onboarding.demo_story import START
from tasks.onboarding.demo import ROOT, pull_data
from tasks.onboarding.workspace import build_workspace

MODEL = "payments"
FIRST_WEEK, PAST_WEEKS = 9, 17
"""Weeks before the first champion, and before today: the spring travel season has begun."""

_TIME, _WEEK = "event_time", timedelta(weeks=1)


_SLACK = """\
    - kind: slack
      channel: "#ml-alerts"
"""


def sample_workspace(now: datetime, folder: Path) -> Workspace:
    """Return the sample's workspace, which is made where it is missing.

    Raises:
        SnapshotError: if the demo's data cannot be pulled.
        WorkspaceError: if the folder holds something else, or cannot be written.
    """
    place = Workspace(folder)
    if not (place.configs / f"{MODEL}.yaml").is_file():
        pull_data(Workspace(ROOT))

        def write(partial: Path) -> None:
            _write_configuration(Workspace(partial).configs)
            _write_batches(partial / "data" / MODEL, _begin(now) - START)

        build_workspace(folder, write, "Add the sample's payments")
    return place


def past_mondays(workspace: Workspace, now: datetime) -> Iterator[datetime]:
    """Yield the moments up to now as of which the sample is judged; the first is the champion's."""
    first = min(path.stem for path in (workspace.root / "data" / MODEL).glob("*.parquet"))
    moment = datetime.combine(date.fromisoformat(first), time(), UTC) + FIRST_WEEK * _WEEK
    while moment <= now:
        yield moment
        moment += _WEEK


def _begin(now: datetime) -> date:
    """Return the Monday on which the sample's first week begins."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=today.weekday()) - PAST_WEEKS * _WEEK


def _write_configuration(folder: Path) -> None:
    """Write the demo's configuration without its Slack channel, which nobody has set up."""
    text = (ROOT / "configs" / f"{MODEL}.yaml").read_text(encoding="utf-8")
    folder.mkdir()
    (folder / f"{MODEL}.yaml").write_text(text.replace(_SLACK, ""), encoding="utf-8")


def _write_batches(folder: Path, later: timedelta) -> None:
    """Write the demo's batches with all times moved by whole weeks."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    for path in sorted((ROOT / "data" / MODEL).glob("*.parquet")):
        table = pq.read_table(path)
        place = table.schema.get_field_index(_TIME)
        field = table.schema.field(place)
        moved = pc.add(table[_TIME], pa.scalar(later, pa.duration("us"))).cast(field.type)
        name = f"{date.fromisoformat(path.stem) + later}.parquet"
        pq.write_table(table.set_column(place, field, moved), folder / name)
