"""Evidently's default preset on many windows."""

from typing import Any

from benchmarks.runners.evidently import drifted_columns
from benchmarks.runners.windows import Judge, run


def load(job: dict[str, Any]) -> Judge:
    """Import Evidently and return a judge with its defaults."""
    import warnings

    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    # A division by nothing in one of its histograms, at every empty bin.
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    definition = DataDefinition(
        numerical_columns=job["numeric"], categorical_columns=job["categorical"]
    )

    def judge(reference: pd.DataFrame, windows: pd.DataFrame) -> list[list[str]]:
        old = Dataset.from_pandas(reference, data_definition=definition)
        drifted = []
        for start in range(0, len(windows), job["rows"]):
            window = windows.iloc[start : start + job["rows"]].reset_index(drop=True)
            new = Dataset.from_pandas(window, data_definition=definition)
            snapshot = Report([DataDriftPreset()]).run(new, old)
            drifted.append(drifted_columns(snapshot.dict()["metrics"]))
        return drifted

    return judge


if __name__ == "__main__":
    run(load, "evidently")
