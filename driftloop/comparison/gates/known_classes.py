"""The gate on classes of the holdout that the challenger cannot predict."""

from typing import Literal

from pydantic import Field

from driftloop.base.errors import join_names
from driftloop.comparison.gates.base import Gate
from driftloop.comparison.gates.inputs import GateInputs


class KnownClasses(Gate):
    """The challenger can predict every class that the holdout holds in enough rows. Always on.

    A class that began after the training rows ended is not scored, so no score shows its lack.
    """

    kind: Literal["known_classes"] = "known_classes"
    rows: int = Field(default=10, ge=1, description="Rows of a class that are enough to refuse.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether no class with enough rows is unknown to the challenger."""
        many = {name: n for name, n in inputs.unknown.items() if n >= self.rows}
        if not many:
            return True, f"No class of {self.rows} rows or more is unknown to the challenger."
        named = join_names((f"{name} ({n:,} rows)" for name, n in many.items()), 3)
        return False, f"The challenger cannot predict classes of the holdout: {named}."
