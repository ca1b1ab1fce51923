"""A table that was read from a file, and where its rows stand there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from driftloop.base.errors import DataError


@dataclass(frozen=True, slots=True)
class Source:
    """A file as a table; `unusable` says why columns were set aside, `notes` what was changed.

    `lines` says whether row i stands in line i + 2 of the file, which empty lines, line breaks
    within fields and Parquet make untrue. For errors about rows alone the table may be empty.
    """

    path: Path
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    lines: bool = False
    unusable: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def place(self, row: int) -> str:
        """Return where a row stands, as people count: ``line 2`` or ``row 1``."""
        return f"line {row + 2}" if self.lines else f"row {row + 1}"

    def refuse(self, column: str, wrong: Any, fault: Callable[[int], str], fix: str) -> None:
        """Refuse a column in which rows are wrong (n,): the first of them, how many, and the fix.

        Raises:
            DataError: if any row is wrong; `fault` says what is wrong with it.
        """
        count = int(np.sum(wrong))
        if count:
            row = int(np.argmax(wrong))
            more = f" ({count:,} such rows)" if count > 1 else ""
            where = f"column {column!r}, {self.place(row)}"
            fail(self.path, f"{where}: {fault(row)}{more}; {fix}")


def fail(path: Path, text: str) -> NoReturn:
    """Raise a `DataError` that names the file."""
    raise DataError(f"{path}: {text}")
