"""The gate on feature importances: a challenger that relies on other features is a new model."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from driftloop.comparison.gates.base import NO_CHAMPION, CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs, Scorer


class StableImportances(Gate):
    """The challenger's most important features are mostly the champion's."""

    needs_importances = True
    kind: Literal["stable_importances"] = "stable_importances"
    top: int = Field(
        default=5, ge=1, le=100, description="How many of the most important features."
    )
    overlap: float = Field(
        default=0.6, gt=0, le=1, description="Share of them that both models must have in common."
    )
    method: Literal["permutation", "shap"] = Field(
        default="permutation",
        description="Loss on shuffling, as stored with each model; or mean absolute SHAP value.",
    )

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether both models' top features overlap enough.

        Where fewer than `top` features matter at all, fewer are compared.
        """
        if inputs.champion is None:
            return True, NO_CHAMPION
        new = self._ranked(inputs, inputs.challenger_model, "challenger")
        old = self._ranked(inputs, inputs.champion_model, "champion")
        most = max(len(new), len(old))
        shared = [name for name in new if name in old]
        sentence = (
            f"Of the {most} most important features {len(shared)} are the champion's too "
            f"({', '.join(shared) or 'none'}); new: "
            f"{', '.join(name for name in new if name not in old) or 'none'}; "
            f"{self.overlap:.0%} in common are required."
        )
        return len(shared) >= self.overlap * most - 1e-9, sentence

    def _ranked(self, inputs: GateInputs, model: Scorer | None, which: str) -> list[str]:
        importances: Mapping[str, float] = model.importances if model else {}
        if self.method == "shap":
            if model is None or inputs.table is None or inputs.table.empty:
                raise CannotRun(f"The {which} or the features are missing.")
            try:
                from driftloop.comparison.shapley import shap_importances

                importances = shap_importances(model.predict, inputs.table, inputs.seed)
            except ImportError:
                raise CannotRun("shap is missing; pip install 'driftloop[explain]'.") from None
        ranked = sorted(importances, key=lambda name: (-importances[name], name))
        ranked = [name for name in ranked if importances[name] > 0][: self.top]
        if not ranked:
            raise CannotRun(f"The importances of the {which} are unknown.")
        return ranked
