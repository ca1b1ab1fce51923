"""What driftloop produces: small frozen records that travel between tasks and into JSON.

A snapshot travels as its coordinates, never as a table; a model as its registry version.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from driftloop.base.distribution import Shape as Shape
from driftloop.base.periods import Window
from driftloop.base.scores import Claim as Claim
from driftloop.base.scores import Comparison as Comparison
from driftloop.base.scores import CrossCheck as CrossCheck
from driftloop.base.scores import GateResult as GateResult
from driftloop.base.scores import GateStatus as GateStatus
from driftloop.base.scores import Score as Score
from driftloop.base.scores import SliceScores as SliceScores
from driftloop.base.serialize import to_json as to_json
from driftloop.base.serialize import to_plain as to_plain

Status = Literal["ok", "warning", "drift", "inconclusive"]
CheckStatus = Literal["ok", "failed", "inconclusive"]
PerformanceStatus = Literal["ok", "fell", "unclear", "inconclusive"]
Action = Literal["none", "alert", "hold", "retrain"]
Role = Literal["feature", "prediction", "joint", "label"]
TrialAction = Literal["none", "promoted", "dropped", "rolled_back", "passed", "expired"]
TriggerStatus = Literal["fired", "quiet", "inconclusive"]
Held = Literal["quality", "cooldown", "weekly_cap", "losing_streak", "waiting", "champion_changed"]
TroubleKind = Literal["data_quality", "covariate_shift", "concept_drift", "label_shift"]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """One Parquet file of a snapshot, identified by its content."""

    path: str
    md5: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A DVC-tracked folder at one Git commit."""

    repository: str
    rev: str
    path: str
    files: tuple[BatchFile, ...]

    @property
    def short_rev(self) -> str:
        """The first ten characters of the commit sha."""
        return self.rev[:10]


@dataclass(frozen=True, slots=True)
class DataSlice:
    """Rows of a snapshot: a window of its time column without the excluded windows."""

    snapshot: Snapshot
    window: Window
    excluded: tuple[Window, ...] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a statistical test gives: its statistic and p-value (NaN where undefined)."""

    __test__ = False  # keeps pytest from collecting it

    test: str
    statistic: float
    p_value: float
    relative_error: float = 0.0
    """Largest relative error of an approximate p-value; 0 where it is exact."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement of one test on one column, with the numbers it rests on.

    `role` says what the column is: a feature, the model's own prediction, all features together
    or the label. `importance` is the champion's share of importance of a feature, `learned_floor`
    marks a floor that the reference's own variation set, `unconfirmed` a drift that too few runs
    have seen to count, `p_error` bounds the relative error of an approximate p-value, and `shape`
    holds both distributions for a picture.
    """

    name: str
    test: str
    statistic: float | None
    p_value: float | None
    p_adjusted: float | None
    effect: str
    effect_size: float | None
    effect_floor: float | None
    status: Status
    sentence: str
    rows_reference: int
    rows_current: int
    new_categories: tuple[str, ...] = ()
    role: Role = "feature"
    importance: float | None = None
    learned_floor: bool = False
    unconfirmed: bool = False
    p_error: float = 0.0
    shape: Shape | None = None

    @property
    def weight(self) -> float:
        """How much the change matters: the effect in floors, times the champion's importance."""
        ratio = (self.effect_size or 0.0) / (self.effect_floor or 1.0)
        return ratio * (1.0 if self.importance is None else self.importance)


@dataclass(frozen=True, slots=True)
class QualityFinding:
    """The judgement of one data-quality check, on one column or on the whole window."""

    check: str
    column: str | None
    status: CheckStatus
    sentence: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """The champion's realised performance on the newest rows whose labels have arrived."""

    metric: str
    window: Window
    rows: int
    score: float | None
    low: float | None
    high: float | None
    baseline: float | None
    status: PerformanceStatus
    sentence: str
    estimated: float | None = None
    """What the champion's own probabilities promise on these rows, were they right."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble, and the evidence that led to it."""

    kind: TroubleKind
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of the data set in one status and one sentence."""

    status: Status
    sentence: str


@dataclass(frozen=True, slots=True)
class TriggerResult:
    """What one trigger says: whether it asks for a retraining, and why.

    ``inconclusive`` where it could not tell; that asks for nothing, and does not pass for quiet.
    """

    trigger: str
    status: TriggerStatus
    sentence: str

    @property
    def fired(self) -> bool:
        """Whether it asks for a retraining."""
        return self.status == "fired"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a verdict.

    ``none``: nothing is wrong. ``alert``: tell people. ``hold``: a retraining was asked for or the
    data are broken, and a rule forbids to retrain now (`held` names it). ``retrain``: start the
    retraining subflow.
    """

    action: Action
    reasons: tuple[str, ...]
    triggers: tuple[TriggerResult, ...] = ()
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered model version, with the coordinates of the data it was trained on."""

    model: str
    version: str
    run_id: str
    training: DataSlice | None
    holdout: Window | None
    baseline: Score | None
    promoted_at: datetime | None


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The validation score of one candidate training window."""

    candidate: str
    window: Window
    rows: int
    score: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Which rows a challenger is trained on and which frozen rows it is compared on."""

    training: DataSlice
    holdout: DataSlice
    candidates: tuple[WindowScore, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a challenger could not be trained or compared; the champion stays."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether the champion alias moved, from which version to which, and why or why not."""

    promoted: bool
    version: str
    previous: str | None
    sentence: str
    waits_for: Literal["approval", "shadow"] | None = None


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What became of a version under observation in this run.

    A ``shadow`` trial is of a challenger that is not champion yet, a ``probation`` of a champion
    that is new; both are scored on the labelled windows since. An ``approval`` is waited for.
    `action` says what came of it; ``none`` where it goes on or could not be judged.
    """

    kind: Literal["shadow", "probation", "approval"]
    version: str
    against: str
    status: Literal["going_on", "better", "worse", "undecided", "inconclusive"]
    action: TrialAction
    looks: int
    planned: int
    difference: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class RetrainRecord:
    """The outcome of one retraining; `challenger` is None where none could be trained."""

    model: str
    as_of: datetime
    rev: str
    reason: str
    challenger: str | None
    run_id: str | None
    parameters: dict[str, Any]
    plan: TrainingPlan | None
    comparison: Comparison | None
    promotion: Promotion | None
    sentence: str

    @property
    def won(self) -> bool:
        """Whether the challenger proved better and passed every gate."""
        return self.comparison is not None and self.comparison.won


@dataclass(frozen=True, slots=True)
class MonitorRecord:
    """Everything one monitoring run found, decided and did."""

    model: str
    as_of: datetime
    rev: str
    dry_run: bool
    champion: str
    window: Window
    rows_reference: int
    rows_current: int
    verdict: Verdict
    quality: tuple[QualityFinding, ...]
    findings: tuple[Finding, ...]
    performance: Performance
    decision: Decision
    retrain: RetrainRecord | None = None
    label: Finding | None = None
    troubles: tuple[Trouble, ...] = ()
    trials: tuple[TrialOutcome, ...] = ()
    aftermath: str | None = None
    """Whether the last promotion cleared the drift, said by the first run after it."""

    @property
    def broken(self) -> tuple[QualityFinding, ...]:
        """The quality checks that failed."""
        return tuple(check for check in self.quality if check.status == "failed")

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """The findings that drifted, what matters most first.

        Broken columns are left out, and so is what the predictions make of them.
        """
        broken = {check.column for check in self.broken}
        hits = [
            finding
            for finding in self.findings
            if finding.status == "drift"
            and (finding.name not in broken if finding.role == "feature" else not broken)
        ]
        return tuple(sorted(hits, key=lambda hit: -hit.weight))
