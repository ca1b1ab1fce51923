"""alibi-detect's KSDrift and ChiSquareDrift by feature, with pandas reading both files."""

from benchmarks.runners.meter import Job, Verdict, run

LEVEL = 0.05


def load(job: Job) -> Verdict:
    """Import alibi-detect and return its verdict; every p-value below 5 % counts, its default."""
    import numpy as np
    import pandas as pd
    from alibi_detect.cd import ChiSquareDrift, KSDrift

    numeric, categorical = job["numeric"], job["categorical"]

    def codes(frame: pd.DataFrame, levels: dict[str, pd.Index]) -> np.ndarray:
        return np.column_stack([levels[c].get_indexer(frame[c]) for c in categorical])

    def verdict() -> list[str]:
        reference = pd.read_parquet(job["reference"])
        current = pd.read_parquet(job["current"])
        ks = KSDrift(reference[numeric].to_numpy(), p_val=LEVEL)
        p = ks.predict(current[numeric].to_numpy(), drift_type="feature")["data"]["p_val"]
        drifted = [name for name, value in zip(numeric, p, strict=True) if value < LEVEL]
        levels = {c: pd.Index(reference[c].unique()) for c in categorical}
        chi2 = ChiSquareDrift(codes(reference, levels), p_val=LEVEL)
        p = chi2.predict(codes(current, levels), drift_type="feature")["data"]["p_val"]
        return drifted + [name for name, value in zip(categorical, p, strict=True) if value < LEVEL]

    return verdict


if __name__ == "__main__":
    run(load, ("alibi-detect", "numpy", "pandas", "scipy", "pyarrow"))
