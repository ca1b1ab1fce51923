"""The programs that tests of services need are there, each in the place the tests look."""

import shutil
from pathlib import Path

import pytest

NEEDED = {
    "chromium": "chromium",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-pushgateway": "prometheus-pushgateway",
}


@pytest.mark.parametrize("program", NEEDED)
def test_a_program_is_installed(program: str) -> None:
    assert shutil.which(program), f"install it with: apt-get install {NEEDED[program]}"


def test_postgresql_is_installed() -> None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "install it with: apt-get install postgresql"
