"""Plain scipy: ks_2samp and chi2_contingency column by column, with pandas reading both files."""

from benchmarks.runners.meter import Job, Verdict, run

LEVEL = 0.05


def load(job: Job) -> Verdict:
    """Import scipy and pandas and return the verdict of two loops over the columns."""
    import pandas as pd
    from scipy.stats import chi2_contingency, ks_2samp

    def verdict() -> list[str]:
        reference = pd.read_parquet(job["reference"])
        current = pd.read_parquet(job["current"])
        drifted = [
            name
            for name in job["numeric"]
            if ks_2samp(reference[name], current[name]).pvalue < LEVEL
        ]
        for name in job["categorical"]:
            counts = [frame[name].value_counts() for frame in (reference, current)]
            table = pd.concat(counts, axis=1).fillna(0).to_numpy()
            if chi2_contingency(table).pvalue < LEVEL:
                drifted.append(name)
        return drifted

    return verdict


if __name__ == "__main__":
    run(load, ("scipy", "numpy", "pandas", "pyarrow"))
