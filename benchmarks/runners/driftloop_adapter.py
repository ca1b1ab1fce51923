"""How the benchmarks call driftloop: the only module here that knows its functions."""

from pathlib import Path

import numpy as np
import pandas as pd


def prepare(
    reference_path: Path, workdir: Path, numeric: list[str], categorical: list[str]
) -> Path:
    """Make the reference profile of a Parquet file in the work folder and return where it is."""
    raise NotImplementedError("The driftloop adapter is not written yet.")


def verdict(
    profile_path: Path, current_path: Path, numeric: list[str], categorical: list[str]
) -> list[str]:
    """Judge a Parquet file by a profile on disk and return the names of the drifted columns."""
    raise NotImplementedError("The driftloop adapter is not written yet.")


def judge(
    reference: pd.DataFrame,
    windows: list[pd.DataFrame],
    numeric: list[str],
    categorical: list[str],
    window_codes: "np.ndarray | None" = None,
) -> list[bool]:
    """Judge windows by one reference and return for each whether driftloop says drift.

    Args:
        reference: The reference's rows.
        windows: Consecutive windows, each judged by itself.
        numeric: Numeric columns.
        categorical: Categorical columns.
        window_codes: The window each row of the reference belongs to, 0 for the oldest; None where
            the reference is not divided.
    """
    raise NotImplementedError("The driftloop adapter is not written yet.")


def weekly(
    frame: pd.DataFrame,
    time: str,
    numeric: list[str],
    categorical: list[str],
    training_weeks: int,
) -> list[tuple[pd.Timestamp, list[str]]]:
    """Judge every week after the training weeks: its start and the drifted columns, maybe none."""
    raise NotImplementedError("The driftloop adapter is not written yet.")
