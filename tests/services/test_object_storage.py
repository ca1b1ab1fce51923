"""Object storage as a source and as DVC's remote: a server of S3 on loopback."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from deltalake import write_deltalake
from moto.server import ThreadedMotoServer
from snapshot_ground import CONFIG, build, clone, rows_of, take, week_rows
from workshop import dvc, git, write_config

from driftloop.base.errors import ConfigError, DataError, DriftloopError, UnavailableError
from driftloop.base.periods import Window
from driftloop.config.arrivals import DeltaArrival, ParquetArrival
from driftloop.config.loading import config_of
from tasks.snapshots.stored_tables import StoredTable, stored_arrival

WEEK = Window(datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 3, 23, tzinfo=UTC))
CONFIGURED = config_of(CONFIG, "payments")
KINDS = pytest.mark.parametrize("kind", [ParquetArrival, DeltaArrival])
Kind = type[ParquetArrival] | type[DeltaArrival]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server that holds the bucket `lake`, and is gone afterwards."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        moto.stop()


@pytest.fixture(autouse=True)
def storage(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A person's environment: the address and credentials, and nothing in the home folder."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    yield client
    for found in client.list_objects_v2(Bucket="lake").get("Contents", []):
        client.delete_object(Bucket="lake", Key=found["Key"])


def store(kind: Kind, week: int, labelled: bool = True) -> None:
    """Write a week, over what was there of it."""
    rows = week_rows(week, labelled=labelled)
    if not labelled:
        rows["bad"] = pd.array([None] * len(rows), "Int64")
    if kind is DeltaArrival:
        write_deltalake("s3://lake/payments", rows, mode="overwrite" if week == 2 else "append")
    else:
        rows.to_parquet(f"s3://lake/payments/week={week}/part.parquet", index=False)


@KINDS
def test_snapshots_of_a_table_with_its_data_on_a_remote_of_dvc(
    kind: Kind, tmp_path: Path, storage: Any
) -> None:
    """Another machine reads the rows from the remote, where nothing else has them."""
    work = build(tmp_path / "place")
    source = {"kind": kind.model_fields["kind"].default, "url": "s3://lake/payments"}
    write_config(work, {**CONFIG, "arrivals": {"source": source}})
    dvc(work, "remote", "add", "-d", "bucket", "s3://lake/dvc")
    dvc(work, "push")
    git(work, "commit", "-qam", "bucket")
    git(work, "push", "-q")
    store(kind, 2, labelled=False)
    assert take(work, day="2026-03-23T02:00:00Z").added == 40
    store(kind, 2)
    store(kind, 3)
    second = take(work, day="2026-03-30T02:00:00Z")
    assert (second.added, second.labelled) == (40, 40)
    assert not take(work, day="2026-03-30T02:00:00Z").made
    other = clone(work)
    assert rows_of(other).equals(rows_of(work))
    assert len(rows_of(other)) == 160
    objects = storage.list_objects_v2(Bucket="lake", Prefix="dvc/files/md5/")["Contents"]
    assert len([one for one in objects if not one["Key"].endswith(".dir")]) == 5


def refused(source: StoredTable) -> DriftloopError:
    with pytest.raises(DriftloopError) as raised:
        stored_arrival(source, WEEK, CONFIGURED, frozenset())
    assert "\n" not in str(raised.value)
    return raised.value


@KINDS
def test_each_thing_that_can_be_wrong_is_one_line(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("s3://pond/payments", "s3://lake/orders"):
        error = refused(kind(url=url))
        assert isinstance(error, DataError)
        assert f"{url}: no such bucket or folder" in str(error)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = refused(kind(url="s3://lake/payments"))
    assert isinstance(error, ConfigError)
    assert "no credentials were found where driftloop runs" in str(error)


@KINDS
def test_storage_that_does_not_answer_can_be_asked_again(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    error = refused(kind(url="s3://lake/payments"))
    assert isinstance(error, UnavailableError)
    assert "is the storage up" in str(error)
