"""Writing: batches by period, and a configuration that reads back as what was inferred."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from driftloop.base.periods import Every, Span
from driftloop.config.loading import load_config
from driftloop.config.model_config import ModelConfig
from driftloop.drift.power import rows_for_chi_square
from driftloop.onboarding.infer import infer
from driftloop.onboarding.templates import config_yaml, readme, scalar
from driftloop.onboarding.write import batches, write_batches
from driftloop.snapshots.options import Options
from driftloop.snapshots.table_source import Source

ROWS = 2000


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "at": pd.date_range("2026-01-01", periods=ROWS, freq="1h").astype("datetime64[us]"),
            "emp.var.rate": np.random.default_rng(1).normal(size=ROWS),
            "yes": np.random.default_rng(2).choice(["no", "1", "null"], ROWS),
            "y": np.where(np.arange(ROWS) % 5 == 0, "yes", "no"),
            **columns,
        }
    )


def written(tmp_path: Path, frame: pd.DataFrame, options: Options) -> tuple[str, ModelConfig]:
    text = config_yaml(infer(Source(Path("calls.csv"), frame, True, {}), options))
    path = tmp_path / "calls.yaml"
    path.write_text(text, encoding="utf-8")
    return text, load_config(path)


@pytest.mark.parametrize(
    ("every", "first", "second", "rows"),
    [
        ("day", date(2026, 1, 1), date(2026, 1, 2), 24),
        ("week", date(2025, 12, 29), date(2026, 1, 5), 96),
        ("month", date(2026, 1, 1), date(2026, 2, 1), 744),
    ],
)
def test_batches_begin_with_days_mondays_and_months(
    every: Every, first: date, second: date, rows: int
) -> None:
    found = list(batches(table(), "at", every))
    assert [day for day, _ in found[:2]] == [first, second]
    assert len(found[0][1]) == rows
    assert pd.concat([frame for _, frame in found]).equals(table())


def test_times_before_1970_fall_into_their_week() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["1969-12-28", "1969-12-29"])})
    assert [day for day, _ in batches(frame, "at", "week")] == [
        date(1969, 12, 22),
        date(1969, 12, 29),
    ]


def test_batches_share_one_schema_and_the_same_bytes(tmp_path: Path) -> None:
    late = pd.Series(["x"] * ROWS).where(np.arange(ROWS) > 1000)
    paths = [
        write_batches(table(late=late), "at", "month", tmp_path / name) for name in ("one", "two")
    ]
    assert [path.name for path in paths[0]] == [
        "2026-01-01.parquet",
        "2026-02-01.parquet",
        "2026-03-01.parquet",
    ]
    assert [path.read_bytes() for path in paths[0]] == [two.read_bytes() for two in paths[1]]
    schemas = [pq.read_schema(path) for path in paths[0]]
    assert schemas[0] == schemas[1] == schemas[2]
    assert schemas[0].field("at").type == pa.timestamp("us")
    assert schemas[0].metadata is None


@pytest.mark.parametrize(
    "value",
    [
        *("yes", "no", "on", "1", "1.0", "null", "~", "", "2026-01-01", "a: b", "# x", "- y", "="),
        *("a'b", 'say "x"', "emp.var.rate", "café", "{x}", "line\nbreak", "x" * 300, "1_000"),
        *(1, 0.5),
    ],
)
def test_scalars_read_back_as_themselves(value: str | float) -> None:
    text = scalar(value)
    assert yaml.safe_load(f"- {text}  # comment") == [value]
    assert "\n" not in text


def test_the_configuration_loads_and_holds_what_was_inferred(tmp_path: Path) -> None:
    text, config = written(tmp_path, table(), Options("at", "y", label_delay="7 days"))
    assert config.model == "calls"
    assert config.data.path == "data/calls"
    assert (config.data.positive, config.data.label_delay) == ("yes", Span(7, "day"))
    assert config.features.numeric == ("emp.var.rate",)
    assert config.features.categorical == ("yes",)
    assert config.windows.current == Span(1, "week")
    assert config.comparison.metric == "roc_auc"
    shares = table()["yes"].value_counts(normalize=True).tolist()
    needed = rows_for_chi_square(0.5 / (365.25 / 7) / 2, ROWS // 2, shares)
    assert config.drift.minimum_rows == needed, "two features, tested every week"
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 160


def test_many_classes_a_key_and_a_calendar_column_are_written(tmp_path: Path) -> None:
    months = table()["at"].dt.month_name().str.lower()
    frame = table(month=months, y=np.arange(ROWS) % 3, ref=[f"r{n}" for n in range(ROWS)])
    text, config = written(tmp_path, frame, Options("at", "y", key="ref", every="month"))
    assert config.task == "multiclass"
    assert config.data.positive is None
    assert config.data.key == "ref"
    assert config.comparison.metric == "balanced_accuracy"
    assert config.drift.ignore == ("month",)
    assert "calendar" in text
    assert config.windows.current == Span(1, "month")


def test_odd_names_survive(tmp_path: Path) -> None:
    odd = {"a: b # c": np.arange(ROWS) * 0.5, "two\nlines": ["v", "w"] * (ROWS // 2)}
    options = Options("at", "y", name="1", drop=("gone\n- x",))
    _, config = written(tmp_path, table(**odd), options)
    assert config.model == "1"
    assert set(odd) <= {*config.features.numeric, *config.features.categorical}


def test_the_readme_names_the_commands_to_run_next() -> None:
    options = Options("at", "y", label_delay="7 days", train_until="2026-03-02")
    inferred = infer(Source(Path("calls.csv"), table(), True, {}), options)
    text = readme(replace(inferred, file="calls`.csv"))
    assert "driftloop bootstrap calls --as-of 2026-03-09" in text
    assert "driftloop monitor calls --as-of 2026-03-09" in text
