"""Publishing to a real HTTP peer and a real folder: whole, replaced, and loud where it fails."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from peers.http_peer import Fault
from peers.pushgateway import PushgatewayPeer
from prometheus_client.parser import text_string_to_metric_families

import tasks.reporting.publish_metrics
from driftloop.base.errors import DriftloopError, MetricsError, UnavailableError
from driftloop.reporting.prometheus.metrics import Sample
from driftloop.reporting.prometheus.samples import samples_of
from tasks.reporting.metric_inputs import most_features
from tasks.reporting.prometheus_format import text_format
from tasks.reporting.publish_metrics import push, write_textfile
from tasks.runtime.credentials import GATEWAY_PASSWORD
from tests.driftloop.alerts.messages.message_records import drifted, finding
from tests.driftloop.reporting.prometheus.test_samples import facts, last

HOSTILE = 'a"b\\c\nd}{,=é\t', "# HELP x", "\u202eabc", " " * 3, "z" * 999


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushgatewayPeer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", GATEWAY_PASSWORD):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tasks.reporting.publish_metrics, "TIMEOUT", 0.5)
    with PushgatewayPeer() as running:
        yield running


def samples(*names: str) -> tuple[Sample, ...]:
    """The samples of a run in which these columns drifted."""
    findings = tuple(finding(name, "moved") for name in names)
    return samples_of(facts(last=last(drifted(findings=findings))))


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a Prometheus reads."""
    families = text_string_to_metric_families(text)
    found = [sample for family in families for sample in family.samples]
    return {(one.name, frozenset(one.labels.items())): one.value for one in found}


def test_what_is_written_is_what_is_read_whatever_columns_are_called() -> None:
    given = samples(*HOSTILE)
    assert read(text_format(given)) == {
        (one.metric.name, frozenset(one.named.items())): one.value for one in given
    }


def test_families_are_whole_also_with_several_models() -> None:
    other = samples_of(replace(facts(last=last(drifted())), model="churn"))
    text = text_format((*samples("x"), *other))
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) > 20
    assert 'driftloop_verdict{model="churn",status="drift"} 1.0' in text
    assert 'driftloop_verdict{model="payments",status="drift"} 1.0' in text


def test_nothing_is_a_valid_exposition() -> None:
    assert text_format(()) == ""


def test_a_push_replaces_the_group_of_the_model(peer: PushgatewayPeer) -> None:
    push(peer.root, "payments", samples("old"))
    push(f"{peer.root}/", "payments", samples("new"))
    assert peer.requests == ["/metrics/job/driftloop/model/payments"] * 2
    assert 'feature="new"' in peer.payments
    assert 'feature="old"' not in peer.payments


def test_a_gateway_below_a_path(peer: PushgatewayPeer) -> None:
    push(f"{peer.root}/push/", "payments", samples("x"))
    assert peer.requests == ["/push/metrics/job/driftloop/model/payments"]


FAULTS: list[Fault] = ["error", "reset", "reset_after_accepting", "slow"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_gateway_that_does_not_take_it_is_tried_again_later(
    peer: PushgatewayPeer, fault: Fault
) -> None:
    peer.misbehave(fault, seconds=5)
    with pytest.raises(UnavailableError, match=r"Pushgateway at http.*DRIFTLOOP_PUSHGATEWAY_URL"):
        push(peer.root, "payments", samples("x"))


def test_a_gateway_that_is_not_there(peer: PushgatewayPeer) -> None:
    with peer.refusing(), pytest.raises(UnavailableError, match="refused"):
        push(peer.root, "payments", samples("x"))


def test_a_refusal_is_told_with_what_the_gateway_said(peer: PushgatewayPeer) -> None:
    peer.refusal = "pushed metrics are invalid\nor inconsistent"
    with pytest.raises(MetricsError, match="HTTP 400: pushed metrics are invalid or inconsistent"):
        push(peer.root, "payments", samples("x"))


def test_a_user_and_the_password_of_a_secret(
    peer: PushgatewayPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.user, peer.password = "loop@host", "pass:word"
    url = peer.root.replace("http://", "http://loop%40host@")
    monkeypatch.setenv(GATEWAY_PASSWORD, "pass:word")
    push(url, "payments", samples("x"))
    assert 'feature="x"' in peer.payments
    monkeypatch.setenv(GATEWAY_PASSWORD, "wrong-one")
    with pytest.raises(MetricsError, match="HTTP 401") as error:
        push(url, "payments", samples("x"))
    assert "loop" not in str(error.value).partition("Pushgateway at")[2].partition(" refused")[0]
    assert "wrong-one" not in str(error.value)


def test_a_user_without_a_password(peer: PushgatewayPeer, no_server: None) -> None:
    url = peer.root.replace("http://", "http://loop@")
    with pytest.raises(MetricsError, match=f"put it in {GATEWAY_PASSWORD} or the Secret block"):
        push(url, "payments", samples("x"))
    assert peer.requests == []


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("pushgateway:9091", "is not the address of a Pushgateway"),
        ("ftp://host", "is not the address of a Pushgateway"),
        ("http://", "is not the address of a Pushgateway"),
        ("http://host:port", "is not a valid address"),
        ("http://user:hunter22@host", "contains a password"),
    ],
)
def test_an_address_that_is_none(url: str, part: str) -> None:
    with pytest.raises(MetricsError, match=part) as error:
        push(url, "payments", samples("x"))
    assert "hunter22" not in str(error.value)


def test_a_textfile_is_replaced_as_a_whole_and_can_be_read_by_others(tmp_path: Path) -> None:
    write_textfile(tmp_path, "payments", samples("old"))
    path = write_textfile(tmp_path, "payments", samples("new"))
    assert [one.name for one in tmp_path.iterdir()] == ["driftloop_payments.prom"]
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.read_text() == text_format(samples("new"))


def test_a_folder_that_is_missing_or_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(MetricsError, match="DRIFTLOOP_METRICS_FOLDER"):
            write_textfile(folder, "payments", samples("x"))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = write_textfile(tmp_path, "payments", samples("old")).read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(MetricsError, match="No space left"):
        write_textfile(tmp_path, "payments", samples("new"))
    assert [one.read_text() for one in tmp_path.iterdir()] == [before]


def test_how_many_features_have_an_effect_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, most in (("", 10), ("0", 0), (" 25 ", 25)):
        monkeypatch.setenv("DRIFTLOOP_METRICS_FEATURES", text)
        assert most_features() == most
    for text in ("-1", "many", "1e3", "5000", "²"):
        monkeypatch.setenv("DRIFTLOOP_METRICS_FEATURES", text)
        with pytest.raises(DriftloopError, match="valid: a number from 0 to 1000"):
            most_features()
