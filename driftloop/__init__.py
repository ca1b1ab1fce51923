"""What driftloop knows: statistics, verdicts, decisions, comparison and messages.

Plain functions over arrays, tables and records. Nothing here imports Prefect, MLflow, DVC, Slack
or the network, so everything is usable from a notebook: ``driftloop.compare(reference, current)``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftloop.api.compare import compare
    from driftloop.api.drift_result import DriftResult

__version__ = "0.1.0"
__all__ = ["DriftResult", "__version__", "compare"]


def __getattr__(name: str) -> Any:
    """Import the Python API when it is used: every command imports this package."""
    if name == "compare":
        from driftloop.api.compare import compare

        return compare
    if name == "DriftResult":
        from driftloop.api.drift_result import DriftResult

        return DriftResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
