"""A machine's time zone changes nothing of what a run looks at or says."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

import pytest
from conftest import run_cli, start_cli
from workshop import monday

# Ahead of UTC by more than half a day, behind it, and one whose clocks changed in that week.
ZONES = ("Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin")


@pytest.fixture(scope="module")
def in_utc(championed_template: Path) -> dict[str, object]:
    return judged(run_cli(*command(championed_template)))


def command(workspace: Path) -> tuple[str, ...]:
    """A dry run as of a date without a zone, which is UTC."""
    moment = f"{monday(11):%Y-%m-%d}"
    options = ("--as-of", moment, "--dry-run", "--json", "-w", str(workspace))
    return "monitor", "payments", *options


def judged(done: CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    """Let this process take a zone for that of its machine."""
    try:
        with mock.patch.dict("os.environ", TZ=zone):
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.mark.parametrize("zone", ZONES)
def test_the_same_run_finds_the_same_in_every_zone(
    zone: str, championed_template: Path, in_utc: dict[str, object]
) -> None:
    with living_in(zone):
        assert datetime.fromisoformat("2026-03-25").astimezone().tzname() not in ("UTC", None)
        assert judged(run_cli(*command(championed_template))) == in_utc
    assert datetime.fromisoformat(str(in_utc["as_of"])) == monday(11)


def test_a_process_that_starts_in_a_zone_does_so_too(
    championed_template: Path, in_utc: dict[str, object]
) -> None:
    done = start_cli(*command(championed_template), TZ=ZONES[0])
    assert judged(done) == in_utc
