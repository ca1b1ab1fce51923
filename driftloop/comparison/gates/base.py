"""The base of promotion gates."""

from abc import abstractmethod
from typing import ClassVar

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.inputs import GateInputs

NO_CHAMPION = "Nothing to hold it against: it would be the first champion."


class CannotRun(Exception):  # noqa: N818 - not an error of the program: what a gate lacks
    """A gate lacks what it needs; the text says what, as a sentence."""


class NotJudged(Exception):  # noqa: N818 - as above
    """A gate has no say on this model; the text says why, as a sentence, and nothing is refused."""


class Gate(Settings):
    """A condition that a challenger has to meet beside the primary metric."""

    needs_size: ClassVar[bool] = False
    """Whether `Scorer.size` has to be known."""

    needs_importances: ClassVar[bool] = False
    """Whether `Scorer.importances` have to be known."""

    kind: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the data, beside the features, that the gate needs in `GateInputs.groups`."""
        return ()

    @abstractmethod
    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the challenger passes, and a sentence on it.

        Raises `CannotRun` where that cannot be decided; the gate then refuses. Raises `NotJudged`
        where it does not apply; the gate then neither passes nor refuses.
        """

    def check(self, inputs: GateInputs) -> GateResult:
        """Return the result of the gate; one that cannot run refuses."""
        try:
            passed, sentence = self.decide(inputs)
        except CannotRun as error:
            return GateResult(self.kind, "not_run", str(error))
        except NotJudged as error:
            return GateResult(self.kind, "not_judged", str(error))
        return GateResult(self.kind, "passed" if passed else "refused", sentence)
