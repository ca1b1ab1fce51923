"""A log of predictions as a file: its scores and decisions have to be usable, labels may come."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.base.errors import DataError
from driftloop.onboarding.infer import infer
from driftloop.snapshots.options import Options
from driftloop.snapshots.read_table import read_table
from driftloop.training.served_columns import ServedColumns

ROWS = 600


def write(folder: Path, **columns: object) -> Path:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"at": pd.date_range("2026-01-05", periods=ROWS, freq="3h")})
    own = {"a": rng.normal(size=ROWS).round(3), "p": rng.random(ROWS).round(3)}
    frame = frame.assign(**{**own, **columns})
    frame.to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


def options(label: str | None = None, task: str | None = None, **served: str) -> Options:
    columns = ServedColumns(**(served or {"score": "p"}))
    return Options("at", label or "label", served=columns, labelled=label is not None, task=task)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "asked", "said"),
    [
        ({"p": ["high", "low"] * 300}, options(), "column 'p' holds text; write scores as numbers"),
        ({"p": np.arange(ROWS), "y": [0, 1] * 300}, options("y"), "from 0 to 599, and those"),
        ({"label": 1}, options(), "holds a column 'label': name it with --label"),
        (
            {"said": ["a", "b"] * 300, "y": ["a", "c"] * 300},
            options("y", decision="said"),
            "column 'said' decides for 'b', which 'y' never takes",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, columns: dict[str, object], asked: Options, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_table(write(tmp_path, **columns), asked)


def test_without_labels_scores_and_decisions_say_what_it_is_of(tmp_path: Path) -> None:
    def target(asked: Options, **columns: object) -> tuple[str, tuple[str, ...], object]:
        found = infer(read_table(write(tmp_path, **columns), asked), asked)
        return found.target.task, found.target.classes, found.target.positive

    assert target(options()) == ("binary", ("0", "1"), 1)
    assert target(options(), p=np.arange(ROWS) / 7) == ("regression", (), None)
    kinds = ["a", "b", "c"] * 200
    assert target(options(decision="said"), said=kinds) == ("multiclass", ("a", "b", "c"), None)
    assert target(options(decision="said"), said=[True, False] * 300) == ("binary", ("0", "1"), 1)


def test_the_column_of_the_label_is_added_empty(tmp_path: Path) -> None:
    table = read_table(write(tmp_path), options()).table
    assert table["label"].isna().all()
    assert table["label"].dtype == np.float64
