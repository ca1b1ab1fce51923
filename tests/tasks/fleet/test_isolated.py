"""Calls in processes of their own: results, errors, and processes that hang or are killed."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from driftloop.base.errors import ConfigError, DriftloopError
from tasks.fleet.isolated import LostProcessError, isolated


def pid_of_this(_number: int) -> int:
    return os.getpid()


def refuse() -> None:
    raise ConfigError("configs/x.yaml: colour: unknown key")


def break_down() -> None:
    raise ZeroDivisionError("division\nby zero")


def hang() -> None:
    time.sleep(600)


def kill_this() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_each_call_has_a_process_of_its_own_and_errors_are_one_line() -> None:
    with isolated(()) as calls, ThreadPoolExecutor(2) as pool:
        pids = [*pool.map(lambda number: calls(120, pid_of_this, number), range(4))]
        assert len({os.getpid(), *pids}) == 5
        with pytest.raises(DriftloopError, match=r"^configs/x\.yaml: colour: unknown key$"):
            calls(120, refuse)
        with pytest.raises(DriftloopError, match=r"^ZeroDivisionError: division by zero$"):
            calls(120, break_down)


def test_a_call_that_hangs_or_is_killed_is_named_and_gone() -> None:
    with isolated(()) as calls:
        with pytest.raises(LostProcessError, match=r"took longer than 0\.5 s and was ended"):
            calls(0.5, hang)
        with pytest.raises(LostProcessError, match=r"was killed \(exit code -9\)"):
            calls(120, kill_this)
        assert calls(120, pid_of_this, 0) != os.getpid()


def test_what_is_under_way_ends_with_its_caller() -> None:
    with ThreadPoolExecutor(1) as pool:
        with isolated(()) as calls:
            future = pool.submit(calls, 600, hang)
            end = time.monotonic() + 60
            while not calls.running:
                assert time.monotonic() < end
                time.sleep(0.01)
        with pytest.raises(LostProcessError, match="was killed"):
            future.result(timeout=60)
