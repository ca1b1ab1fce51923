"""From a file to batches and roles: whole numbers keep every digit."""

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.onboarding.roles import role_of
from driftloop.onboarding.write import write_batches
from driftloop.snapshots.options import Options
from driftloop.snapshots.read_table import read_table

OPTIONS = Options("at", "y", key="id")
ROWS = 8
SIGNED = st.one_of(
    st.sampled_from([-(2**63), 2**63 - 1, 2**53 + 1]), st.integers(-(2**63), 2**63 - 1)
)
UNSIGNED = st.one_of(st.sampled_from([0, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1))
TIMES = pd.date_range("2026-01-05", periods=400, freq="1h").to_series(index=range(400))


def stored(table: pa.Table, form: str) -> pa.Table:
    """Return the batches that become of a file."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "file"
        if form == "parquet":
            pq.write_table(table, path)
        else:
            columns = [column.cast(pa.string()).to_pylist() for column in table.columns]
            rows = [",".join(one or "" for one in row) for row in zip(*columns, strict=True)]
            path.write_text("\n".join([",".join(table.column_names), *rows]) + "\n")
        source = read_table(path, OPTIONS)
        return pa.concat_tables(
            map(pq.read_table, write_batches(source.table, "at", "day", Path(place) / "out"))
        )


def file_of(keys: Any, codes: Any) -> pa.Table:
    times = pd.date_range("2026-01-05", periods=ROWS, freq="7h")
    labels = ["no", "yes"] * (ROWS // 2)
    return pa.table({"at": pa.array(times, pa.timestamp("s")), "id": keys, "c": codes, "y": labels})


@pytest.mark.parametrize("form", ["parquet", "csv"])
@settings(max_examples=20, deadline=None)
@given(
    st.lists(UNSIGNED, min_size=ROWS, max_size=ROWS, unique=True),
    st.lists(st.one_of(st.none(), SIGNED), min_size=ROWS, max_size=ROWS),
)
def test_batches_hold_every_digit(form: str, keys: list[int], codes: list[int | None]) -> None:
    """Unsigned keys, and codes with gaps, which pandas alone would make floats of."""
    codes = [2**60 + 1, *codes[1:]]
    found = stored(file_of(pa.array(keys, pa.uint64()), pa.array(codes, pa.int64())), form)
    assert found.column("id").to_pylist() == keys
    assert found.column("c").to_pylist() == codes
    assert found.schema.field("c").type == pa.int64()


def test_decimals_without_fraction_are_whole_numbers() -> None:
    keys = pa.array([Decimal(2**64 - 1 - one) for one in range(ROWS)], pa.decimal128(20, 0))
    amounts = pa.array([Decimal("1.50")] * ROWS, pa.decimal128(10, 2))
    found = stored(file_of(keys, amounts), "parquet")
    assert found.column("id").to_pylist() == [2**64 - 1 - one for one in range(ROWS)]
    assert found.column("c").to_pylist() == [1.5] * ROWS


def test_a_key_that_lost_its_digits_is_refused() -> None:
    keys = pa.array([2.0**60 + one * 2**20 for one in range(ROWS)])
    with pytest.raises(
        DataError, match=r"'id' identifies rows and holds floating-point numbers of 2\^53 or more"
    ):
        stored(file_of(keys, pa.array(range(ROWS))), "parquet")


@pytest.mark.parametrize("size", [200_000, 3_000_000])
def test_a_field_may_be_long(tmp_path: Path, size: int) -> None:
    path = tmp_path / "long.csv"
    note = "x" * size
    path.write_text(f"at,id,note,y\n2026-01-05,1,{note},no\n2026-01-06,2,b,yes\n")
    assert read_table(path, OPTIONS).table["note"].tolist() == [note, "b"]


def role(values: Any) -> tuple[str, str]:
    found = role_of("campaign", pd.Series(values), TIMES, "week")
    return found.role, found.reason


def test_long_codes_are_categories() -> None:
    rng = np.random.default_rng(0)
    codes = 23_847_239_847_230_001 + rng.integers(0, 8, 400)
    kind, reason = role(pd.array(codes, "Int64"))
    assert kind == "categorical"
    assert reason.startswith("8 codes, whole numbers of up to 17 digits: 23847239847230001, ")
    assert role(pd.array(codes.astype("uint64") + np.uint64(2**63), "UInt64"))[0] == "categorical"


def test_long_numbers_of_many_values_are_left_out() -> None:
    """A hash, which goes up and down; unsigned differences would seem to rise always."""
    hashes = np.random.default_rng(0).integers(0, 2**64 - 1, 400, dtype=np.uint64)
    assert role(hashes) == (
        "left out",
        "whole numbers of up to 20 digits, 400 different; group them, 200 at most",
    )
    assert role(np.array([-(2**63), 2**63 - 1] * 200))[0] == "categorical"


def test_floats_that_large_are_quantities() -> None:
    assert role([1e17, 2e17] * 200)[0] == "numeric"
