"""alibi-detect's KSDrift and ChiSquareDrift by feature, with pandas reading both files."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from benchmarks.runners.meter import Job, Verdict, run

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05


def load(job: Job) -> Verdict:
    """Import alibi-detect and return its verdict; every p-value below 5 % counts, its default."""
    import pandas as pd
    from alibi_detect.cd import ChiSquareDrift, KSDrift  # noqa: F401 - imports are not counted

    def verdict() -> list[str]:
        reference, current = pd.read_parquet(job["reference"]), pd.read_parquet(job["current"])
        p = tests(reference, job["numeric"], job["categorical"])(current)
        return [name for name, value in p.items() if value < LEVEL]

    return verdict


def tests(
    reference: "pd.DataFrame", numeric: Sequence[str], categorical: Sequence[str]
) -> "Callable[[pd.DataFrame], dict[str, float]]":
    """Return a function of a window: the p-value of each column, by KS or chi-square."""
    import numpy as np
    import pandas as pd
    from alibi_detect.cd import ChiSquareDrift, KSDrift

    levels = {name: pd.Index(reference[name].unique()) for name in categorical}

    def codes(frame: pd.DataFrame) -> np.ndarray:
        return np.column_stack([levels[name].get_indexer(frame[name]) for name in categorical])

    ks = KSDrift(reference[list(numeric)].to_numpy(), p_val=LEVEL)
    chi2 = ChiSquareDrift(codes(reference), p_val=LEVEL)

    def p_values(window: pd.DataFrame) -> dict[str, float]:
        numbers = ks.predict(window[list(numeric)].to_numpy(), drift_type="feature")
        categories = chi2.predict(codes(window), drift_type="feature")
        found = [*numbers["data"]["p_val"], *categories["data"]["p_val"]]
        return {name: float(p) for name, p in zip([*numeric, *categorical], found, strict=True)}

    return p_values


if __name__ == "__main__":
    run(load, ("alibi-detect", "numpy", "pandas", "scipy", "pyarrow"))
