"""Performance without labels. A new subclass of `Estimate` in a module here is a new method."""

from typing import TYPE_CHECKING

from driftloop.base.scores import Task
from driftloop.base.settings import any_of
from driftloop.performance.estimates.base import Estimate
from driftloop.performance.estimates.confidence_based import ConfidenceBased
from driftloop.performance.estimates.error_model import ErrorModel

if TYPE_CHECKING:
    AnyEstimate = Estimate
else:
    AnyEstimate = any_of(Estimate, __name__)


def default_estimate(task: Task) -> Estimate:
    """Return the method for a task where none is configured."""
    return ErrorModel() if task == "regression" else ConfidenceBased()
