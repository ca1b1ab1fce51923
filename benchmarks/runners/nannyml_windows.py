"""NannyML's UnivariateDriftCalculator at its defaults on many windows, one chunk each."""

from typing import Any

from benchmarks.runners.windows import Judge, run


def load(job: dict[str, Any]) -> Judge:
    """Import NannyML and return a judge with its default method and thresholds."""
    import warnings

    import nannyml
    import pandas as pd

    # It warns at every column that a chunk is small or that chunks are few.
    warnings.filterwarnings("ignore", category=UserWarning)
    columns = job["numeric"] + job["categorical"]

    def judge(reference: pd.DataFrame, windows: pd.DataFrame) -> list[list[str]]:
        calculator = nannyml.UnivariateDriftCalculator(
            column_names=columns,
            treat_as_categorical=job["categorical"],
            chunk_size=job["rows"],
        ).fit(reference)
        result = calculator.calculate(windows).filter(period="analysis").to_df()
        alerts = {name: result[name, "jensen_shannon", "alert"].tolist() for name in columns}
        return [[name for name in columns if alerts[name][chunk]] for chunk in range(len(result))]

    return judge


if __name__ == "__main__":
    run(load, "nannyml")
