"""NannyML's UnivariateDriftCalculator with KS and chi-square, each file as one chunk."""

from benchmarks.runners.meter import Job, Verdict, run


def load(job: Job) -> Verdict:
    """Import NannyML and return the verdict of its alerts."""
    import warnings

    import nannyml
    import pandas as pd

    # It warns at every column that one chunk is few, which is what is measured here.
    warnings.filterwarnings("ignore", category=UserWarning)
    numeric, categorical = job["numeric"], job["categorical"]

    def verdict() -> list[str]:
        reference = pd.read_parquet(job["reference"])
        current = pd.read_parquet(job["current"])
        calculator = nannyml.UnivariateDriftCalculator(
            column_names=numeric + categorical,
            treat_as_categorical=categorical,
            continuous_methods=["kolmogorov_smirnov"],
            categorical_methods=["chi2"],
            chunk_number=1,
        ).fit(reference)
        result = calculator.calculate(current).filter(period="analysis").to_df()
        methods = dict.fromkeys(numeric, "kolmogorov_smirnov") | dict.fromkeys(categorical, "chi2")
        return [name for name, method in methods.items() if result[name, method, "alert"].any()]

    return verdict


if __name__ == "__main__":
    run(load, ("nannyml", "numpy", "pandas", "scipy", "pyarrow"))
