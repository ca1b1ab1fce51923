"""A table that was read from a file, and where its rows stand there."""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pandas as pd

from driftloop.base.errors import DataError


@dataclass(frozen=True, slots=True)
class Source:
    """A file as a table; `unusable` says why columns were set aside.

    `lines` says whether row i stands in line i + 2 of the file, which empty lines, line breaks
    within fields and Parquet make untrue.
    """

    path: Path
    table: pd.DataFrame
    lines: bool
    unusable: dict[str, str]

    def place(self, row: int) -> str:
        """Return where a row stands, as people count: ``line 2`` or ``row 1``."""
        return f"line {row + 2}" if self.lines else f"row {row + 1}"


def fail(path: Path, text: str) -> NoReturn:
    """Raise a `DataError` that names the file.

    Raises:
        DataError: always.
    """
    raise DataError(f"{path}: {text}")
