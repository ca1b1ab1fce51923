"""The Python API: tables in memory, judged by the rules that a monitoring run has."""

from driftloop.api.compare import compare
from driftloop.api.drift_result import DriftResult
from driftloop.api.estimate import estimate_performance
from driftloop.api.estimate_result import EstimateResult

__all__ = ["DriftResult", "EstimateResult", "compare", "estimate_performance"]
