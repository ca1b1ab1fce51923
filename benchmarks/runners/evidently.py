"""Evidently's DataDriftPreset with its defaults, with pandas reading both files."""

from typing import Any

from benchmarks.runners.meter import Job, Verdict, run


def drifted_columns(metrics: list[dict[str, Any]]) -> list[str]:
    """Return the columns whose value is beyond the threshold that Evidently chose for them.

    The preset's result names the method and the threshold but not the column's verdict, which
    depends on the direction: p-values drift below their threshold, distances above.
    """
    drifted = []
    count = None
    for metric in metrics:
        config = metric["config"]
        if config["type"].endswith("DriftedColumnsCount"):
            count = int(metric["value"]["count"])
        if not config["type"].endswith("ValueDrift"):
            continue
        value, threshold = float(metric["value"]), config["threshold"]
        by_p_value = "p_value" in config["method"]
        if (value < threshold) if by_p_value else (value >= threshold):
            drifted.append(config["column"])
    if len(drifted) != count:
        raise RuntimeError(f"Evidently counts {count} drifted columns, this runner {len(drifted)}.")
    return drifted


def load(job: Job) -> Verdict:
    """Import Evidently and return the verdict of its default preset."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=job["numeric"], categorical_columns=job["categorical"]
    )

    def verdict() -> list[str]:
        reference, current = (
            Dataset.from_pandas(pd.read_parquet(job[side]), data_definition=definition)
            for side in ("reference", "current")
        )
        snapshot = Report([DataDriftPreset()]).run(current, reference)
        return drifted_columns(snapshot.dict()["metrics"])

    return verdict


if __name__ == "__main__":
    run(load, ("evidently", "numpy", "pandas", "scipy", "pyarrow"))
