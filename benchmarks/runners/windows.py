"""Many windows judged by a peer in one process: cases come as Parquet files in a folder."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

Judge = Callable[[Any, Any], list[list[str]]]


def run(load: Callable[[dict[str, Any]], Judge], package: str) -> None:
    """Judge every case of the job's folder and print the drifted columns of every window.

    Args:
        load: Imports the tool and returns a function of a reference and of all its windows in one
            frame, each of the job's ``rows`` rows, which returns the drifted columns of each.
        package: The distribution whose version the result records.
    """
    import pandas as pd

    job = json.loads(sys.argv[1])
    judge = load(job)
    folder = Path(job["folder"])
    drifted: list[list[list[str]]] = []
    for number in range(job["cases"]):
        reference = pd.read_parquet(folder / f"{number:04d}-reference.parquet")
        windows = pd.read_parquet(folder / f"{number:04d}-windows.parquet")
        drifted.append(judge(reference, windows))
    print("\n" + json.dumps({"drifted": drifted, "versions": {package: version(package)}}))
