"""The gate on classes of the holdout that the challenger cannot predict."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.base.errors import join_names
from driftloop.comparison.gates.base import Gate
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.target import predicted_classes


class KnownClasses(Gate):
    """The challenger can predict every class that the holdout holds in enough rows. Always on.

    A class that began after the training rows ended is not scored, so no score shows its lack. Of
    several classes, one that the challenger knows and gives to no row is named: rare ones often
    are not, and a score of ranks does not show it, so that alone refuses nothing.
    """

    kind: Literal["known_classes"] = "known_classes"
    rows: int = Field(default=10, ge=1, description="Rows of a class that are enough to refuse.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether no class with enough rows is unknown to the challenger."""
        many = {name: n for name, n in inputs.unknown.items() if n >= self.rows}
        if not many:
            known = f"No class of {self.rows} rows or more is unknown to the challenger"
            rare = f"; rarer ones are: {_named(inputs.unknown)}" if inputs.unknown else ""
            return True, f"{known}{rare}{_never_given(inputs, self.rows)}."
        return False, f"The challenger cannot predict classes of the holdout: {_named(many)}."


def _named(rows: Mapping[str, int]) -> str:
    return join_names((f"{name} ({n:,} rows)" for name, n in rows.items()), 3)


def has_something_to_say(inputs: GateInputs) -> bool:
    """Return whether there is a class that the challenger does not know, or never gives."""
    return bool(inputs.unknown or _never_given(inputs, KnownClasses().rows))


def _never_given(inputs: GateInputs, least: int) -> str:
    """Return which of several classes with at least so many rows the challenger gives to none."""
    if len(inputs.classes) <= 2:
        return ""
    rows = np.bincount(inputs.y, minlength=len(inputs.classes))
    given, *before = (set(predicted_classes(*model).tolist()) for model in inputs.models)
    never = [code for code, n in enumerate(rows) if n >= least and code not in given]
    if not never:
        return ""
    named = _named({inputs.classes[code]: int(rows[code]) for code in never})
    lost = before and any(code in before[0] for code in never)
    return f", but it predicts none of {named}{', which the champion does' if lost else ''}"
