"""One configuration in a run and the runs in it, one revision in a bootstrap."""

from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from prefect import flow

from driftloop.base.data_slices import Snapshot
from flows.bootstrap import bootstrap
from tasks.runtime import job as jobs
from tasks.runtime.job import once, same_configuration
from tasks.runtime.prepare import prepare_job

CONFIG = """
model: payments
description: {description}
data: {{path: data, time: at, label: fraud}}
features: {{numeric: [amount]}}
"""


@pytest.fixture(name="workspace")
def workspace_fixture(tmp_path: Path) -> Path:
    """A workspace with one configuration."""
    (tmp_path / "configs").mkdir()
    write(tmp_path, "as the run began")
    return tmp_path


def write(workspace: Path, description: str) -> None:
    """Write the configuration."""
    text = CONFIG.format(description=description)
    (workspace / "configs" / "payments.yaml").write_text(text)


@flow
def inner(workspace: str) -> str:
    """Run in another run, as a retraining does that a monitoring run starts."""
    return prepare_job("payments", workspace=workspace).config.description


@flow
def outer(workspace: str) -> tuple[str, str]:
    """Read the configuration, which somebody edits before the inner run."""
    with same_configuration():
        first = prepare_job("payments", workspace=workspace).config.description
        write(Path(workspace), "edited meanwhile")
        return first, inner(workspace)


@pytest.mark.usefixtures("prefect_server")
def test_a_run_and_the_runs_in_it_have_one_configuration(workspace: Path) -> None:
    with mock.patch.object(jobs, "load_config", wraps=jobs.load_config) as loading:
        assert outer(str(workspace)) == ("as the run began", "as the run began")
    assert loading.call_count == 1
    assert inner(str(workspace)) == "edited meanwhile"


@pytest.mark.usefixtures("prefect_server")
def test_a_bootstrap_resolves_its_revision_once(workspace: Path) -> None:
    """A branch that moves meanwhile does not give the check and the training two commits."""
    snapshot = Snapshot("repository", "a" * 40, "data", ())
    with (
        mock.patch("flows.bootstrap.resolve_snapshot", return_value=snapshot) as resolving,
        mock.patch("flows.bootstrap.refuse_second_bootstrap") as check,
        mock.patch("flows.bootstrap.challenge", side_effect=RuntimeError("enough")) as challenge,
        pytest.raises(RuntimeError, match="enough"),
    ):
        bootstrap("payments", workspace=str(workspace))
    assert resolving.call_count == 1
    assert check.call_args.args[0].rev == challenge.call_args.args[0].rev == snapshot.rev


def test_what_is_known_of_a_run_is_asked_for_once() -> None:
    count = iter(range(9))
    ask = partial(once, "key", lambda: next(count))
    assert [ask(), ask()] == [0, 1]
    with same_configuration():
        assert [ask(), ask()] == [2, 2]
        with same_configuration():
            assert ask() == 2
    assert ask() == 3
