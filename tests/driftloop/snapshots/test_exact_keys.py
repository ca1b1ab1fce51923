"""A label arrives in any form and is stored at exactly its row, or the delivery is refused."""

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.config.model_config import ModelConfig
from driftloop.snapshots.delivery import Arrival, check_arrival, text_columns
from driftloop.snapshots.merge import Roles, Staged, merge
from driftloop.snapshots.reading import file_digest, read_arrival

DAY, NOW = pd.Timestamp("2026-03-02"), datetime(2026, 4, 1, tzinfo=UTC)
ROLES = Roles("at", "y", "id", "week")
CONFIG = ModelConfig.model_validate(
    {
        "model": "calls",
        "data": {"path": "data", "time": "at", "label": "y", "key": "id", "label_delay": "7 days"},
        "features": {"numeric": ["x"], "categorical": ["code"]},
    }
)
BASES = st.sampled_from([2**53 - 2, 2**60, 2**63 - 5, 10**18])
NEAR = st.tuples(BASES, st.lists(st.integers(0, 4), min_size=2, unique=True))
FORMS = ["text", "number", "csv", "quoted", "parquet", "decimal", "query"]


def batch_of(folder: Path, keys: list[int], kind: pa.DataType) -> Path:
    path = folder / "2026-03-02.parquet"
    columns = {
        "id": pa.array(keys, kind),
        "at": pa.array([DAY] * len(keys), pa.timestamp("us")),
        "x": pa.array([0.5] * len(keys)),
        "code": pa.array(keys, kind),
        "y": pa.nulls(len(keys), pa.int64()),
    }
    pq.write_table(pa.table(columns), path)
    return path


def label_file(folder: Path, key: Any, form: str) -> Path:
    path = folder / f"label.{form}"
    if form in ("text", "number"):
        path.write_text(json.dumps({"id": str(key) if form == "text" else key, "y": 1}) + "\n")
    elif form in ("csv", "quoted"):
        path.write_text(f"id,y\n{key},1\n" if form == "csv" else f'id,y\n"{key}",1\n')
    else:
        value = Decimal(key) if form == "decimal" else key
        pq.write_table(pa.table({"id": [value], "y": [1]}), path)
    return path


def arrival_of(folder: Path, key: int, form: str, texts: set[str]) -> Arrival:
    if form in ("query", "parquet"):
        kind = pa.uint64() if key >= 2**63 else pa.int64()
        return Arrival("the query", pa.table({"id": pa.array([key], kind), "y": [1]}))
    path = label_file(folder, key, form)
    return read_arrival(path, file_digest(path), texts)


def labelled(folder: Path, batch: Path, arrival: Arrival) -> list[int]:
    """Merge a delivery, and return the keys of the rows that have a label then."""
    delivery = check_arrival(arrival, CONFIG, pq.read_schema(batch), NOW)
    staged = Staged(folder / "staging")
    merge(delivery, ROLES, {batch.name: batch}, staged)
    assert (staged.added, staged.changed, staged.labelled) == (0, 1, 1)
    found = pq.read_table(staged.files[batch.name])
    assert found.schema.equals(pq.read_schema(batch))
    assert found.column("code").to_pylist() == found.column("id").to_pylist()
    return [row["id"] for row in found.to_pylist() if row["y"] is not None]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(NEAR)
def test_a_label_is_stored_at_exactly_its_row(form: str, drawn: tuple[int, list[int]]) -> None:
    keys = [drawn[0] + step for step in drawn[1]]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        batch = batch_of(folder, keys, pa.int64())
        texts = text_columns(CONFIG, pq.read_schema(batch))
        assert labelled(folder, batch, arrival_of(folder, keys[0], form, texts)) == [keys[0]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", [2**64 - 1, 2**63, 2**63 - 1, 0])
def test_unsigned_keys_are_exact(tmp_path: Path, form: str, key: int) -> None:
    keys = sorted({0, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1})
    batch = batch_of(tmp_path, keys, pa.uint64())
    arrival = arrival_of(tmp_path, key, form, text_columns(CONFIG, pq.read_schema(batch)))
    assert labelled(tmp_path, batch, arrival) == [key]


def test_keys_of_another_width_in_an_older_batch_are_found(tmp_path: Path) -> None:
    old = Path(shutil.move(batch_of(tmp_path, [-1, 7], pa.int64()), tmp_path / "1.parquet"))
    new = batch_of(tmp_path, [2**64 - 1, 8], pa.uint64())
    arrival = Arrival("the query", pa.table({"id": [7], "y": [1]}))
    delivery = check_arrival(arrival, CONFIG, pq.read_schema(new), NOW)
    staged = Staged(tmp_path / "s")
    merge(delivery, ROLES, {"1.parquet": old, "2.parquet": new}, staged)
    assert list(staged.files) == ["1.parquet"]
    assert pq.read_table(staged.files["1.parquet"]).column("y").to_pylist() == [None, 1]


@pytest.mark.parametrize(
    ("column", "kind", "why"),
    [
        (pa.array([1.152921504606847e18]), pa.int64(), "has lost its last digits: export the"),
        (pa.array([1.152921504606847e18]), pa.string(), "has lost its last digits: export the"),
        (pa.array(["1.152921504606847e18"]), pa.int64(), "write whole numbers there"),
        (pa.array([2**60 + 1]), pa.float64(), r"from 2\^53 on apart; rewrite the batches"),
        (pa.array([str(2**60 + 1)]), pa.float64(), r"from 2\^53 on apart; rewrite the batches"),
        (pa.array([2**63], pa.uint64()), pa.int64(), "too large or too small for"),
        (pa.array(["-1"]), pa.uint64(), "too large or too small for"),
    ],
)
def test_a_cast_that_cannot_be_undone_is_refused(
    tmp_path: Path, column: pa.Array, kind: pa.DataType, why: str
) -> None:
    batch = batch_of(tmp_path, [1], pa.int64())
    table = pq.read_table(batch)
    table = table.set_column(0, "id", table.column("id").cast(kind))
    arrival = Arrival("labels.json", pa.table({"id": column, "y": [1]}))
    with pytest.raises(DataError, match=rf"labels\.json: column 'id', row 1: received .*{why}"):
        check_arrival(arrival, CONFIG, table.schema, NOW)


def test_a_first_delivery_with_a_float_as_key_is_refused() -> None:
    table = pa.table({"id": [2.0**60], "at": [DAY], "x": [1.0], "code": ["a"], "y": [1]})
    with pytest.raises(DataError, match=r"'id' identifies rows and holds floating-point numbers"):
        check_arrival(Arrival("a.parquet", table), CONFIG, pa.schema([]), NOW)


Write = Callable[[list[Any]], str]


def as_csv(values: list[Any]) -> str:
    return "".join(["x,z\n", *(f"{'' if one is None else one},1\n" for one in values)])


def as_json(values: list[Any]) -> str:
    return "".join(json.dumps({"x": one, "z": 1}) + "\n" for one in values)


@pytest.mark.parametrize("write", [as_csv, as_json], ids=["csv", "json"])
@settings(max_examples=40, deadline=None)
@given(
    st.one_of(
        st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1),
        st.lists(st.one_of(st.none(), st.integers(0, 2**64 - 1)), min_size=1),
    )
)
def test_files_are_read_to_the_last_digit(write: Write, values: list[int | None]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "file"
        path.write_text(write(values))
        assert read_arrival(path, file_digest(path), ()).table.column("x").to_pylist() == values


@pytest.mark.parametrize("write", [as_csv, as_json], ids=["csv", "json"])
def test_longer_codes_are_text_and_quantities_stay_numbers(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "file"
    for values, expected in (
        ([10**24 + 1, 7], [str(10**24 + 1), "7"]),
        ([10**24, 0.5], [1e24, 0.5]),
        ([1.5e300, 2.5], [1.5e300, 2.5]),
    ):
        path.write_text(write(values))
        found = read_arrival(path, file_digest(path), ()).table.column("x").to_pylist()
        assert found == expected


def test_an_object_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "long.ndjson"
    objects = [{"x": 2**63 + one, "t": "a" * 3_000_000} for one in (0, 1)]
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    found = read_arrival(path, file_digest(path), ()).table
    assert found.column("x").to_pylist() == [2**63, 2**63 + 1]
