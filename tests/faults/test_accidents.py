"""Accidents in MLflow's own pages: the next run says what happened and the way back from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.ground import SECOND, moment
from faults.state import champion_of, ledger_faults
from peers.slack import SlackPeer

from driftloop.alerts.incident import AlertState
from driftloop.base.errors import ChampionLostError, RegistryError
from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.ledger import read_ledger
from tasks.registry.mlflow import MlflowRegistry

pytestmark = pytest.mark.usefixtures("prefect_server")


def client(folder: Path) -> Any:
    return MlflowRegistry(Workspace(folder)).client


def look(folder: Path, week: int) -> MonitorRecord:
    from flows.monitor import monitor

    record: MonitorRecord = monitor("payments", as_of=moment(week), workspace=str(folder))
    return record


def roll_back(folder: Path, to: str | None) -> Any:
    from flows.rollback import rollback

    return rollback("payments", to, "An accident.", str(folder))


def alerts(folder: Path) -> AlertState:
    return read_alerts(open_documents(Workspace(folder)), "payments")


def last_entry(folder: Path) -> tuple[str, str, str | None]:
    entry = read_ledger(MlflowRegistry(Workspace(folder)), "payments")[-1]
    return entry.kind, entry.version, entry.previous


def delete_alias(folder: Path) -> None:
    client(folder).delete_registered_model_alias("payments", "champion")


def delete_version(folder: Path) -> None:
    client(folder).delete_model_version("payments", "2")


@pytest.mark.parametrize(
    ("accident", "said", "way"),
    [
        (delete_alias, "The alias was deleted without driftloop", "2"),
        (delete_version, "Version 2 was deleted without driftloop", "1"),
    ],
)
def test_a_champion_that_is_gone(
    accident: Callable[[Path], None], said: str, way: str, second: Path, slack: SlackPeer
) -> None:
    accident(second)
    command = f"driftloop rollback payments --to {way}"
    for _ in range(2):
        with pytest.raises(ChampionLostError) as error:
            look(second, SECOND)
        assert said in str(error.value)
        assert command in str(error.value)
    assert last_entry(second) == ("removed", "2", "2")
    incident = alerts(second).open
    assert incident is not None
    assert (incident.causes, incident.severity) == (("no_champion",), "page")
    assert [post.kind for post in alerts(second).posts] == []
    told = [post for post in slack.posts if "the model has no champion" in post.text]
    parents = [post for post in told if post.thread_ts is None]
    assert len(parents) == 1, "told once, however often it runs"
    assert command in str(parents[0].blocks)
    with pytest.raises(ChampionLostError, match="has no champion"):
        retrain_now(second)
    done = roll_back(second, way)
    assert (done.promoted, champion_of(second), ledger_faults(second)) == (True, way, ())
    assert last_entry(second) == ("rolled_back", way, None)
    assert f"Version {way} is live again" in slack.posts[-1].text
    assert look(second, SECOND + 1).champion == way


def retrain_now(folder: Path) -> None:
    from flows.retrain import retrain

    retrain("payments", as_of=moment(SECOND), workspace=str(folder))


def test_a_rollback_that_names_no_version_lists_those_there_are(
    second: Path, slack: SlackPeer
) -> None:
    delete_alias(second)
    with pytest.raises(RegistryError, match=r"has no champion now; choose .* --to \(2, 1\)"):
        roll_back(second, None)


def test_an_alias_that_was_moved_by_hand(second: Path, slack: SlackPeer) -> None:
    client(second).set_registered_model_alias("payments", "champion", "1")
    record = look(second, SECOND)
    assert record.champion == "1"
    assert record.moved == "The alias was moved from 2 to 1 without driftloop."
    assert look(second, SECOND).moved == record.moved, "the same run says the same"
    assert last_entry(second) == ("outside", "1", "2")
    incident = alerts(second).open
    assert incident is not None
    assert "moved" in incident.causes
    told = [post for post in slack.posts if "champion changed by hand" in post.text]
    told = [post for post in told if post.thread_ts is None]
    assert len(told) == 1
    assert "driftloop rollback payments" in str(told[0].blocks)
    assert look(second, SECOND + 1).moved is None, "it is news once"
    assert roll_back(second, None).promoted
    assert (champion_of(second), ledger_faults(second)) == ("2", ())


def test_an_alias_on_a_version_that_is_not_driftloops(second: Path, slack: SlackPeer) -> None:
    foreign = client(second).create_model_version("payments", source=second.as_uri())
    client(second).set_registered_model_alias("payments", "champion", foreign.version)
    with pytest.raises(ChampionLostError, match="driftloop did not train that version"):
        look(second, SECOND)
    assert roll_back(second, "2").promoted
    assert (champion_of(second), ledger_faults(second)) == ("2", ())
    assert look(second, SECOND + 1).champion == "2"


def test_nothing_is_told_of_an_alias_that_nobody_touched(second: Path, slack: SlackPeer) -> None:
    assert look(second, SECOND).moved is None
    assert not [post for post in slack.posts if "by hand" in post.text]
