"""Data contracts: a Pandera schema as a quality check."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from driftloop.base.errors import ConfigError, DataError, reason
from driftloop.base.findings import QualityFinding
from driftloop.base.import_path import check_listed, import_object
from driftloop.quality.base import QualityCheck, QualityInputs

if TYPE_CHECKING:
    import pandas as pd

_FILES = (".yaml", ".yml", ".json")
_EXAMPLES = 3


class Contract(QualityCheck):
    """The window keeps a data contract: a schema of Pandera, on the columns that it names."""

    kind: Literal["contract"] = "contract"
    source: str = Field(
        description="The schema: a YAML or JSON file of Pandera's, from the workspace folder, or "
        "an import path that training.allow.contracts lists."
    )

    def wrong_for(self, numeric: tuple[str, ...], allowed: tuple[str, ...]) -> str | None:
        """Return why the check could never run."""
        if self.source.endswith(_FILES):
            return None
        return check_listed(self.source, allowed, "training.allow.contracts")

    def check(self, inputs: QualityInputs) -> tuple[QualityFinding, ...]:
        """Return one finding per broken rule, or one that says that the contract is kept.

        Raises:
            ConfigError: if the schema cannot be loaded, or says nothing.
        """
        import pandas as pd

        schema, columns = _schema(self.source, inputs.root), {}
        for name in schema.columns:
            try:
                columns[name] = inputs.current.series(name)
            except DataError:
                continue  # which breaks the contract, unless it allows that
        table = pd.DataFrame(columns, index=pd.RangeIndex(inputs.current.rows))
        broken = _failures(schema, table)
        if broken is not None:
            groups = broken.groupby(["schema_context", "column", "check"], sort=False, dropna=False)
            return tuple(self._finding(cases, inputs.current.rows) for _, cases in groups)
        sentence = f"The window keeps the contract {self.source} on {len(schema.columns)} columns."
        return (QualityFinding(self.kind, None, "ok", sentence),)

    def _finding(self, cases: "pd.DataFrame", rows: int) -> QualityFinding:
        """Return the finding on one rule, by Pandera's failure cases."""
        first = cases.iloc[0]
        rule, case = first["check"], first["failure_case"]
        of_table = first["schema_context"] == "DataFrameSchema"
        column = None if of_table else str(first["column"])
        subject = f"`{column}`" if column else "The table"
        if rule == "column_in_dataframe":
            sentence = f"`{case}` is missing, which the contract requires."
            return QualityFinding(self.kind, str(case), "failed", sentence)
        if cases["index"].isna().all():
            sentence = f"{subject} breaks `{rule}` of the contract: {str(case)[:80]}."
            return QualityFinding(self.kind, column, "failed", sentence)
        count = cases["index"].nunique()
        shown = [str(value)[:40] for value in cases["failure_case"].dropna().unique()[:_EXAMPLES]]
        such = f", such as {', '.join(shown)}" if shown and not of_table else ""
        sentence = f"{subject} breaks `{rule}` of the contract in {count:,} of {rows:,} rows{such}."
        return QualityFinding(self.kind, column, "failed", sentence, count / rows)


def _failures(schema: Any, table: "pd.DataFrame") -> "pd.DataFrame | None":
    """Return Pandera's failure cases, or None where the table keeps the schema."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as error:
        cases: pd.DataFrame = error.failure_cases
        return cases
    return None


def _schema(source: str, root: Path) -> Any:
    try:
        from pandera.pandas import DataFrameModel, DataFrameSchema
    except ImportError as error:
        raise ConfigError(
            f"quality: the contract {source} needs the package {error.name}; "
            "pip install 'driftloop[contracts]'"
        ) from error
    try:
        contract = _read(root / source) if source.endswith(_FILES) else import_object(source)
        if isinstance(contract, type) and issubclass(contract, DataFrameModel):
            contract = contract.to_schema()
    except OSError as error:
        raise ConfigError(
            f"quality: the contract {root / source} cannot be read: {error.strerror or error}"
        ) from error
    except Exception as error:  # Pandera raises whatever a wrong schema leads to
        raise ConfigError(
            f"quality: the contract {source} is not a schema that Pandera can read "
            f"({reason(error)}); correct it"
        ) from error
    if not isinstance(contract, DataFrameSchema):
        raise ConfigError(
            f"quality: the contract {source} is a {type(contract).__name__}; write a "
            "DataFrameSchema or a DataFrameModel of pandera.pandas"
        )
    if not contract.columns or any(column.regex for column in contract.columns.values()):
        raise ConfigError(
            f"quality: the contract {source} names no columns, or names them by a pattern, which "
            "is not supported; name each column"
        )
    return contract


def _read(path: Path) -> Any:
    from pandera.io import pandas_io

    read: Any = pandas_io.from_json if path.suffix == ".json" else pandas_io.from_yaml
    return read(path.read_text(encoding="utf-8"))
