"""Promotion: the champion alias moves by compare-and-set, one run at a time, once.

MLflow's alias call is a plain upsert in which the last writer wins, so the comparison, the write
and its verification happen under a Prefect global concurrency limit of one per model.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from driftloop.errors import RegistryError, UnavailableError
from driftloop.records import Comparison, Promotion, to_json
from tasks.factory import step
from tasks.job import Job
from tasks.registry import CHAMPION, Registry, open_registry

LOCK_SECONDS = 120
LEASE_SECONDS = 60
"""A run that was killed in mid-promotion loses its slot after this long."""


@step("promote", retries=2)
def promote(job: Job, challenger: str, expected: str | None, comparison: Comparison) -> Promotion:
    """Make the challenger champion if it won and the champion is still the one it beat.

    Running it again after a cut-off finishes what was begun and changes nothing else.

    Raises:
        RegistryError: if the alias does not name the challenger after it was set.
    """
    if not comparison.won:
        return Promotion(False, challenger, expected, comparison.sentence)
    registry = open_registry(job.workspace)
    with promotion_lock(job):
        return _compare_and_set(registry, job.model, challenger, expected, comparison)


@contextmanager
def promotion_lock(job: Job) -> Iterator[None]:
    """Hold the model's promotion slot: a Prefect limit, or a file lock without a shared server.

    A temporary server ends with its run and would never free the slot of a killed one; a file
    lock is freed by the operating system.

    Raises:
        UnavailableError: if another promotion holds the slot for too long.
    """
    from prefect.settings import get_current_settings

    shared = get_current_settings().api.url is not None
    with _prefect_slot(job.model) if shared else _file_slot(job):
        yield


@contextmanager
def _file_slot(job: Job) -> Iterator[None]:
    path = job.workspace.state / f"promote-{job.model}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + LOCK_SECONDS
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise UnavailableError(
                        f"another promotion of {job.model} has held {path} for {LOCK_SECONDS} s; "
                        "run it again when that one has ended"
                    ) from error
                time.sleep(0.2)
        yield


@contextmanager
def _prefect_slot(model: str) -> Iterator[None]:
    from prefect.client.orchestration import get_client
    from prefect.concurrency.sync import concurrency

    name = f"driftloop-promote-{model}"
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name, 1)
    try:
        with concurrency(
            name,
            occupy=1,
            timeout_seconds=LOCK_SECONDS,
            lease_duration=LEASE_SECONDS,
            strict=True,
        ):
            yield
    except TimeoutError as error:
        raise UnavailableError(
            f"another promotion of {model} has held the slot {name!r} for {LOCK_SECONDS} s; if no "
            f"run is under way, free it with 'prefect gcl update {name} --active-slots 0'"
        ) from error


def _compare_and_set(
    registry: Registry, model: str, challenger: str, expected: str | None, comparison: Comparison
) -> Promotion:
    present = registry.champion(model)
    current = present.version if present else None
    earlier = registry.version(model, challenger).promoted_at
    if current != challenger and earlier is not None:
        sentence = f"Version {challenger} was promoted before; the champion is now {current}."
        return Promotion(False, challenger, expected, sentence)
    if current not in (challenger, expected):
        sentence = (
            f"The champion is version {current}, no longer {expected or 'none'}, which the "
            "challenger was compared with: nothing was changed."
        )
        return Promotion(False, challenger, expected, sentence)
    tags = {"previous_champion": expected or "", "comparison": to_json(comparison)[:4900]}
    registry.tag(model, challenger, tags)
    _set_champion(registry, model, challenger)
    if earlier is None:
        registry.tag(model, challenger, {"promoted_at": datetime.now(UTC).isoformat()})
    return Promotion(True, challenger, expected, _sentence(model, challenger, expected))


def _set_champion(registry: Registry, model: str, version: str) -> None:
    """Move the alias and verify that it moved."""
    registry.set_champion(model, version)
    after = registry.champion(model)
    if after is None or after.version != version:
        raise RegistryError(
            f"{model}: the alias {CHAMPION!r} was set to version {version} and names "
            f"{after.version if after else 'nothing'}; somebody else is changing it"
        )


def _sentence(model: str, challenger: str, expected: str | None) -> str:
    if expected is None:
        return f"{model} version {challenger} is the first champion."
    return f"{model} version {challenger} is champion; it replaces version {expected}."


@step("roll back", retries=2)
def roll_back(job: Job, to: str | None) -> Promotion:
    """Make an earlier version champion again: `to`, or the predecessor of the champion.

    The reference moves with it, because every version carries the coordinates of its own data.

    Raises:
        RegistryError: if there is no champion, no predecessor, or no such version.
    """
    registry = open_registry(job.workspace)
    with promotion_lock(job):
        present = registry.champion(job.model)
        if present is None:
            raise RegistryError(f"{job.model} has no champion, so nothing can be rolled back")
        target = to or registry.tags(job.model, present.version).get("driftloop.previous_champion")
        if not target:
            raise RegistryError(
                f"{job.model} version {present.version} has no predecessor; name a version with "
                "--to"
            )
        if registry.version(job.model, target).promoted_at is None:
            raise RegistryError(
                f"{job.model} version {target} never was champion, so it cannot be one again; "
                "'driftloop retrain' promotes what is proven better"
            )
        if target == present.version:
            sentence = f"{job.model} version {target} is champion already."
            return Promotion(False, target, present.version, sentence)
        _set_champion(registry, job.model, target)
        registry.tag(job.model, present.version, {"rolled_back_at": job.as_of.isoformat()})
        sentence = f"{job.model} version {target} is champion again, not {present.version}."
        return Promotion(True, target, present.version, sentence)
