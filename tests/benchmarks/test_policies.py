"""The benchmark of policies: its streams, and its page, table and picture."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import policies, streams
from benchmarks.errors import BenchmarkError
from benchmarks.streams import FAMILIES, generated_stream, real_stream


@pytest.mark.parametrize("family", FAMILIES)
def test_a_familys_inputs_never_move_and_its_relation_does_as_named(family: str) -> None:
    stream = generated_stream(family, 0, weeks=40, rows=200)
    table = stream.table
    assert len(stream.moments) == 33
    assert table["at"].is_monotonic_increasing
    early, late = table.iloc[:2000], table.iloc[-2000:]
    gaps = [abs(early[name].mean() - late[name].mean()) for name in ("x0", "x1", "x2")]
    assert max(gaps) < 0.12
    parts = [[part[name].corr(part["y"]) for name in ("x0", "x1")] for part in (early, late)]
    directions = [np.arctan2(*pair) for pair in parts]  # noise shortens both alike
    moved = abs(directions[0] - directions[1]) > 0.4
    assert moved == (family not in ("stationary", "label noise")), directions


def test_a_stream_is_read_from_its_file(tmp_path: Path) -> None:
    times = pd.date_range("2020-01-01", periods=400, freq="2h")
    rows = pd.DataFrame(
        {"at": times, "f1": range(400), "f2": 1.0, "f3": 0.0, "label": [0, 1] * 200}
    )
    rows.to_csv(tmp_path / "sea.csv", index=False)
    stream = real_stream("sea", tmp_path / "sea.csv")
    assert stream.config.features.numeric == ("f1", "f2", "f3")
    assert stream.rows().examples.y.tolist()[:4] == [0, 1, 0, 1]
    assert f"{stream.moments[0]:%Y-%m-%d}" == "2020-01-10"
    with pytest.raises(BenchmarkError, match="no such file"):
        policies.run({"sea": tmp_path / "none.csv"})


def test_the_page_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "backtests.md"
    page.write_text("# Page\n\n<!-- policies: begin -->\n<!-- policies: end -->\n")
    monkeypatch.setattr(policies, "DOCS", page)
    monkeypatch.setattr(policies, "PICTURE", tmp_path / "policies.svg")
    monkeypatch.setattr(policies, "RESULTS", tmp_path)
    monkeypatch.setattr(policies, "CACHE", tmp_path)
    small = {name: FAMILIES[name] for name in ("sudden", "stationary")}
    monkeypatch.setattr(policies, "FAMILIES", small)
    made = streams.generated_stream
    monkeypatch.setattr(
        policies, "generated_stream", lambda name, seed, **_: made(name, seed, weeks=20, rows=150)
    )
    policies.run({})
    text = page.read_text()
    assert text.count("\n| sudden (16) | +") == 1
    assert "| stream | gain a period | left out | default | release before |" in text
    assert (tmp_path / "policies.svg").read_text().startswith("<?xml")
