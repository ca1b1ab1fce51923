"""Estimates before the labels, beside NannyML's, on sets whose labels came late.

``python -m benchmarks estimates`` estimates the score of each chunk of rows from the same
reference with both tools, each in its own environment, and compares with what the labels said.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkError
from benchmarks.estimate_sets import SETS, EstimateSet
from benchmarks.launch import Result, kept, launch
from benchmarks.machine import one_thread
from benchmarks.paths import CACHE, RESULTS
from driftloop.base.scores import Score
from driftloop.drift.domain_classifier import density_ratios
from driftloop.performance.estimated import outside_share
from driftloop.performance.estimates import default_estimate
from driftloop.performance.estimates.base import (
    MOST_HELD_OUT,
    EstimatedScore,
    EstimateInputs,
    HeldOut,
    NoEstimateError,
    Values,
)
from driftloop.performance.estimates.past_gaps import estimate_gap, with_past_gaps
from driftloop.performance.evidence import NORMAL_95
from driftloop.performance.metrics import score
from driftloop.performance.realised import PerformanceSettings

LIMIT = 1800.0
MOST_CHUNKS = 20
FIELDS = ("value", "sampling", "estimation")


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows with the model's predictions, as driftloop holds them."""

    y: Values
    p: Values
    features: pd.DataFrame

    def part(self, rows: "slice | np.ndarray[Any, Any]") -> "Rows":
        """Return some of the rows."""
        features = self.features.iloc[rows].reset_index(drop=True)
        return Rows(self.y[rows], self.p[rows], features)


def load(chosen: EstimateSet, path: Path) -> Rows:
    """Return the rows of a Parquet file that the runner wrote."""
    frame = pd.read_parquet(path)
    names = list(chosen.probabilities)
    if not names:
        y, p = frame[chosen.label].to_numpy(float), frame[[chosen.prediction]].to_numpy(float)
    elif len(names) == 1:
        positive = frame[chosen.probabilities[names[0]]].to_numpy(float)
        y, p = frame[chosen.label].to_numpy(int), np.column_stack([1 - positive, positive])
    else:
        y = pd.Categorical(frame[chosen.label], categories=names).codes.astype(int)
        p = frame[list(chosen.probabilities.values())].to_numpy(float)
    own = {chosen.label, chosen.prediction, *chosen.probabilities.values()}
    return Rows(y, p, frame.drop(columns=[name for name in own if name in frame]))


def estimated(chosen: EstimateSet, folder: Path) -> Result:
    """Return driftloop's estimates of each chunk, its errors, and the realised scores."""
    one_thread()
    reference = load(chosen, folder / "reference.parquet")
    analysis = load(chosen, folder / "analysis.parquet")
    if len(reference.y) > MOST_HELD_OUT:
        drawn = np.random.default_rng(0).choice(len(reference.y), MOST_HELD_OUT, replace=False)
        reference = reference.part(np.sort(drawn))
    holdout = HeldOut(reference.y, reference.p, reference.features)
    method = default_estimate("binary" if chosen.probabilities else "regression")
    threshold = 0.5 if len(chosen.probabilities) == 1 else None
    chunks: dict[str, dict[str, list[float]]] = {
        name: {"value": [], "sampling": [], "estimation": [], "realised": []}
        for name in chosen.metrics
    }
    started, numbers = time.process_time(), chunks_of(len(analysis.y), chosen.rows)
    for number in numbers:
        rows = analysis.part(slice(number * chosen.rows, (number + 1) * chosen.rows))
        density = cache(partial(density_ratios, holdout.features, rows.features))
        outside = outside_share(holdout.features, rows.features)
        told = outside <= PerformanceSettings().most_outside
        for name in chosen.metrics:
            inputs = EstimateInputs(
                name,  # type: ignore[arg-type]
                holdout,
                rows.p,
                rows.features,
                threshold,
                density,
            )
            _append(chunks[name], partial(method.estimate, inputs) if told else None)
            realised = score(name, rows.y, rows.p, threshold)  # type: ignore[arg-type]
            chunks[name]["realised"].append(realised)
    seconds = (time.process_time() - started) / len(numbers)
    return {"chunks": chunks, "numbers": numbers, "seconds": seconds}


def chunks_of(rows: int, size: int) -> list[int]:
    """Return the chunks that are compared: all, or `MOST_CHUNKS` evenly over the time."""
    count = -(-rows // size)
    chosen = np.linspace(0, count - 1, min(count, MOST_CHUNKS)).round().astype(int)
    return [int(index) for index in np.unique(chosen)]


def _append(lists: dict[str, list[float]], estimate: Callable[[], EstimatedScore] | None) -> None:
    """Append an estimate with its two errors; NaN where nothing is estimated."""
    values = (float("nan"),) * 3
    if estimate is not None:
        with suppress(NoEstimateError):
            found = estimate()
            values = found.value, found.sampling, found.estimation
    for name, value in zip(FIELDS, values, strict=True):
        lists[name].append(value)


def run(names: list[str], fresh: bool = False) -> None:
    """Estimate on the sets with both tools; what is there is kept unless `fresh`."""
    for name in names:
        folder = CACHE / "estimates" / name
        folder.mkdir(parents=True, exist_ok=True)
        job = {"set": name, "folder": str(folder)}
        peer = partial(launch, "nannyml", "nannyml_estimates", job, LIMIT)
        theirs, _ = kept(RESULTS / "estimates" / name / "nannyml.json", fresh, peer)
        if "error" in theirs:
            raise BenchmarkError(f"NannyML on {name}: {theirs['error']}")
        own = partial(estimated, SETS[name], folder)
        ours, _ = kept(RESULTS / "estimates" / name / "driftloop.json", fresh, own)
        for line in lines(name, ours, theirs):
            print(json.dumps(line), flush=True)


def lines(name: str, ours: Result, theirs: Result) -> list[dict[str, Any]]:
    """Return a line for each metric: mean absolute error and coverage of both tools.

    "labelled" is driftloop where the labels of a chunk are known one chunk later, as in its runs.
    """
    found = []
    for metric, own in ours["chunks"].items():
        peer = theirs["chunks"][metric]
        realised = np.array(own["realised"])
        numbers = ours["numbers"]
        found_by = {
            "driftloop": list(map(EstimatedScore, *map(own.get, FIELDS))),
            "labelled": _labelled(metric, own),
        }
        values = {
            tool: np.array([estimate.value for estimate in of]) for tool, of in found_by.items()
        }
        errors = {
            tool: np.array([estimate.error for estimate in of]) for tool, of in found_by.items()
        }
        values["nannyml"], errors["nannyml"] = (
            np.array(peer[name])[numbers] for name in ("value", "sampling")
        )
        known = np.isfinite(values["driftloop"]) & np.isfinite(values["nannyml"])
        line: dict[str, Any] = {"set": name, "metric": metric, "chunks": len(realised)}
        line["compared"] = int(known.sum())
        for tool, value in values.items():
            gap = np.abs(value - realised)[known]
            covered = gap <= NORMAL_95 * errors[tool][known]
            line[tool] = {"error": float(gap.mean()), "coverage": float(covered.mean())}
        line["ratio"] = line["driftloop"]["error"] / line["nannyml"]["error"]
        found.append(line)
    return found


def _labelled(metric: str, own: dict[str, list[float]]) -> list[EstimatedScore]:
    """Return the estimates that know the labels of the chunks before."""
    gaps: list[Score] = []
    found = []
    for estimated, realised in zip(
        map(EstimatedScore, *map(own.get, FIELDS)), own["realised"], strict=True
    ):
        found.append(with_past_gaps(estimated, gaps))
        if np.isfinite(estimated.value):
            gaps.insert(0, estimate_gap(metric, realised, estimated, 0))
    return found
