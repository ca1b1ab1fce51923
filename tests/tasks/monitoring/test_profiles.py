"""The reference profile: made once, kept with the champion, never taken for another."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from workshop import monday

from driftloop.base.data_slices import DataSlice
from tasks.monitoring import reference_profiles as profiles
from tasks.monitoring.profile_file import VALUES
from tasks.monitoring.reference_profiles import ARTIFACTS, open_profile, profile_key
from tasks.monitoring.windows import profile_run, trained_on
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job, load_job


class Made:
    """Counts how often a profile is made from the data."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times, make = 0, profiles.write_profile

        def counted(*arguments: Any) -> Any:
            self.times += 1
            return make(*arguments)

        monkeypatch.setattr(profiles, "write_profile", counted)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(monkeypatch)


@pytest.fixture
def job(championed: Path) -> Job:
    return load_job("payments", as_of=monday(10), workspace=championed)


def opened(job: Job) -> tuple[Any, DataSlice, str | None]:
    champion = open_registry(job.workspace).champion(job.model)
    assert champion is not None
    part, run = trained_on(champion), profile_run(job, champion)
    return open_profile(job, part, run), part, run


def test_profile_is_made_once_and_kept_with_the_champion(job: Job, made: Made) -> None:
    shutil.rmtree(job.workspace.state / "profiles", ignore_errors=True)
    first, part, run = opened(job)
    again, _, _ = opened(job)
    assert made.times <= 1
    assert again == first
    assert first.rows == part.rows
    held = open_registry(job.workspace).client.list_artifacts(str(run), ARTIFACTS)
    assert [one.path for one in held] == [f"{ARTIFACTS}/{profile_key(job, part)}"]
    shutil.rmtree(first.folder)
    fetched, _, _ = opened(job)
    assert made.times <= 1, "fetched from the champion's run"
    assert fetched.column("amount").edges.tolist() == again.column("amount").edges.tolist()


def test_damaged_profile_is_fetched_anew(job: Job) -> None:
    first, _, _ = opened(job)
    (first.folder / VALUES).write_bytes(b"gone")
    again, _, _ = opened(job)
    assert len(again.column("amount").values) > 100


def test_dry_run_stores_nothing_outside(championed: Path, made: Made) -> None:
    job = load_job("payments", as_of=monday(10), workspace=championed, dry_run=True)
    registry = open_registry(job.workspace)
    _, part, run = opened(job)
    before = registry.client.list_artifacts(str(run), ARTIFACTS)
    changed = replace(part, window=replace(part.window, end=monday(5)))
    open_profile(job, changed, run)
    assert made.times >= 1
    assert registry.client.list_artifacts(str(run), ARTIFACTS) == before


def test_key_follows_whatever_the_profile_depends_on(job: Job, championed: Path) -> None:
    _, part, _ = opened(job)
    key = profile_key(job, part)
    assert profile_key(job, replace(part, window=replace(part.window, end=monday(5)))) != key
    fewer = replace(part.snapshot, files=part.snapshot.files[1:])
    assert profile_key(job, replace(part, snapshot=fewer)) != key
    path = championed / "configs" / "payments.yaml"
    config = yaml.safe_load(path.read_text())
    for section, change, same in (
        ("drift", {"effect": {"kind": "psi", "bins": 12}}, False),
        ("drift", {"effect": {"kind": "psi", "floor": 0.2}}, True),
        ("windows", {"current": "2 weeks"}, False),
        ("comparison", {"margin": 0.1}, True),
    ):
        changed = {**config, section: {**config[section], **change}}
        path.write_text(yaml.safe_dump(changed))
        other = load_job("payments", as_of=monday(10), workspace=championed)
        assert (profile_key(other, part) == key) is same


def test_few_profiles_of_a_model_are_kept(job: Job) -> None:
    first, part, _ = opened(job)
    for week in range(2, 9):
        open_profile(job, replace(part, window=replace(part.window, end=monday(week))))
    assert len(list(first.folder.parent.iterdir())) == profiles.MAX_PROFILES


def test_models_with_the_same_reference_share_its_profile(job: Job, made: Made) -> None:
    first, part, _ = opened(job)
    other = replace(job, config=job.config.model_copy(update={"model": "payments-de"}))
    before = made.times
    shared = open_profile(other, part)
    assert made.times == before
    assert shared.folder.parent.name == "payments-de"
    assert (shared.folder / VALUES).samefile(first.folder / VALUES)
    edges = first.column("amount").edges.tolist()
    shutil.rmtree(first.folder)
    assert open_profile(other, part).column("amount").edges.tolist() == edges
    (shared.folder / VALUES).write_bytes(b"gone")
    assert open_profile(job, part).rows == part.rows
    assert made.times == before + 1, "what is damaged is not shared"
