"""The data of a workspace whose model is there already, beside the table it was trained on."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.base.errors import DataError
from driftloop.base.workspace import Workspace
from driftloop.onboarding.infer import infer
from driftloop.onboarding.templates import config_yaml
from driftloop.snapshots.options import Adopted, Options
from driftloop.snapshots.read_table import read_table
from driftloop.training.served_columns import ServedColumns
from tasks.onboarding.adopted import with_model, with_predictions, with_training_table

OPTIONS = Options(
    "at", "came", numeric=("a",), adopted=Adopted("models:/m/1", ("a", "k"), trusted=True)
)


def rows(start: str, days: int, name: Path) -> Path:
    rng = np.random.default_rng(days)
    count = 20 * days
    at = pd.date_range(start, periods=count, freq="72min")
    table = pd.DataFrame({"at": at, "a": rng.normal(size=count), "unread": rng.normal(size=count)})
    table["k"], table["came"] = np.array(["x", "y"])[np.arange(count) % 2], np.arange(count) % 2
    if name.suffix == ".csv":
        table.to_csv(name, index=False)
    else:
        table.to_parquet(name, index=False)
    return name


def test_the_training_table_comes_before_the_rows_since(tmp_path: Path) -> None:
    training = rows("2026-01-05", 28, tmp_path / "training.parquet")
    data = rows("2026-01-26", 49, tmp_path / "data.csv")
    file, options = with_training_table(OPTIONS, data, training, tmp_path)
    whole = pd.read_parquet(tmp_path / "data.parquet")
    assert file.name == "data.parquet"
    last = pd.read_parquet(training)["at"].max()
    since = (pd.read_csv(data, parse_dates=["at"])["at"] > last).sum()
    assert len(whole) == 28 * 20 + since, "rows that both hold are taken once"
    assert whole["at"].is_monotonic_increasing
    assert options.adopted is not None
    assert options.adopted.until == datetime(2026, 2, 1, 22, 48, 0, 1, tzinfo=UTC)
    assert options.train_until == "2026-02-22", "half of the time since"

    inferred = infer(read_table(file, options), options)
    out = {column.name: column.reason for column in inferred.named("left out")}
    assert out == {"unread": "the model does not read it"}
    text = config_yaml(inferred)
    assert "allow: {code: true}" in text
    assert "compared with the rows the champion was trained on" in text
    with pytest.raises(DataError, match="holds no row that is newer"):
        with_training_table(OPTIONS, training, data, tmp_path)
    gone = replace(OPTIONS, adopted=Adopted("m", ("a", "height")))
    with pytest.raises(DataError, match="the model reads 'height', which the file does not hold"):
        read_table(data, gone)


def test_a_model_of_no_named_mlflow_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(DataError, match="set MLFLOW_TRACKING_URI"):
        with_model(OPTIONS, "models:/m/1", Workspace(tmp_path), False)


def test_predictions_in_a_file_of_their_own_are_joined_by_the_key(tmp_path: Path) -> None:
    data, log = tmp_path / "data.csv", tmp_path / "log.csv"
    table = pd.DataFrame({"at": pd.date_range("2026-01-05", periods=50, freq="h"), "a": 0.5})
    table = table.assign(id=[f"n{row:03d}" for row in range(50)])
    said = pd.DataFrame({"id": table.id, "p": np.arange(50) / 50, "v": "007", "more": 1})
    table.to_csv(data, index=False)
    other = said.head(4).assign(id=["x1", "x2", "x3", "x4"])
    pd.concat([said.iloc[3:], other]).sample(frac=1, random_state=0).to_csv(log, index=False)
    options = Options("at", "label", key="id", served=ServedColumns(score="p", version="v"))
    file, joined = with_predictions(options, data, log, tmp_path)
    whole = pd.read_parquet(file)
    assert whole.columns.tolist() == ["at", "a", "id", "p", "v"]
    assert whole.id.tolist() == table.id.tolist(), "in the order of the rows"
    assert whole.p.isna().tolist() == [True] * 3 + [False] * 47
    assert whole.p[3:].tolist() == said.p[3:].tolist()
    assert set(whole.v.dropna()) == {"007"}
    assert joined.notes == (
        "50 rows joined with log.csv by 'id': 3 were not logged; 4 predictions are of no row and "
        "left out.",
    )


def test_a_key_that_is_missing_or_repeated_is_one_clear_error(tmp_path: Path) -> None:
    data, log = tmp_path / "data.csv", tmp_path / "log.csv"
    table = pd.DataFrame({"at": pd.date_range("2026-01-05", periods=3, freq="h"), "id": [1, 2, 3]})
    said = pd.DataFrame({"id": [1, 2, 3], "p": 0.5})
    options = Options("at", "label", key="id", served=ServedColumns(score="p"))
    wrong = {
        "log.csv: has no column 'id'": (table, said.rename(columns={"id": "row"})),
        "log.csv: has no column 'p'": (table, said.rename(columns={"p": "q"})),
        "log.csv: column 'id', line 4: '2' is repeated": (table, said.assign(id=[1, 2, 2])),
        "log.csv: column 'id', line 3: the value is missing": (table, said.assign(id=[1, None, 3])),
        "data.csv: column 'id', line 3: '1' is repeated": (table.assign(id=[1, 1, 3]), said),
        "none of its 'id' is in": (table, said.assign(id=[7, 8, 9])),
        "holds string, and int64 in": (table, said.assign(id=["a", "b", "c"])),
        "holds 'p', and so does": (table.assign(p=1), said),
    }
    for expected, (rows_, predictions) in wrong.items():
        rows_.to_csv(data, index=False)
        predictions.to_csv(log, index=False)
        with pytest.raises(DataError) as error:
            with_predictions(options, data, log, tmp_path)
        assert expected in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(DataError, match="give --key"):
        with_predictions(replace(options, key=None), data, log, tmp_path)
