"""A Pandera schema as a check: what breaks it is counted, and what cannot be read never passes."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from pydantic import ValidationError

from driftloop.base.errors import ConfigError
from driftloop.base.findings import QualityFinding
from driftloop.config.model_config import ModelConfig
from driftloop.profiling.column_source import FrameColumns
from driftloop.quality.base import QualityInputs
from driftloop.quality.contract import Contract

SCHEMA = pa.DataFrameSchema(
    {
        "amount": pa.Column(float, pa.Check.ge(0)),
        "country": pa.Column(None, pa.Check.isin(["AT", "DE"]), nullable=True),
        "id": pa.Column(int, unique=True),
        "gone": pa.Column(float, required=False),
    },
    checks=pa.Check(lambda table: table["id"] > table["amount"], name="id above amount"),
)
WHOLE = pa.DataFrameSchema({"amount": pa.Column(int)})
EMPTY = pa.DataFrameSchema({})
PATTERN = pa.DataFrameSchema({"a.*": pa.Column(float, regex=True)})
NUMBER = 3


class Model(pa.DataFrameModel):
    """A schema as a class."""

    amount: float = pa.Field(ge=0)


GOOD = pd.DataFrame({"amount": [0.5, 1.0, 2.0], "country": ["AT", None, "DE"], "id": [1, 2, 3]})
HERE = __name__


def found(source: str, table: pd.DataFrame = GOOD, root: Path = Path()) -> list[QualityFinding]:
    inputs = QualityInputs(FrameColumns(table), {}, None, root)
    return list(Contract(source=source).check(inputs))


def test_a_window_that_keeps_the_contract() -> None:
    (finding,) = found(f"{HERE}.SCHEMA", GOOD.assign(other=1))
    assert (finding.status, finding.check, finding.column) == ("ok", "contract", None)
    assert found(f"{HERE}.Model")[0].status == "ok"


def test_what_breaks_it_is_counted_with_examples() -> None:
    table = pd.DataFrame({"amount": [-1.0, -7.5, 9.0], "country": ["AT", "FR", "DE"]})
    by_rule = {one.sentence: one for one in found(f"{HERE}.SCHEMA", table.assign(id=[4, 4, 6]))}
    assert all(one.status == "failed" for one in by_rule.values())
    negative = next(one for one in by_rule.values() if one.column == "amount")
    assert negative.value == pytest.approx(2 / 3)
    assert negative.sentence == (
        "`amount` breaks `greater_than_or_equal_to(0)` of the contract in 2 of 3 rows, such as "
        "-1.0, -7.5."
    )
    text = "\n".join(by_rule)
    assert (
        "`country` breaks `isin(['AT', 'DE'])` of the contract in 1 of 3 rows, such as FR" in text
    )
    assert "`id` breaks `field_uniqueness` of the contract in 2 of 3 rows, such as 4." in text
    assert "The table breaks `id above amount` of the contract in 1 of 3 rows." in text
    assert len(by_rule) == 4


def test_a_missing_column_and_another_type() -> None:
    (missing,) = found(f"{HERE}.Model", GOOD.drop(columns="amount"))
    assert missing.sentence == "`amount` is missing, which the contract requires."
    assert (missing.column, missing.status) == ("amount", "failed")
    (other,) = found(f"{HERE}.WHOLE")
    assert other.sentence == "`amount` breaks `dtype('int64')` of the contract: float64."


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_schema_in_a_file(suffix: str, tmp_path: Path) -> None:
    write: Any = Model.to_schema().to_yaml if suffix == "yaml" else Model.to_schema().to_json
    (tmp_path / f"payments.{suffix}").write_text(write())
    assert found(f"payments.{suffix}", GOOD, tmp_path)[0].status == "ok"
    worse = GOOD.assign(amount=[-1.0, 1.0, 1.0])
    assert found(f"payments.{suffix}", worse, tmp_path)[0].status == "failed"


def test_a_schema_that_cannot_be_loaded_never_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("columns: [")
    (tmp_path / "wrong.yaml").write_text("columns: {amount: {dtype: nonsense}}")
    (tmp_path / "empty.yaml").write_text("")
    for source, said in {
        "nowhere.yaml": "cannot be read: No such file",
        "broken.yaml": "is not a schema that Pandera can read",
        "wrong.yaml": "is not a schema that Pandera can read",
        "empty.yaml": "names no columns",
        f"{HERE}.EMPTY": "names no columns",
        f"{HERE}.PATTERN": "by a pattern",
        f"{HERE}.NUMBER": "is a int; write a DataFrameSchema",
        f"{HERE}.NOTHING": "has no such name",
        "no_such_package.SCHEMA": "cannot be imported",
    }.items():
        with pytest.raises(ConfigError) as raised:
            found(source, GOOD, tmp_path)
        assert said in str(raised.value), source
        assert "\n" not in str(raised.value)
    monkeypatch.setitem(sys.modules, "pandera.pandas", None)
    with pytest.raises(ConfigError, match=r"pip install 'driftloop\[contracts\]'"):
        found(f"{HERE}.SCHEMA")


def test_an_import_path_has_to_be_listed() -> None:
    raw: dict[str, Any] = {
        "model": "payments",
        "data": {"path": "data", "time": "at", "label": "bad"},
        "features": {"numeric": ["amount"]},
        "quality": [{"kind": "contract", "source": "os.system"}],
    }
    with pytest.raises(ValidationError, match=r"training\.allow\.contracts lists none"):
        ModelConfig.model_validate(raw)
    trusted = {"training": {"allow": {"contracts": ["os.system"]}}}
    assert ModelConfig.model_validate(raw | trusted).quality[0].kind == "contract"
    raw["quality"] = [{"kind": "contract", "source": "contracts/payments.yaml"}]
    assert ModelConfig.model_validate(raw).quality[0].kind == "contract"
