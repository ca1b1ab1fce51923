"""The gate on segments: no part of the business pays for the gain of the rest."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import Evidence, not_run, or_not_run, told
from driftloop.comparison.gates.grouping import Group, column, group_names, groups, pooled
from driftloop.performance.bootstrap import interval, resampled_scores
from driftloop.performance.metrics import score

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class _Segment:
    """A segment by name, the challenger's gain in it, and its rows."""

    name: str
    gain: float
    group: Group


class Segments(Settings):
    """In no segment is the challenger surely worse than the champion by more than the margin."""

    kind: Literal["segments"] = "segments"
    columns: tuple[str, ...] = Field(
        min_length=1, description="Columns whose values are segments; numbers go by quartile."
    )
    margin: float = Field(default=0.02, ge=0, description="Loss in a segment that is still fine.")
    minimum_rows: int = Field(
        default=100, ge=20, description="Values with fewer rows are pooled as `all others`."
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence over all segments together."
    )

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the data that the gate needs."""
        return self.columns

    @or_not_run
    def check(self, evidence: Evidence) -> GateResult:
        """Return whether every segment holds.

        A segment is lost where the score fell by more than the margin and the upper end of the
        paired bootstrap interval of the difference lies below 0. The confidence is shared out over
        the segments judged (Bonferroni), so that many segments do not refuse by chance.
        """
        if evidence.champion is None:
            return told(self.kind, True, "There is no champion to compare with.")
        judged, left = self._judged(evidence)
        if not judged:
            sentence = f"No segment could be judged: none has {self.minimum_rows} rows and a score."
            return not_run(self.kind, sentence)
        beside = f"; {left:,} rows were in segments too small to judge" if left else ""
        level = 1 - (1 - self.confidence) / len(judged)
        lost = [one for one in judged if one.gain < -self.margin and _sure(evidence, one, level)]
        worst = min(lost or judged, key=lambda one: one.gain)
        rows = f"{len(worst.group.rows):,} rows"
        if lost:
            text = (
                f"Worse by more than {self.margin:g} in {len(lost)} of {len(judged)} segments, most"
                f" in {worst.name}: {evidence.metric} {worst.gain:+.3f} on {rows}{beside}."
            )
        else:
            text = (
                f"No surely lost segment among {len(judged)}; the least gain is {worst.gain:+.3f} "
                f"in {worst.name} ({rows}){beside}."
            )
        return told(self.kind, not lost, text)

    def _judged(self, evidence: Evidence) -> tuple[list[_Segment], int]:
        judged, left = [], 0
        for name in self.columns:
            names = pooled(group_names(column(evidence, name)), self.minimum_rows)
            large, few = groups(names, self.minimum_rows)
            left += few
            for group in large:
                gain = _gain(evidence, group)
                if np.isnan(gain) or len(group.rows) == len(evidence.y):  # the whole is no segment
                    left += len(group.rows)
                else:
                    judged.append(_Segment(f"{name} = {group.name}", gain, group))
        return judged, left


def _gain(evidence: Evidence, group: Group) -> float:
    assert evidence.champion is not None
    y = evidence.y[group.rows]
    new = score(evidence.metric, y, evidence.challenger[group.rows], evidence.cuts[0])
    return new - score(evidence.metric, y, evidence.champion[group.rows], evidence.cuts[1])


def _sure(evidence: Evidence, segment: _Segment, confidence: float) -> bool:
    """Say whether the whole interval of the gain lies below 0."""
    assert evidence.champion is not None
    rows = segment.group.rows
    models = (
        (evidence.challenger[rows], evidence.cuts[0]),
        (evidence.champion[rows], evidence.cuts[1]),
    )
    y = evidence.y[rows]
    new, old = resampled_scores(evidence.metric, y, models, _RESAMPLES, evidence.seed)
    return interval(new - old, y, confidence)[1] < 0
