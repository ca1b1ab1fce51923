"""The gate on segments: a gain overall must not cost any segment."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.base.scores import metric_name, number, score_text
from driftloop.comparison.gates.base import NO_CHAMPION, CannotRun, Gate
from driftloop.comparison.gates.grouping import (
    Group,
    column,
    group_names,
    pool_small_groups,
    split_by_size,
)
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.bootstrap import interval, resampled_scores
from driftloop.performance.metrics import score

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class _Segment:
    """A segment by name, the challenger's gain in it, and its rows."""

    name: str
    gain: float
    group: Group


class Segments(Gate):
    """The challenger is in no segment significantly worse than the champion minus the margin."""

    kind: Literal["segments"] = "segments"
    columns: tuple[str, ...] = Field(
        min_length=1, description="Columns whose values are segments; numbers by quartile."
    )
    margin: float = Field(default=0.02, ge=0, description="Loss in a segment that is allowed.")
    minimum_rows: int = Field(
        default=100, ge=20, description="Values with fewer rows are pooled as `all others`."
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence over all segments together."
    )

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns with the segments."""
        return self.columns

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether no segment is lost.

        A segment is lost where the score fell by more than the margin and the upper end of the
        paired bootstrap interval of the difference lies below 0. The confidence is split over
        the judged segments (Bonferroni), so that many segments do not refuse by chance.
        """
        if inputs.champion is None:
            return True, NO_CHAMPION
        judged, left = self._judged(inputs)
        if not judged:
            raise CannotRun(
                f"No segment could be judged: none has {self.minimum_rows} rows and a "
                "defined score."
            )
        beside = f"; {left:,} rows were in segments too small to judge" if left else ""
        level = 1 - (1 - self.confidence) / len(judged)
        lost = [
            segment
            for segment in judged
            if segment.gain < -self.margin and _significant(inputs, segment, level)
        ]
        worst = min(lost or judged, key=lambda segment: segment.gain)
        rows, metric = f"{len(worst.group.rows):,} rows", metric_name(inputs.metric)
        if lost:
            change = score_text(inputs.metric, worst.gain, "+")
            text = (
                f"Worse by more than {self.margin:g} in {len(lost)} of {len(judged)} segments, most"
                f" in {worst.name}: {metric} {change} on {rows}{beside}."
            )
        else:
            text = (
                f"None of {len(judged)} segments is significantly worse; the smallest gain is "
                f"{number(worst.gain, '+')} in {worst.name} ({rows}){beside}."
            )
        return not lost, text

    def _judged(self, inputs: GateInputs) -> tuple[list[_Segment], int]:
        judged, left = [], 0
        for name in self.columns:
            names = pool_small_groups(group_names(column(inputs, name)), self.minimum_rows)
            large, few = split_by_size(names, self.minimum_rows)
            left += few
            for group in large:
                gain, whole = _gain(inputs, group), len(group.rows) == len(inputs.y)
                if np.isnan(gain) or whole:  # the whole holdout is not a segment
                    left += len(group.rows)
                else:
                    judged.append(_Segment(f"{name} = {group.name}", gain, group))
        return judged, left


def _gain(inputs: GateInputs, group: Group) -> float:
    assert inputs.champion is not None
    y = inputs.y[group.rows]
    new = score(inputs.metric, y, inputs.challenger[group.rows], inputs.thresholds[0])
    return new - score(inputs.metric, y, inputs.champion[group.rows], inputs.thresholds[1])


def _significant(inputs: GateInputs, segment: _Segment, confidence: float) -> bool:
    assert inputs.champion is not None
    rows = segment.group.rows
    models = (
        (inputs.challenger[rows], inputs.thresholds[0]),
        (inputs.champion[rows], inputs.thresholds[1]),
    )
    y = inputs.y[rows]
    new, old = resampled_scores(inputs.metric, y, models, _RESAMPLES, inputs.seed)
    return interval(new - old, y, confidence)[1] < 0
