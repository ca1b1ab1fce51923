"""The gate on speed: the challenger answers as fast as its users need."""

import statistics
import time
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import Evidence, not_run, told


class Latency(Settings):
    """The challenger scores a batch of rows within a time, on the machine that compares."""

    kind: Literal["latency"] = "latency"
    maximum: float = Field(gt=0, description="Milliseconds that a batch may take.")
    rows: int = Field(default=1000, ge=1, le=1_000_000, description="Rows of the batch.")
    repeats: int = Field(
        default=7, ge=3, le=100, description="Times it is measured; the median counts."
    )

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether the median time of a batch stays within the maximum.

        The newest rows make the batch, over again where there are fewer; one batch is scored
        beforehand, unmeasured.
        """
        model, table = evidence.challenger_model, evidence.table
        if model is None or table is None or table.empty:
            return not_run(self.kind, "The challenger or its features are missing.")
        batch = table.iloc[-1 - np.arange(self.rows) % len(table)].reset_index(drop=True)
        model.predict(batch)
        times = []
        for _ in range(self.repeats):
            began = time.perf_counter()
            model.predict(batch)
            times.append(1000 * (time.perf_counter() - began))
        median = statistics.median(times)
        sentence = (
            f"{self.rows:,} rows take {median:.3g} ms (median of {self.repeats}); "
            f"{self.maximum:g} ms are allowed."
        )
        return told(self.kind, median <= self.maximum, sentence)
