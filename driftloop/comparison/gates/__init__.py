"""Promotion gates: conditions beside the primary metric that a challenger must meet.

Each gate is its settings and one method, ``check(evidence)``, in a file of its own. A gate that
cannot run refuses.
"""

from typing import Annotated

from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.comparison.gates.calibration import Calibration
from driftloop.comparison.gates.evidence import (
    CannotRun,
    Evidence,
    Scorer,
    not_run,
    or_not_run,
    told,
)
from driftloop.comparison.gates.expectations import Expectation, Expectations
from driftloop.comparison.gates.fairness import Fairness
from driftloop.comparison.gates.latency import Latency
from driftloop.comparison.gates.minimum_score import MinimumScore
from driftloop.comparison.gates.model_size import ModelSize
from driftloop.comparison.gates.newest_slice import NewestSlice
from driftloop.comparison.gates.segments import Segments
from driftloop.comparison.gates.stable_importances import StableImportances
from driftloop.comparison.gates.valid_predictions import ValidPredictions

Gate = Annotated[
    ValidPredictions
    | MinimumScore
    | NewestSlice
    | Segments
    | Calibration
    | Fairness
    | Latency
    | ModelSize
    | StableImportances
    | Expectations,
    Field(discriminator="kind"),
]
DEFAULT_GATES: tuple[Gate, ...] = (NewestSlice(),)

__all__ = [
    "DEFAULT_GATES",
    "Calibration",
    "CannotRun",
    "Evidence",
    "Expectation",
    "Expectations",
    "Fairness",
    "Gate",
    "GateResult",
    "Latency",
    "MinimumScore",
    "ModelSize",
    "NewestSlice",
    "Scorer",
    "Segments",
    "StableImportances",
    "ValidPredictions",
    "columns_needed",
    "not_run",
    "or_not_run",
    "run_gates",
    "told",
]


def columns_needed(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return the columns of the data that the gates read, each once."""
    names = [name for gate in gates for name in getattr(gate, "reads", ())]
    return tuple(dict.fromkeys(names))


def run_gates(gates: tuple[Gate, ...], evidence: Evidence) -> tuple[GateResult, ...]:
    """Return what every gate says, the validity of the predictions first; later gates are not
    asked about predictions that are no probabilities.
    """
    valid = ValidPredictions().check(evidence)
    if not valid.passed:
        return (valid,)
    others = (gate for gate in gates if not isinstance(gate, ValidPredictions))
    return (valid, *(_run(gate, evidence) for gate in others))


def _run(gate: Gate, evidence: Evidence) -> GateResult:
    try:
        return gate.check(evidence)
    except Exception as error:  # whatever a model or library raises, the champion stays
        first = (str(error).splitlines() or ["no more is known"])[0].rstrip(".")
        return not_run(gate.kind, f"The gate broke off: {type(error).__name__}: {first}.")
