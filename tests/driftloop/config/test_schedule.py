"""When a model is looked at: derived from its window, refused where it is no schedule."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from driftloop.base.errors import ConfigError
from driftloop.base.periods import parse_span
from driftloop.base.windows import WindowSettings
from driftloop.config.loading import config_hash, load_config
from driftloop.config.schedule import Schedule, default_cron

ROOT = Path(__file__).parents[3]


def runs_of(cron: str, timezone: str, count: int) -> list[datetime]:
    """The moments at which the Prefect server would start runs, in UTC."""
    schedule = CronSchedule(cron=cron, timezone=timezone)
    start = datetime(2026, 1, 1, tzinfo=ZoneInfo(timezone))
    found = asyncio.run(schedule.get_dates(count, start=start))
    return [moment.astimezone(UTC) for moment in found]


@pytest.mark.parametrize(
    ("window", "cron"),
    [
        ("1 week", "0 6 * * 1"),
        ("1 day", "0 6 * * *"),
        ("1 month", "0 6 1 * *"),
        ("3 months", "0 6 1 */3 *"),
        ("6 hours", "5 */6 * * *"),
        ("15 minutes", "*/15 * * * *"),
        ("5 hours", "5 * * * *"),
        ("2 weeks", "0 6 * * 1"),
    ],
)
def test_a_window_has_a_schedule(window: str, cron: str) -> None:
    assert default_cron(parse_span(window)) == cron
    assert CronSchedule(cron=cron).cron == cron


@pytest.mark.parametrize("window", ["1 day", "1 week", "1 month", "3 months", "6 hours"])
def test_the_default_judges_every_window_once(window: str) -> None:
    """Each run sees the window that follows the one the run before it saw."""
    settings = WindowSettings.model_validate({"current": window})
    moments = runs_of(default_cron(parse_span(window)), "UTC", 40)
    seen = [settings.current_window(moment) for moment in moments]
    assert all(before.end == after.start for before, after in pairwise(seen))


def test_a_change_of_the_clocks_leaves_out_no_window_and_doubles_none() -> None:
    """06:00 in Berlin is 05:00 UTC in winter and 04:00 in summer, on the same Monday."""
    settings = WindowSettings.model_validate({"current": "1 week"})
    moments = runs_of("0 6 * * 1", "Europe/Berlin", 53)
    assert {moment.hour for moment in moments} == {4, 5}
    seen = [settings.current_window(moment) for moment in moments]
    assert all(before.end == after.start for before, after in pairwise(seen))
    assert seen[-1].start - seen[0].start == timedelta(weeks=52)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"cron": "every monday"}, ("schedule.cron", "'every monday'", "'0 6 * * 1'")),
        ({"cron": "0 6 * *"}, ("schedule.cron", "'0 6 * *'")),
        ({"cron": "0 6 * * 1; rm"}, ("schedule.cron", "is not a cron expression")),
        ({"timezone": "Berlin"}, ("schedule.timezone", "'Berlin'", "Europe/Berlin")),
        ({"timezone": "../../etc/passwd"}, ("schedule.timezone", "is not a time zone")),
        ({"zone": "UTC"}, ("schedule.zone", "unknown key", "timezone")),
    ],
)
def test_what_is_no_schedule_is_refused(
    raw: dict[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    config = yaml.safe_load((ROOT / "configs" / "payments.yaml").read_text())
    path = tmp_path / "payments.yaml"
    path.write_text(yaml.safe_dump({**config, "schedule": raw}))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_a_schedule_does_not_change_what_a_run_is() -> None:
    config = load_config(ROOT / "configs" / "payments.yaml")
    later = config.model_copy(update={"schedule": Schedule(cron="0 7 * * 1")})
    assert config_hash(later) == config_hash(config)


@pytest.mark.parametrize(
    ("schedule", "as_of", "last"),
    [
        ({}, "2026-03-30T06:00", "2026-03-30T06:00"),
        ({}, "2026-03-30T05:59:59", "2026-03-23T06:00"),
        ({"timezone": "Europe/Berlin"}, "2026-03-30T04:00", "2026-03-30T04:00"),  # summer time
        ({"timezone": "Europe/Berlin"}, "2026-03-30T03:59", "2026-03-23T05:00"),
        ({"cron": "*/15 * * * *"}, "2026-03-30T05:44", "2026-03-30T05:30"),
        ({"cron": "0 2 L * *"}, "2026-03-30T05:44", "2026-02-28T02:00"),
    ],
)
def test_the_last_time_of_a_schedule(schedule: dict[str, str], as_of: str, last: str) -> None:
    moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    found = Schedule(**schedule).last_time(parse_span("1 week"), moment)
    assert found == datetime.fromisoformat(last).replace(tzinfo=UTC)


def test_a_last_time_that_cannot_be_counted_names_the_expression() -> None:
    with pytest.raises(ConfigError, match=r"schedule: cron: '0 6 \? \* 1' cannot be counted back"):
        Schedule(cron="0 6 ? * 1").last_time(parse_span("1 week"), datetime.now(UTC))
