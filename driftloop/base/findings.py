"""Findings of a monitoring run: what tests, checks and scores say of one window."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

from pydantic import Field, computed_field

from driftloop.base.distribution import Shape
from driftloop.base.periods import Window
from driftloop.base.scores import CONSTANTS_ALIKE, Level, PooledScore, Score
from driftloop.base.serialize import UNPRINTED

Status = Literal["ok", "warning", "drift", "inconclusive"]
FindingStatus = Literal["ok", "small", "warning", "drift", "inconclusive"]
"""A ``small`` change is certain, and below half of what counts."""

CheckStatus = Literal["ok", "failed", "inconclusive"]
PerformanceStatus = Literal["ok", "falling", "fell", "unclear", "inconclusive"]
PromiseStatus = Literal["kept", "broken"]
EstimateStatus = Literal["ok", "falling", "lost", "unclear", "inconclusive"]
LOST: frozenset[str] = frozenset({"falling", "fell"})
"""Performance that is lost: a warning, and beyond what is allowed."""

_RARE = 0.05
"""Chance of a score where nothing was lost, up to which the headline says that it is low."""

SegmentStatus = Literal["ok", "falling", "fell"]
Role = Literal["feature", "prediction", "joint", "label", "segment"]
TroubleKind = Literal["data_quality", "covariate_shift", "concept_drift", "label_shift"]
SEVERITY_ORDER: dict[FindingStatus, int] = {
    "drift": 0,
    "warning": 1,
    "inconclusive": 2,
    "small": 3,
    "ok": 4,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one test on one column, with the numbers it rests on.

    A feature whose missing rate was tested has a second one. `p_error` bounds the relative error
    of an approximate p-value, and `shape` holds both distributions for a picture.
    """

    name: str
    test: Annotated[
        str, Field(description="ks, chi2, missing_rate …, or none where nothing was tested.")
    ]
    statistic: float | None
    p_value: Annotated[float | None, Field(description="Before control over all tests of the run.")]
    p_adjusted: Annotated[
        float | None, Field(description="After it; drift needs p_adjusted <= level.")
    ]
    effect: Annotated[str, UNPRINTED]
    effect_size: float | None
    effect_floor: Annotated[float | None, Field(description="Drift needs a size above it.")]
    status: FindingStatus
    sentence: str
    rows_reference: Annotated[int, UNPRINTED]
    rows_current: Annotated[int, UNPRINTED]
    new_categories: Annotated[
        tuple[str, ...], Field(description="Categories that the reference never held.")
    ] = ()
    role: Annotated[
        Role,
        Field(
            description="A feature, the prediction, all features (joint), the label, or a feature "
            "within a segment."
        ),
    ] = "feature"
    importance: Annotated[
        float | None, Field(description="The champion's share of importance, if known.")
    ] = None
    floor_windows: Annotated[
        int,
        Field(description="Windows of the reference that the limit was learned from; 0 if set."),
    ] = 0
    reference_course: Annotated[
        str,
        Field(description="What the reference's own windows do: trend, warm up, break; or empty."),
    ] = ""
    unconfirmed: Annotated[
        bool, Field(description="Drift that too few runs have found to count.")
    ] = False
    engine: Annotated[
        str | None, Field(description="Package and version that computed statistic and p-value.")
    ] = None
    segment: Annotated[
        str | None, Field(description="The rows it is about, such as region=north; all if null.")
    ] = None
    p_error: Annotated[float, UNPRINTED] = 0.0
    shape: Annotated[Shape | None, UNPRINTED] = None

    @computed_field
    @property
    def learned_floor(self) -> bool:
        """The reference's own variation set the floor."""
        return self.floor_windows > 0

    @property
    def weight(self) -> float:
        """How much the change matters: the effect in floors, times the champion's importance."""
        ratio = (self.effect_size or 0.0) / (self.effect_floor or 1.0)
        return ratio * (1.0 if self.importance is None else self.importance)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings as people want to read them: drifted first, what matters most first."""
    return sorted(findings, key=lambda finding: (SEVERITY_ORDER[finding.status], -finding.weight))


@dataclass(frozen=True, slots=True)
class QualityFinding:
    """The result of one data-quality check, on one column or on the whole window."""

    check: str
    column: str | None
    status: CheckStatus
    sentence: str
    value: Annotated[float | None, UNPRINTED] = None
    limit: Annotated[float | None, UNPRINTED] = None

    @property
    def trouble(self) -> str:
        """What is wrong where it failed, in a few words."""
        return SKEWED if self.check == SKEW else "data broken"


SKEW: Final = "serving_skew"
"""The check of served predictions, which fails on sound data."""
SKEWED: Final = "served predictions differ from the model's"


@dataclass(frozen=True, slots=True)
class Promise:
    """What the champion promised of labelled rows, against what it scored."""

    status: PromiseStatus
    gap: Annotated[Score, UNPRINTED]
    promised: float
    scored: float
    windows: Annotated[int, Field(description="Windows that tell most of a broken promise.")]
    p_value: Annotated[float, Field(description="Chance of that, in a look, where it was kept.")]
    sentence: str
    relation: Annotated[
        float | None,
        Field(description="Chance of such errors in the window, where the relation is as before."),
    ] = None
    proven: Annotated[
        bool,
        Field(description="Whether this run proves what a broken one is until it proves kept."),
    ] = True
    broken: Annotated[tuple[str, ...], UNPRINTED] = ()
    """By what it counts as broken: its `score`, the `relation`."""
    change: Annotated[Score | None, UNPRINTED] = None
    """How much the relation changed, as a score that is lost, with the interval of its error."""

    @computed_field
    @property
    def metric(self) -> str:
        """The score that was promised; of classes the log loss after calibration."""
        return self.gap.metric


@dataclass(frozen=True, slots=True)
class SegmentPerformance:
    """The champion's realised performance on the rows that hold one value of a column."""

    segment: Annotated[str, Field(description="Column and value, such as region=north.")]
    rows: int
    score: float
    elsewhere: Annotated[float | None, Field(description="The score of all other rows.")]
    baseline: Annotated[
        float | None, Field(description="The champion's score there on its holdout.")
    ]
    p_value: Annotated[
        float, Field(description="Chance of such a loss where no more than the margin was lost.")
    ]
    status: SegmentStatus
    sentence: str
    windows: Annotated[
        int, Field(description="The newest windows that tell most of a loss beyond the margin.")
    ] = 1
    realised: Annotated[Score | None, UNPRINTED] = None
    """The score with the interval of its error."""


@dataclass(frozen=True, slots=True)
class Performance:
    """The champion's realised performance on the newest rows whose labels have arrived."""

    metric: str
    window: Window
    rows: int
    score: float | None
    low: float | None
    high: float | None
    baseline: Annotated[float | None, Field(description="Its score on its own holdout.")]
    status: PerformanceStatus
    sentence: str
    estimated: Annotated[
        float | None, Field(description="The score that was promised of these rows.")
    ] = None
    level: Annotated[
        Level | None,
        Field(description="The best score that the model held, whichever version served."),
    ] = None
    guessing: Annotated[
        float | None,
        Field(description="What guessing scores on these rows: the best constant prediction."),
    ] = None
    limit: Annotated[
        float | None, Field(description="The score below which performance counts as fallen.")
    ] = None
    margin: Annotated[float | None, Field(description="The loss that is allowed.")] = None
    pooled: Annotated[
        PooledScore | None,
        Field(description="The newest windows since promotion that tell most of a loss."),
    ] = None
    value: Annotated[
        float | None, Field(description="What a row was worth, in the currency of `value`.")
    ] = None
    promise: Annotated[
        Promise | None,
        Field(description="Whether the champion kept what it promised of its rows."),
    ] = None
    segments: Annotated[
        tuple[SegmentPerformance, ...],
        Field(description="By the columns that the configuration names under segments."),
    ] = ()
    versions: Annotated[
        tuple[SegmentPerformance, ...],
        Field(description="By served version, each against the others of the window."),
    ] = ()
    gap: Annotated[Score | None, UNPRINTED] = None
    """What was scored beyond the estimate, with the interval of its error."""

    skill: Annotated[Score | None, UNPRINTED] = None
    """How far the score lies above that of guessing, with the interval of the difference."""

    @property
    def worse_segments(self) -> tuple[SegmentPerformance, ...]:
        """The segments that provably lost, the lowest score first, where the whole does not.

        Served versions are among them.
        """
        parts = () if self.status in LOST else (*self.segments, *self.versions)
        worse = [hit for hit in parts if hit.status != "ok"]
        return tuple(sorted(worse, key=lambda hit: (hit.status != "fell", hit.score)))

    @property
    def scores_of_segments(self) -> dict[str, Score]:
        """The score of each segment, by its name."""
        return {loss.segment: loss.realised for loss in self.segments if loss.realised is not None}

    @property
    def lost_segments(self) -> tuple[str, ...]:
        """The names of the segments that lost, or whose recovery is not proven yet."""
        return tuple(one.segment for one in self.segments if one.status != "ok")

    @property
    def worst(self) -> PerformanceStatus:
        """Its status, or that of its worst segment where the whole lost nothing."""
        return self.worse_segments[0].status if self.worse_segments else self.status

    @property
    def expected(self) -> float | None:
        """The higher one of the champion's holdout score and the level; None without either."""
        known = [self.baseline, self.level.value if self.level else None]
        return max((value for value in known if value is not None), default=None)

    @property
    def broke_promise(self) -> bool:
        """Whether the champion proved to score less than it promised, and not yet to keep that."""
        return self.promise is not None and self.promise.status == "broken"

    @property
    def below(self) -> bool:
        """Whether the score lies below the limit, proven or not."""
        return None not in (self.score, self.limit) and self.score < self.limit  # type: ignore[operator]

    @property
    def doubtful(self) -> bool:
        """Whether it looks lost without proof.

        It is below its limit, and as good as guessing for all that is known, or this low by chance
        in one of 20 looks where nothing was lost.
        """
        rare = self.pooled is not None and self.pooled.p_value <= _RARE
        return self.status == "unclear" and self.below and (rare or not self.skilled)

    @property
    def skilled(self) -> bool:
        """Whether the score is not in doubt of being as good as that of guessing.

        Where a useful model may be close to guessing there is none without proof.
        """
        known = self.metric in CONSTANTS_ALIKE and None not in (self.guessing, self.low)
        return not known or self.low > self.guessing  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class EstimatedPerformance:
    """The champion's score on the current window, estimated without its labels."""

    metric: str
    method: str
    window: Window
    rows: int
    score: float | None
    low: float | None
    high: float | None
    outside: Annotated[
        float, Field(description="Share of rows outside what the champion's holdout holds.")
    ]
    status: EstimateStatus = "inconclusive"
    sentence: str = ""
    limit: Annotated[
        float | None, Field(description="The score below which performance counts as lost.")
    ] = None

    def inconclusive(self, why: str) -> "EstimatedPerformance":
        """Return that nothing can be estimated, with the reason."""
        return replace(self, sentence=f"Performance cannot be estimated: {why}.")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble and its evidence."""

    kind: TroubleKind
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of the data set in one status and one sentence."""

    status: Status
    sentence: str
