"""Record of a monitoring run: what was found in a window, and what was decided and done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, computed_field, field_serializer

from driftloop.base.errors import join_names
from driftloop.base.findings import (
    LOST,
    SKEWED,
    EstimatedPerformance,
    Finding,
    Performance,
    QualityFinding,
    Status,
    Trouble,
    Verdict,
    by_severity,
)
from driftloop.base.periods import Window
from driftloop.base.retrain_record import Champion, RetrainOutcome, RetrainRecord
from driftloop.base.serialize import UNPRINTED

NO_SKILL = "champion not proven better than guessing"

Action = Literal["none", "alert", "hold", "retrain"]
TrialAction = Literal["none", "promoted", "dropped", "rolled_back", "passed", "expired"]
TriggerStatus = Literal["fired", "quiet", "inconclusive"]
Held = Literal[
    "quality",
    "harder_inputs",
    "cooldown",
    "budget",
    "no_new_evidence",
    "weekly_cap",
    "losing_streak",
    "waiting",
    "champion_changed",
]


@dataclass(frozen=True, slots=True)
class BusinessValue:
    """A business figure over the labelled window; without a value `sentence` says why."""

    name: str
    value: float | None
    unit: str = ""
    sentence: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class TriggerResult:
    """Whether a trigger requests a retraining, and why; ``inconclusive`` is not ``quiet``."""

    trigger: str
    status: TriggerStatus
    sentence: str

    @property
    def fired(self) -> bool:
        """Whether it requests a retraining."""
        return self.status == "fired"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a verdict.

    ``none``: nothing is wrong. ``alert``: alert people. ``hold``: a retraining was requested or the
    data are broken, and a rule blocks retraining now (`held` is that rule). ``retrain``: start the
    retraining subflow; `routine` where only the calendar asked for it, while nothing is wrong.
    """

    action: Action
    reasons: tuple[str, ...]
    triggers: Annotated[tuple[TriggerResult, ...], UNPRINTED] = ()
    held: Annotated[Held | None, UNPRINTED] = None
    routine: Annotated[bool, UNPRINTED] = False


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """A version under observation: in shadow, on probation, or waiting for approval.

    A ``shadow`` trial is of a challenger that is not champion yet, a ``probation`` of a champion
    that is new; both are scored on the labelled windows since.
    """

    kind: Literal["shadow", "probation", "approval"]
    version: str
    against: str
    status: Literal["going_on", "better", "worse", "undecided", "inconclusive"]
    action: Annotated[
        TrialAction,
        Field(description="Its end in this run; none where it goes on or could not be judged."),
    ]
    looks: Annotated[int, Field(description="Labelled windows it has been scored on.")]
    planned: int
    difference: Annotated[
        float | None, Field(description="Pooled, in favour of the version if > 0.")
    ]
    sentence: str
    form: Annotated[str | None, UNPRINTED] = None

    @property
    def headline(self) -> str:
        """What became of the version in a few words; nothing for a probation that goes on."""
        if self.action == "none":
            waits = {"approval": "waits for approval", "shadow": "is in shadow"}
            return f"version {self.version} {waits[self.kind]}" if self.kind in waits else ""
        return {
            "promoted": f"version {self.version} is live after its shadow",
            "dropped": f"version {self.version} left its shadow unpromoted",
            "rolled_back": f"rolled back to version {self.against}",
            "passed": f"version {self.version} passed its probation",
            "expired": f"nobody approved version {self.version}",
        }[self.action]


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Numbers of rows compared."""

    reference: int
    current: int


@dataclass(frozen=True, slots=True)
class MonitorRecord:
    """Everything one monitoring run found, decided and did; ``driftloop monitor --json``."""

    model: str
    as_of: datetime
    rev: Annotated[str, Field(description="Commit of the data.")]
    dry_run: bool
    champion: Annotated[str, Field(description="The version that serves after the run.")]
    window: Window
    rows_reference: Annotated[int, UNPRINTED]
    rows_current: Annotated[int, UNPRINTED]
    verdict: Verdict
    quality: tuple[QualityFinding, ...]
    findings: Annotated[
        tuple[Finding, ...],
        Field(
            serialization_alias="features",
            description="Drifted first, what matters most first.",
        ),
    ]
    performance: Performance
    decision: Decision
    estimate: EstimatedPerformance | None = None
    retrain: RetrainRecord | None = None
    label: Annotated[
        Finding | None, Field(description="Change of the label since training, if judged.")
    ] = None
    troubles: Annotated[
        tuple[Trouble, ...], Field(description="Kinds of trouble, with evidence.")
    ] = ()
    served_estimate: Annotated[
        EstimatedPerformance | None,
        Field(description="The estimate by what was served, where a champion was asked, too."),
    ] = None
    trials: Annotated[
        tuple[TrialOutcome, ...], Field(description="Versions under observation.")
    ] = ()
    aftermath: Annotated[
        str | None,
        Field(description="Whether the last promotion cleared the drift; in the first run after."),
    ] = None
    moved: Annotated[str | None, Field(description="That the alias was moved by hand, if so.")] = (
        None
    )
    changed: Annotated[
        str | None, Field(description="What was done to versions without driftloop, if anything.")
    ] = None
    doubt: Annotated[str | None, Field(description="That it may be no better than guessing.")] = (
        None
    )
    worth: Annotated[
        str | None, Field(description="What the predictions were worth, where `value` says it.")
    ] = None
    balance: Annotated[
        str | None, Field(description="What trouble has cost so far, or the champion has brought.")
    ] = None
    business: Annotated[
        tuple[BusinessValue, ...], Field(description="Figures of `business`, over labelled rows.")
    ] = ()
    since: Annotated[
        datetime | None,
        Field(description="Start of the first window of the present, unbroken drift."),
    ] = None

    @computed_field
    @property
    def headline(self) -> str:
        """What the run comes to in a few words, the same everywhere."""
        moves = ("promoted", "rolled_back")
        # Not worse than its predecessor is not good news where both fail.
        unsaid = (*moves, "passed") if self._failing else moves
        moved = [trial.headline for trial in self.trials if trial.action in moves]
        others = [trial.headline for trial in self.trials if trial.action not in unsaid]
        parts = [*moved, *(self.trouble or [_calm(self)]), *others]
        words = ", ".join(part for part in parts if part)
        if self.retrain is None:
            return words
        return self.retrain.headline_after(words if self.trouble else "", self.performance.limit)

    @property
    def fixed(self) -> bool:
        """Whether a version is live that scores higher, and no lower than performance may fall."""
        return self.retrain is not None and self.retrain.fixes(self.performance.limit)

    @property
    def _failing(self) -> bool:
        """Whether labels show that the champion is worse than it was, or than it promised."""
        return self.performance.worst == "fell" or self.performance.broke_promise

    @property
    def may_be_worse(self) -> bool:
        """Whether the inputs drifted and a loss is estimated, which neither it nor labels prove."""
        falling = self.estimate is not None and self.estimate.status == "falling"
        return falling and self.verdict.status == "drift" and self.performance.worst not in LOST

    @property
    def trouble(self) -> list[str]:
        """What is wrong in a few words, the most severe first; empty where nothing is."""
        estimate, roles = self.estimate, {finding.role for finding in self.drifted}
        where = "".join(f" in {part.segment}" for part in self.performance.worse_segments[:1])
        parts = join_names(dict.fromkeys(hit.segment for hit in self.drifted if hit.segment), 2)
        present = {
            "champion changed by hand": self.moved is not None,
            "versions changed by hand": self.changed is not None,
            NO_SKILL: self.doubt is not None,
            **dict.fromkeys((check.trouble for check in self.broken), True),
            f"predictions got worse{where}": self.performance.worst == "fell",
            f"predictions are getting worse{where}": self.performance.worst == "falling",
            "the relation of inputs and outcome changed": self.performance.broke_promise,
            "predictions expected to be worse": estimate is not None and estimate.status == "lost",
        }
        drifted = {
            "new outcomes": "label" in roles,
            "inputs drifted": bool(roles & {"feature", "joint"}) or not roles,
            "predictions moved": "prediction" in roles and not roles & {"feature", "joint"},
            "predictions may be worse": self.may_be_worse,
        }
        if "segment" in roles and not roles & {"feature", "joint"}:
            drifted[f"inputs drifted in {parts}"] = True
        present |= drifted if self.verdict.status == "drift" else {}
        return [words for words, is_present in present.items() if is_present]

    @computed_field
    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return self.verdict.sentence

    @computed_field
    @property
    def rows(self) -> RowCounts:
        """Rows compared."""
        return RowCounts(self.rows_reference, self.rows_current)

    @field_serializer("verdict")
    def _status(self, verdict: Verdict) -> Status:
        return verdict.status

    @field_serializer("findings")
    def _ranked(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(by_severity(findings))

    @field_serializer("retrain")
    def _outcome(self, record: RetrainRecord | None) -> RetrainOutcome | None:
        return record  # printed without what the run has in common with it

    @field_serializer("champion")
    def _serving(self, _: str) -> Champion:
        return Champion(self.serving)

    @property
    def serving(self) -> str:
        """The version that serves after the run; `champion` is the one that was judged."""
        version = self.champion
        for trial in self.trials:
            moves = {"promoted": trial.version, "rolled_back": trial.against}
            version = moves.get(trial.action, version)
        return (self.retrain and self.retrain.promoted_version) or version

    @property
    def replay_command(self) -> str:
        """The command that repeats the run on the same data, without changing anything."""
        return (
            f"driftloop monitor {self.model} --as-of {self.as_of.isoformat()} "
            f"--rev {self.rev} --dry-run"
        )

    @property
    def broken(self) -> tuple[QualityFinding, ...]:
        """The quality checks that failed."""
        return tuple(check for check in self.quality if check.status == "failed")

    @property
    def skewed(self) -> bool:
        """Whether the data are sound, and what was served is not what the champion predicts."""
        return {check.trouble for check in self.broken} == {SKEWED}

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


def _calm(record: MonitorRecord) -> str:
    """Return the headline of a run that found no trouble; a score in doubt is not healthy."""
    if record.performance.doubtful:
        return "the score is low, perhaps by chance"
    small = dict.fromkeys(hit.name for hit in record.findings if hit.status == "small")
    calm: dict[Status, str] = {
        "inconclusive": "not judged" if record.rows_current else "no rows",
        "warning": "inputs drifted that hardly matter" if record.drifted else "close to a limit",
    }
    blind = record.performance.status == "inconclusive"
    healthy = "inputs as usual, score unknown" if blind else "healthy"
    healthy += f", small changes: {join_names(small, 3)}" if small else ""
    return calm.get(record.verdict.status, healthy)
