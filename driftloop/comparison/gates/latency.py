"""The gate on prediction latency."""

import statistics
import time
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.base.scores import format_number
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs


class Latency(Gate):
    """The challenger scores a batch of rows within a time limit, on the machine that compares."""

    kind: Literal["latency"] = "latency"
    maximum: float = Field(gt=0, description="Milliseconds that a batch may take.")
    rows: int = Field(default=1000, ge=1, le=1_000_000, description="Rows of the batch.")
    repeats: int = Field(
        default=7, ge=3, le=100, description="Number of measurements; the median counts."
    )

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the median time of a batch stays within the maximum.

        The batch holds the newest rows, repeated where there are fewer; one batch is scored first
        as a warm-up.
        """
        model, table = inputs.challenger_model, inputs.table
        if model is None or table is None or table.empty:
            raise CannotRun("The challenger or its features are missing.")
        batch = table.iloc[-1 - np.arange(self.rows) % len(table)].reset_index(drop=True)
        model.predict(batch)
        times = []
        for _ in range(self.repeats):
            began = time.perf_counter()
            model.predict(batch)
            times.append(1000 * (time.perf_counter() - began))
        median = statistics.median(times)
        sentence = (
            f"{self.rows:,} rows take {format_number(median)} ms (median of {self.repeats}); "
            f"{self.maximum:g} ms are allowed."
        )
        return median <= self.maximum, sentence
