"""A cluster for a fleet: one of its own, one that does not answer, one whose extra is missing."""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from driftloop.base.errors import ConfigError, UnavailableError
from driftloop.reporting.fleet import FleetModel
from tasks.fleet.cluster import calls_of_worker, cluster, on_cluster, threads_of

MEMBERS = [FleetModel(name, "monitored") for name in ("broken", "good", "other")]


def look(member: FleetModel) -> FleetModel:
    if member.model == "broken":
        raise ZeroDivisionError("division by zero")
    return replace(member, headline=str(os.getpid()))


def nothing() -> None:
    """Nothing is at work."""


def test_each_model_comes_back_with_its_result_or_its_error() -> None:
    with cluster(None, 1) as client:
        assert threads_of(client) == 1
        found = {one.model: result for one, result in on_cluster(client, look, MEMBERS, nothing)}
        elsewhere = {found[name].headline for name in ("good", "other")}  # type: ignore[union-attr]
    assert isinstance(found["broken"], ZeroDivisionError)
    assert len(elsewhere) == 1
    assert str(os.getpid()) not in elsewhere


def hang_once(folder: Path) -> int:
    """Hang in the first call, and say in a file which process that is."""
    note, own = folder / "first", os.getpid()
    if note.exists():
        return own
    (folder / "made").write_text(str(own))
    (folder / "made").rename(note)
    time.sleep(600)
    return own


def in_a_process(folder: Path, member: FleetModel) -> FleetModel:
    return replace(member, headline=str(calls_of_worker(())(600, hang_once, folder)))


def until(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not found():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
def test_what_a_killed_worker_had_begun_ends_and_another_does_it(tmp_path: Path) -> None:
    call, one = partial(in_a_process, tmp_path), MEMBERS[1:2]
    with cluster(None, 2) as client, ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: [*on_cluster(client, call, one, nothing)])
        until((tmp_path / "first").exists)
        first = psutil.Process(int((tmp_path / "first").read_text()))
        above = {process.pid for process in first.parents()}
        (lost,) = above & set(client.run(os.getpid).values())
        psutil.Process(lost).kill()
        ((_, result),) = found.result(300)
        assert not psutil.wait_procs([first], timeout=60)[1]
    assert isinstance(result, FleetModel)
    assert result.headline not in (None, str(first.pid))


def test_a_scheduler_that_does_not_answer_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.fleet.cluster.WAIT_SECONDS", 1)
    expected = r"^no Dask cluster with a worker at tcp://127\.0\.0\.1:9: "
    with pytest.raises(UnavailableError, match=expected), cluster("tcp://127.0.0.1:9", 1):
        pass


def test_a_missing_extra_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)
    expected = r"^--on dask needs prefect-dask; run pip install 'driftloop\[distributed\]'$"
    with pytest.raises(ConfigError, match=expected), cluster(None, 1):
        pass
