"""What metrics are made of, from a registry and alerts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from workshop import small_config, write_config

from driftloop.base.errors import ConfigError, DriftloopError
from driftloop.base.serialize import to_plain
from driftloop.base.tags import RunTags, VersionTags
from driftloop.base.workspace import Workspace
from driftloop.reporting.prometheus.inputs import MetricInputs
from tasks.registry.memory import MemoryRegistry, memory_registry
from tasks.reporting.metric_inputs import configs_named, read_metric_inputs
from tests.driftloop.alerts.messages.message_records import AS_OF, drifted

MODEL = "payments"
RECORDED_AT = datetime(2026, 3, 23, 6, 1, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    write_config(tmp_path, small_config())
    return Workspace(tmp_path)


@pytest.fixture
def registry(place: Workspace) -> Iterator[MemoryRegistry]:
    with memory_registry(place) as made:
        made.register(MODEL, "run-0", "model-0", VersionTags())
        yield made


def facts(place: Workspace) -> MetricInputs:
    ((config,), _) = configs_named(place, MODEL)
    return read_metric_inputs(place, config)


def ran(registry: MemoryRegistry, kind: str, days: int, **tags: Any) -> str:
    """A finished run some days after the week of the records."""
    moment = AS_OF + timedelta(days=days)
    own = RunTags(kind=kind, key=f"{kind}-{days}", as_of=moment)
    run = registry.open_run(MODEL, "name", own)
    record = to_plain(drifted(as_of=moment))
    registry.close_run(run.run_id, replace(own, **tags), {"as_of": moment.timestamp()}, record)
    return run.run_id


def test_a_model_that_nobody_trained_has_no_runs(place: Workspace) -> None:
    with memory_registry(place):
        found = facts(place)
    assert (found.last, found.champion, found.retrainings, found.ledger) == (None, None, (), ())
    assert found.period == timedelta(days=7)
    assert [channel.key for channel in found.channels] == ["slack:#ml-alerts"]


def test_the_run_that_looked_from_the_newest_moment_counts(
    place: Workspace, registry: MemoryRegistry
) -> None:
    ran(registry, "monitor", 14, recorded_at=RECORDED_AT, seconds=60.5)
    ran(registry, "monitor", 7)
    last = facts(place).last
    assert last is not None
    assert last.record.as_of == AS_OF + timedelta(days=14)
    assert last.seconds == 60.5
    assert last.at == RECORDED_AT
    ran(registry, "monitor", 21)
    older = facts(place).last
    assert older is not None
    assert (older.at, older.seconds) == (None, None), "as an older driftloop left it"


def test_retrainings_and_the_losing_streak(place: Workspace, registry: MemoryRegistry) -> None:
    ran(registry, "retrain", 1, trained=True, won=True, promoted=True, seconds=9.0)
    ran(registry, "retrain", 2, trained=True, won=False, promoted=False)
    ran(registry, "retrain", 3, trained=False)
    ran(registry, "retrain", 4, trained=True, won=False)
    found = facts(place)
    day = timedelta(days=1)
    assert [
        (tags.as_of, bool(tags.trained), bool(tags.won), bool(tags.promoted), tags.seconds)
        for tags in found.retrainings
    ] == [
        (AS_OF + 4 * day, True, False, False, None),
        (AS_OF + 3 * day, False, False, False, None),
        (AS_OF + 2 * day, True, False, False, None),
        (AS_OF + 1 * day, True, True, True, 9.0),
    ]
    assert found.losing == 2, "one that found too few rows is no attempt"


def test_a_record_that_cannot_be_read_is_named(place: Workspace, registry: MemoryRegistry) -> None:
    run = ran(registry, "monitor", 0)
    registry.log(run, files={"record.json": {"model": MODEL}})
    with pytest.raises(DriftloopError, match=rf"record\.json of run {run} .* next monitoring run"):
        facts(place)


def test_one_model_or_all(place: Workspace) -> None:
    write_config(place.root, {**small_config(), "model": "churn"}, "churn")
    (place.configs / "broken.yaml").write_text("model: broken\n")
    good, broken = configs_named(place, None)
    assert [one.model for one in good] == ["churn", MODEL]
    assert len(broken) == 1
    with pytest.raises(ConfigError, match="unknown"):
        configs_named(place, "unknown")
