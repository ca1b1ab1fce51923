"""A machine's time zone changes nothing of what a run looks at or says."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from conftest import start_cli
from workshop import monday

# Ahead of UTC by more than half a day, behind it, and one whose clocks changed in that week.
ZONES = ("Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin")


@pytest.fixture(scope="module")
def in_utc(championed_template: Path) -> dict[str, object]:
    return judged(championed_template, "UTC")


def judged(workspace: Path, zone: str) -> dict[str, object]:
    """What a dry run prints on a machine in a time zone; a date without a zone is UTC."""
    moment = f"{monday(11):%Y-%m-%d}"
    done = start_cli(
        "monitor",
        "payments",
        "--as-of",
        moment,
        "--dry-run",
        "--json",
        "-w",
        str(workspace),
        TZ=zone,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_the_same_run_finds_the_same_in_every_zone(
    zone: str, championed_template: Path, in_utc: dict[str, object]
) -> None:
    assert judged(championed_template, zone) == in_utc
    assert datetime.fromisoformat(str(in_utc["as_of"])) == monday(11)
