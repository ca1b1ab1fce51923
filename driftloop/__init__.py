"""The knowledge of driftloop: statistics, verdicts, decisions, comparison and messages.

Plain functions over arrays, tables and records. Nothing here imports Prefect, MLflow, DVC, Slack
or the network, so everything is usable from a notebook: ``driftloop.compare(reference, current)``
and ``driftloop.estimate_performance(...)``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftloop.api import DriftResult, EstimateResult, compare, estimate_performance

__version__ = "0.1.0"
__all__ = ["DriftResult", "EstimateResult", "__version__", "compare", "estimate_performance"]


def __getattr__(name: str) -> Any:
    """Import the Python API when it is used: every command imports this package."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from driftloop import api

    return getattr(api, name)
