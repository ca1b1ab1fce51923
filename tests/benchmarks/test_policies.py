"""The benchmark of policies: its streams, and its page, table and picture."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import histories, policies, streams
from benchmarks.adwin import errors_of
from benchmarks.errors import BenchmarkError
from benchmarks.streams import FAMILIES, generated_stream, real_stream
from tests.driftloop.backtest.test_matrix import ROWS, turning


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
    parts = ("policies", "prices", "promised")
    page.write_text("".join(f"<!-- {part}: begin -->\n<!-- {part}: end -->\n" for part in parts))
    monkeypatch.setattr(policies, "DOCS", page)
    monkeypatch.setattr(policies, "PICTURE", tmp_path / "policies.svg")
    monkeypatch.setattr(policies, "KEPT", tmp_path)
    monkeypatch.setattr(policies, "adwin", lambda _: nullcontext(lambda *_: False))
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
    assert "| stream | holdout of 1: by its rows | next windows | wider | holdout of 4:" in text
    assert "| policy | kept | 95 % kept on | retrained | rollbacks | calls | alarms |" in text
    results = json.loads((tmp_path / "policies.json").read_text())
    by_name = {(row["stream"], row["policy"]): row for row in results}
    default = by_name["sudden", "default"]
    kept = f"{default['kept']:.0%} ({default['low']:.0%} to {default['high']:.0%})"
    assert default["low"] < default["kept"] < default["high"]
    assert f"| {kept} · {default['retrains']} |" in text
    left = by_name["sudden", "left out"]
    assert f" · {left['retrains']} | {kept}" in text
    assert "\n| left out | " in text
    assert by_name["sudden", "ADWIN only"]["retrains"] == 0, "its detector was silent"
    assert by_name["sudden", "CUSUM only"]["alarms"] >= 1
    assert by_name["sudden", "always"]["seconds"] > by_name["sudden", "default"]["seconds"] > 0
    assert (tmp_path / "policies.svg").read_text().startswith("<?xml")


def test_what_is_left_out_is_what_the_other_streams_chose() -> None:
    shares = {"a": (0.9, 0.5), "b": (0.2, 0.8), "c": (0.7, 0.4)}
    rows = {
        stream: {
            name: policies.Row(stream, "", 20, kept, kept - 0.1, kept + 0.1, retrains, 0)
            for name, kept, retrains in zip(("one", "two"), both, (3, 7), strict=True)
        }
        for stream, both in shares.items()
    }
    found = [policies._left_out(stream, rows) for stream in shares]
    assert [row.variant for row in found] == ["two", "one", "two"]
    assert [(row.kept, row.retrains, row.policy) for row in found] == [
        (0.5, 7, "left out"),
        (0.2, 3, "left out"),
        (0.4, 7, "left out"),
    ]


def test_the_time_of_a_matrix_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "backtests.md"
    page.write_text("<!-- time: begin -->\n<!-- time: end -->\n")
    monkeypatch.setattr(policies, "DOCS", page)
    policies.measure(weeks=15, rows=150)
    assert "A matrix of 12 periods of 150 rows, one setting, took " in page.read_text()
    assert capsys.readouterr().out.strip() in page.read_text()


def test_adwin_is_shown_each_rows_error() -> None:
    matrix = turning(6)
    rows = slice(7 * ROWS, 8 * ROWS)
    old, new = (errors_of(matrix, ("all", at), rows).mean() for at in (0, 7))
    assert (old > 0.7, new < 0.3) == (True, True)
    assert errors_of(matrix, ("all", 9), rows).tolist() == []
    numbers = replace(matrix, classes=1, y=matrix.y.astype(float))
    assert 0 < errors_of(numbers, ("all", 7), rows).max() <= 1


def test_histories_are_counted_that_ended_below_never_retraining(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "backtests.md"
    page.write_text("<!-- histories: begin -->\n<!-- histories: end -->\n")
    for name, value in {"DOCS": page, "CACHE": tmp_path, "RESULTS": tmp_path, "WEEKS": 12}.items():
        monkeypatch.setattr(histories, name, value)
    histories.run(2)
    stored = json.loads((tmp_path / "histories.json").read_text())
    assert [one["family"] for one in stored] == list(FAMILIES)[:2]
    found = [histories.History(**one) for one in stored]
    assert not any(one.worse for one in found)
    worse = replace(found[0], default=found[0].never * 0.98)
    assert worse.worse
    assert "| all | 2 | 1 (50.0%) | -2.0% |" in histories.summary([worse, found[1]])
    assert "| all | 2 | 0 (0.0%) |" in page.read_text()
