"""Business figures of a run: from the batches and from a table by date."""

from pathlib import Path

import pandas as pd
import pytest
from workshop import monday, small_config, write_config

from driftloop.base.data_slices import DataSlice
from driftloop.base.periods import Window
from tasks.monitoring.business import business_values
from tasks.runtime.job import load_job
from tasks.snapshots.resolve import resolve_snapshot

pytestmark = pytest.mark.usefixtures("no_server")


def test_a_column_and_a_table_over_the_window(payments: Path) -> None:
    days = pd.date_range(monday(3), periods=20, freq="D", tz=None).tz_localize(None)
    table = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "revenue": range(20), "note": "x"})
    table.to_csv(payments / "figures.csv", index=False)
    figures = [
        {"name": "amount", "column": "amount", "unit": "EUR"},
        {"name": "revenue", "column": "revenue", "table": "figures.csv", "combine": "sum"},
        {"name": "gone", "column": "nothing"},
        {"name": "text", "column": "note", "table": "figures.csv"},
        {"name": "lost", "column": "x", "table": "lost.csv"},
    ]
    figures[1] |= {"date": "day"}
    figures[3] |= {"date": "day"}
    write_config(payments, {**small_config(), "business": figures})
    job = load_job("payments", monday(6), workspace=payments)
    part = DataSlice(resolve_snapshot.fn(job), Window(monday(4), monday(5)))
    amount, revenue, gone, text, lost = business_values(job, part)
    week = pd.read_parquet(payments / "data" / "payments" / f"{monday(4):%Y-%m-%d}.parquet")
    assert amount.value == pytest.approx(week["amount"].mean())
    assert revenue.value == sum(range(7, 14))
    assert gone.sentence == "gone is not known: no column 'nothing' in the batches."
    assert "column 'note' holds" in text.sentence
    assert lost.value is None
    assert "lost.csv" in lost.sentence
