"""The gate on the newest part of the holdout."""

import math
from typing import Literal

from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import Evidence, not_run, told
from driftloop.performance.metrics import score


class NewestSlice(Settings):
    """The challenger is not worse than the champion on the newest part of the holdout.

    A model that wins on older rows and loses on today's would be promoted to lose.
    """

    kind: Literal["newest_slice"] = "newest_slice"
    share: float = Field(default=0.33, gt=0, lt=1, description="The newest share looked at.")
    tolerance: float = Field(default=0.01, ge=0, description="Loss that is still fine.")

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether the challenger holds its own on the newest rows."""
        if evidence.champion is None:
            return told(self.kind, True, "There is no champion to compare with.")
        newest = slice(len(evidence.y) - max(1, int(len(evidence.y) * self.share)), None)
        y, metric = evidence.y[newest], evidence.metric
        new = score(metric, y, evidence.challenger[newest], evidence.cuts[0])
        old = score(metric, y, evidence.champion[newest], evidence.cuts[1])
        if math.isnan(new) or math.isnan(old):
            return not_run(self.kind, f"{metric} is undefined on the newest {len(y):,} rows.")
        sentence = f"On the newest {len(y):,} rows {metric} is {new:.3f} against {old:.3f}."
        return told(self.kind, new >= old - self.tolerance, sentence)
