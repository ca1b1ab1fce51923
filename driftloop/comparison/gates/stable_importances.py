"""The gate on what a model relies on: a challenger that reads other features is another model."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import CannotRun, Evidence, Scorer, or_not_run, told


class StableImportances(Settings):
    """The challenger's most important features are mostly the champion's."""

    kind: Literal["stable_importances"] = "stable_importances"
    top: int = Field(default=5, ge=1, le=100, description="How many of the most important.")
    overlap: float = Field(
        default=0.6, gt=0, le=1, description="Share of them that both models must have in common."
    )
    method: Literal["permutation", "shap"] = Field(
        default="permutation",
        description="Loss on shuffling, as stored with each model; or mean absolute SHAP value.",
    )

    @or_not_run
    def check(self, evidence: Evidence) -> GateResult:
        """Return whether both models' top features overlap enough.

        Of fewer than `top` features that matter at all, fewer are compared.
        """
        if evidence.champion is None:
            return told(self.kind, True, "There is no champion to compare with.")
        new = self._ranked(evidence, evidence.challenger_model, "challenger")
        old = self._ranked(evidence, evidence.champion_model, "champion")
        most = max(len(new), len(old))
        shared = [name for name in new if name in old]
        sentence = (
            f"Of the {most} most important features {len(shared)} are the champion's too "
            f"({', '.join(shared) or 'none'}); new: "
            f"{', '.join(name for name in new if name not in old) or 'none'}; "
            f"{self.overlap:.0%} in common is asked."
        )
        return told(self.kind, len(shared) >= self.overlap * most - 1e-9, sentence)

    def _ranked(self, evidence: Evidence, model: Scorer | None, which: str) -> list[str]:
        importances: Mapping[str, float] = model.importances if model else {}
        if self.method == "shap":
            if model is None or evidence.table is None or evidence.table.empty:
                raise CannotRun(f"The {which} or the features are missing.")
            try:
                from driftloop.comparison.gates.shapley import shap_importances

                importances = shap_importances(model.predict, evidence.table, evidence.seed)
            except ImportError:
                raise CannotRun("shap is missing; pip install 'driftloop[explain]'.") from None
        ranked = sorted(importances, key=lambda name: (-importances[name], name))
        ranked = [name for name in ranked if importances[name] > 0][: self.top]
        if not ranked:
            raise CannotRun(f"No importances of the {which} are known.")
        return ranked
