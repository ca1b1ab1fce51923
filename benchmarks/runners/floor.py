"""The floor: read the current file column by column and sort its numbers with numpy 2.

Not a drift tool. It shows how long a test must take that sorts the window it is given.
"""

from benchmarks.runners.meter import Job, Verdict, run


def load(job: Job) -> Verdict:
    """Import numpy and pyarrow and return a function that calls no column drifted."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    import pyarrow.parquet as pq

    local = threading.local()
    numeric = set(job["numeric"])

    def read_and_sort(name: str) -> None:
        # A ParquetFile may not be read by two threads at once: each thread opens its own.
        if not hasattr(local, "file"):
            local.file = pq.ParquetFile(job["current"])
        column = local.file.read([name], use_threads=False).column(0)
        if name in numeric:
            np.sort(column.to_numpy())

    def verdict() -> list[str]:
        with ThreadPoolExecutor(job["options"]["threads"]) as pool:
            list(pool.map(read_and_sort, job["numeric"] + job["categorical"]))
        return []

    return verdict


if __name__ == "__main__":
    run(load, ("numpy", "pyarrow"))
