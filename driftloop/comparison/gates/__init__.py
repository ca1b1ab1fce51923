"""Promotion gates: conditions beside the primary metric that a challenger has to meet.

Each gate is a module of this folder with one class: its settings, and ``decide(inputs)``. A gate
that cannot run refuses. A new module is found by itself.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from driftloop.base.scores import GateResult
from driftloop.base.settings import any_of
from driftloop.comparison.gates.base import Gate
from driftloop.comparison.gates.better_than_guessing import BetterThanGuessing
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.gates.known_classes import KnownClasses, has_something_to_say
from driftloop.comparison.gates.newest_slice import NewestSlice
from driftloop.comparison.gates.valid_predictions import ValidPredictions

if TYPE_CHECKING:
    AnyGate = Gate
else:
    AnyGate = any_of(Gate, __name__)

DEFAULT_GATES: tuple[Gate, ...] = (BetterThanGuessing(), NewestSlice())


def columns_needed(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return the columns of the data that the gates read, each once."""
    return tuple(dict.fromkeys(name for gate in gates for name in gate.reads))


def run_gates(gates: tuple[Gate, ...], inputs: GateInputs) -> tuple[GateResult, ...]:
    """Return the result of every gate, the validity of the predictions first.

    Predictions that are not valid are not shown to the other gates. Unknown classes are looked at
    whatever is configured.
    """
    valid = ValidPredictions().check(inputs)
    if not valid.passed:
        return (valid,)
    others = [gate for gate in gates if not isinstance(gate, ValidPredictions)]
    warns = has_something_to_say(inputs)
    if warns and not any(isinstance(gate, KnownClasses) for gate in others):
        others.append(KnownClasses())
    return (valid, *(_run(gate, inputs, warns) for gate in others))


def _run(gate: Gate, inputs: GateInputs, warns: bool) -> GateResult:
    """Return the result of a gate; `warns` is whether classes are something to read about."""
    try:
        found = gate.check(inputs)
        return replace(found, warns=warns and found.passed and isinstance(gate, KnownClasses))
    except Exception as error:  # whatever a model or library raises, the champion stays
        first = (str(error).splitlines() or ["no further details"])[0].rstrip(".")
        sentence = f"The gate failed with {type(error).__name__}: {first}."
        return GateResult(gate.kind, "not_run", sentence)
