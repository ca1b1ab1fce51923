"""`driftloop.compare`: tables of any kind, and errors that name the choices."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

import driftloop
from driftloop.base.errors import ConfigError, DataError

ROOT = Path(__file__).parents[3]
NATIVE = {"engine": "native"}


def table(rows: int, seed: int, shift: float = 0.0, share: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "at": pd.date_range("2026-01-01", periods=rows, freq="10min"),
            "amount": rng.exponential(3.0, rows) + shift,
            "age": rng.normal(40.0, 10.0, rows),
            "country": rng.choice(["DE", "FR", "IT"], rows, p=[0.7 - share, share, 0.3]),
            "customer_id": 2**60 + np.arange(rows),
        }
    )


REFERENCE, CURRENT = table(8000, 1), table(1000, 2, shift=1.0)


def test_three_lines_to_a_result() -> None:
    result = driftloop.compare(REFERENCE, CURRENT, time="at")
    assert result.verdict.status == "drift"
    assert {hit.name for hit in result.findings if hit.status == "drift"} == {"amount"}
    assert result.left_out["customer_id"].startswith("identifier")
    assert repr(result).startswith("drift: 1 of 3 features drifted: amount.\n  `amount` rose from")


def test_statistics_are_those_of_scipy() -> None:
    frame = driftloop.compare(REFERENCE, CURRENT, ignore=["at"], drift=NATIVE).to_frame()
    assert list(frame) == ["name", "test", "p_value", "effect_size", "status", "sentence"]
    found = frame[frame.test.isin(("ks", "chi2"))].set_index("name")
    expected = stats.ks_2samp(REFERENCE.age, CURRENT.age, method="asymp").pvalue
    assert found.p_value["age"] == pytest.approx(expected, rel=0.01)
    counts = [side.country.value_counts().sort_index() for side in (REFERENCE, CURRENT)]
    expected = stats.chi2_contingency(counts, correction=False).pvalue
    assert found.p_value["country"] == pytest.approx(expected, rel=1e-9)


def test_no_change_is_ok_and_too_few_rows_are_not() -> None:
    assert driftloop.compare(REFERENCE, table(1000, 3), time="at").verdict.status == "ok"
    assert driftloop.compare(REFERENCE, CURRENT[:30], time="at").verdict.status == "inconclusive"


@pytest.mark.parametrize("convert", [pa.Table.from_pandas, lambda frame: _Capsule(frame)])
def test_arrow_tables_give_the_same(convert: Any) -> None:
    plain = driftloop.compare(REFERENCE, CURRENT, time="at").to_frame()
    arrow = driftloop.compare(convert(REFERENCE), convert(CURRENT), time="at").to_frame()
    pd.testing.assert_frame_equal(plain, arrow)


class _Capsule:
    """A table that offers nothing but an Arrow stream, as polars and DuckDB do."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._table = pa.Table.from_pandas(frame)

    def __arrow_c_stream__(self, requested: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested)


def test_broken_data_are_the_headline() -> None:
    broken = CURRENT.assign(age=CURRENT.age.mask(np.arange(1000) % 2 == 0))
    result = driftloop.compare(REFERENCE, broken, time="at")
    assert [check.column for check in result.broken] == ["age"]
    assert repr(result).startswith("data broken: ")
    assert result.to_frame().status[0] == "failed"
    assert "✖ data broken" in result._repr_html_()


def test_windows_of_the_reference_raise_floors() -> None:
    """Weeks that differ by themselves are known as such only with times."""
    weeks = (REFERENCE["at"].dt.isocalendar().week % 2).to_numpy(dtype=float)
    restless = REFERENCE.assign(age=REFERENCE.age + 8 * weeks)
    floors = []
    for options in ({"ignore": ["at"]}, {"time": "at"}):
        found = driftloop.compare(restless, CURRENT, **options).findings
        (age,) = (hit for hit in found if hit.name == "age")
        floors.append((age.effect_floor or 0.0, age.floor_windows > 0))
    assert floors[0] < floors[1]
    assert [learned for _, learned in floors] == [False, True]


def test_names_are_no_markup() -> None:
    odd = {"age": "<script>alert(1)</script>"}
    result = driftloop.compare(REFERENCE.rename(columns=odd), CURRENT.rename(columns=odd))
    assert "<script>" not in result._repr_html_()
    result.plot("<script>alert(1)</script>")


def test_a_plot_of_the_named_features_or_those_that_matter_most() -> None:
    result = driftloop.compare(REFERENCE, CURRENT, time="at")
    shown = [axes.get_title() for axes in result.plot().axes]
    assert shown[0] == "amount"
    assert set(shown) == {"amount", "country", "age"}
    assert [axes.get_title() for axes in result.plot("age").axes] == ["age"]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"numeric": ["agee"]}, DataError, "numeric: no such column .*did you mean age"),
        ({"numeric": ["age"], "ignore": ["age"]}, DataError, "'age' is named under numeric and"),
        ({"time": "when"}, DataError, "no such column in the reference; received 'when'"),
        ({"time": "country"}, DataError, "'country' does not hold times"),
        ({"ignore": list(REFERENCE)}, DataError, "no feature is left"),
        (
            {"drift": {"engin": "native"}},
            ConfigError,
            "unknown key.*did you mean engine",
        ),
        ({"window": "3 fortnights"}, ConfigError, "'3 fortnights' is not a duration"),
        ({"config": "a.yaml", "time": "at"}, ConfigError, "remove the other options"),
    ],
)
def test_errors_name_the_choices(options: dict[str, Any], error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        driftloop.compare(REFERENCE, CURRENT, **options)


def test_what_is_no_table_or_has_a_name_twice() -> None:
    with pytest.raises(DataError, match="current is a list; pass a pandas data frame"):
        driftloop.compare(REFERENCE, [1, 2])
    twice = pd.concat([CURRENT, CURRENT[["age"]]], axis="columns")
    with pytest.raises(DataError, match="current has several columns named 'age'"):
        driftloop.compare(REFERENCE, twice)


def test_the_notebook_runs_and_says_what_its_text_says() -> None:
    book = json.loads((ROOT / "docs" / "notebooks" / "compare.ipynb").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert repr(names["result"]).startswith("data broken")
    assert names["repaired"].verdict.status in ("ok", "warning")


def test_nothing_is_printed_and_nothing_of_the_flows_imported() -> None:
    program = (
        "import sys, pandas as pd, numpy as np, driftloop\n"
        "t = pd.DataFrame({'x': np.random.default_rng(0).normal(size=500)})\n"
        "driftloop.compare(t, t + 1).plot()\n"
        "assert not {'prefect', 'mlflow', 'dvc'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
