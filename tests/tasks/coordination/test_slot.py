"""Slots while the Prefect server is away; who waits for whom is in tests/faults/test_races.py."""

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from workshop import small_config

from driftloop.base.errors import UnavailableError
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from tasks.coordination import lease
from tasks.coordination import slots as slot
from tasks.runtime.job import Job
from tasks.runtime.servers.local_server import start_server


def test_a_server_that_goes_away_undoes_nothing_that_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lease, "RESTART_SECONDS", 0)
    place = Workspace(tmp_path)
    done = []
    server = start_server(tmp_path / "server")
    try:
        server.wait()
        monkeypatch.setenv("PREFECT_API_URL", server.api_url)
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            with (
                caplog.at_level(logging.WARNING, "driftloop"),
                slot.delivery_slot(place, "fraud"),
            ):
                server.stop()
                done.append("sent")
            assert "did not release the slot driftloop-deliver-fraud" in caplog.text
            with (
                pytest.raises(UnavailableError, match="does not grant the slot"),
                slot.delivery_slot(place, "fraud"),
            ):
                done.append("sent again")
    finally:
        server.stop()
    assert done == ["sent"]


def test_an_error_of_the_work_comes_before_one_of_the_slot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(tmp_path / "server")

    def work() -> None:
        # A model per test: within a process Prefect asks for a slot where it first asked for it.
        with slot.delivery_slot(Workspace(tmp_path), "churn"):
            server.stop()
            raise ValueError("of the work")

    try:
        server.wait()
        monkeypatch.setenv("PREFECT_API_URL", server.api_url)
        with (
            temporary_settings({PREFECT_API_URL: server.api_url}),
            pytest.raises(ValueError, match="of the work"),
        ):
            work()
    finally:
        server.stop()


def test_who_lost_a_slot_learns_it_from_the_server(tmp_path: Path, prefect_server: str) -> None:
    """The lease ends as the server ends it; another takes the slot, and keeps it."""
    with slot.promotion_slot(_job(tmp_path)) as sleeper:
        assert isinstance(sleeper, lease.Lease)
        assert sleeper.held()
        lease.Lease(sleeper.name, sleeper._id).release()
        assert not sleeper.held()
        with slot.promotion_slot(_job(tmp_path)) as other:
            assert other.held()
            sleeper.release()
            assert other.held()


def test_a_slot_is_renewed_while_it_is_held(
    tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    asked = threading.Event()
    real = lease.Lease.held

    def held(self: lease.Lease) -> bool:
        asked.set()
        return real(self)

    monkeypatch.setattr(lease.Lease, "held", held)
    with slot.promotion_slot(_job(tmp_path)):
        assert asked.wait(20)


def _job(folder: Path) -> Job:
    return Job(
        Workspace(folder), ModelConfig.model_validate(small_config()), datetime.now(UTC), "", False
    )
