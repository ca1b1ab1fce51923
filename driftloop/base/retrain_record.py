"""Record of a retraining: its plan, and what was trained, compared and promoted, or why nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, computed_field

from driftloop.base.data_slices import DataSlice
from driftloop.base.periods import Span, Window, format_time
from driftloop.base.scores import Comparison, GateResult, HoldoutScores, Score, number, score_text
from driftloop.base.serialize import UNPRINTED

Ending = Literal["promoted", "proposed", "kept", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The validation score of one candidate training window, and how fast its rows lose weight."""

    candidate: str
    window: Window
    rows: int
    score: float | None
    sentence: str
    half_life: Span | None = None


def left_out(broken: Sequence[Window]) -> str:
    """Return a sentence on the windows of a broken feed that are not learned from, or nothing."""
    if not broken:
        return ""
    if len(broken) == 1:
        return f"Left out the broken feed from {broken[0]}."
    first, last = min(window.start for window in broken), max(window.end for window in broken)
    between = f"{format_time(first)} and {format_time(last)}"
    return f"Left out {len(broken)} windows of a broken feed between {between}."


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Which rows a challenger is trained on and which frozen rows it is compared on.

    With `refit` what serves is trained on both, after the comparison. With a `half_life` rows count
    half as much for each of it that they are older than the newest ones.
    """

    training: DataSlice
    holdout: DataSlice
    candidates: tuple[WindowScore, ...]
    sentence: str
    refit: bool = False
    half_life: Span | None = None

    @property
    def excluded(self) -> tuple[Window, ...]:
        """The windows of a broken feed that neither model is trained or compared on."""
        return tuple(dict.fromkeys((*self.training.excluded, *self.holdout.excluded)))

    @property
    def serving(self) -> DataSlice:
        """The rows that what serves is trained on."""
        if not self.refit:
            return self.training
        window = Window(self.training.window.start, self.holdout.window.end)
        rows = (self.training.rows or 0) + (self.holdout.rows or 0)
        return DataSlice(self.training.snapshot, window, self.excluded, rows)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a challenger could not be trained or compared; the champion stays.

    `short` says that only labelled rows are missing, which come with time: nothing is to be fixed.
    """

    sentence: str
    short: bool = False


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
class Champion:
    """The version that serves."""

    version: str | None


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether the champion alias moved, from which version to which, and why or why not.

    `form` is the page on which a person can answer where the version waits for one.
    """

    promoted: bool
    version: str
    previous: str | None
    sentence: str
    waits_for: Literal["approval", "shadow"] | None = None
    form: Annotated[str | None, UNPRINTED] = None

    @property
    def champion(self) -> Champion:
        """The version that serves afterwards."""
        return Champion(self.version if self.promoted else self.previous)


@dataclass(frozen=True, slots=True)
class RetrainOutcome:
    """Result of a retraining as a monitoring run reports it.

    `challenger` is None where none could be trained.
    """

    reason: str
    challenger: Annotated[str | None, Field(description="The version trained, if one was.")]
    run_id: Annotated[str | None, UNPRINTED]
    parameters: Annotated[dict[str, Any], UNPRINTED]
    plan: Annotated[TrainingPlan | None, UNPRINTED]
    comparison: Annotated[Comparison | None, UNPRINTED]
    promotion: Annotated[Promotion | None, UNPRINTED]
    sentence: str
    routine: Annotated[bool, UNPRINTED] = field(default=False, kw_only=True)
    """Whether only the calendar asked for it, while nothing was wrong."""
    short: Annotated[bool, UNPRINTED] = field(default=False, kw_only=True)
    """Whether nothing was trained because labelled rows are still missing."""

    @computed_field
    @property
    def won(self) -> bool:
        """Whether the challenger proved better and passed every gate."""
        return self.comparison is not None and self.comparison.won

    @computed_field
    @property
    def scores(self) -> HoldoutScores:
        """Scores of both models on the holdout."""
        return self.comparison.scores if self.comparison else HoldoutScores()

    @computed_field
    @property
    def gates(self) -> tuple[GateResult, ...]:
        """Results of the promotion gates."""
        return self.comparison.gates if self.comparison else ()

    @computed_field
    @property
    def promoted_version(self) -> str | None:
        """The version that became champion, if one did."""
        return self.promotion.version if self.promotion and self.promotion.promoted else None

    @computed_field
    @property
    def waits_for(self) -> Literal["approval", "shadow"] | None:
        """What a challenger that won waits for before it is promoted."""
        return self.promotion.waits_for if self.promotion else None

    @computed_field
    @property
    def training(self) -> Window | None:
        """The window trained on."""
        return self.plan.training.window if self.plan else None

    @computed_field
    @property
    def holdout(self) -> Window | None:
        """The window compared on."""
        return self.plan.holdout.window if self.plan else None

    @computed_field
    @property
    def labelled_rows(self) -> int | None:
        """Rows trained on, all of them labelled."""
        return self.plan.training.rows if self.plan else None

    @property
    def ending(self) -> Ending:
        """How the retraining ended.

        ``proposed``: it proved better and waits, for approval or in shadow. ``refused``: it proved
        better, and a gate or the registry stopped it. ``kept``: it did not prove better.
        ``failed``: there is no challenger to compare.
        """
        if self.promoted_version is not None:
            return "promoted"
        if self.waits_for is not None:
            return "proposed"
        if self.comparison is None:
            return "failed"
        return "refused" if self.won or self.comparison.proven else "kept"

    @property
    def headline(self) -> str:
        """What came of it in a few words."""
        version = self.promotion.version if self.promotion else self.challenger
        new = "the new model" if version is None else f"version {version}"
        old = self.promotion.previous if self.promotion else None
        waits = "waits for approval" if self.waits_for == "approval" else "is in shadow"
        return {
            "promoted": f"{new} is live{self.score_change}",
            "proposed": f"{new} {waits}",
            "kept": f"kept {f'version {old}' if old else 'the current model'}",
            "refused": "new model not promoted",
            "failed": "too few rows to retrain yet" if self.short else "retraining failed",
        }[self.ending]

    def headline_after(self, trouble: str, limit: float | None = None) -> str:
        """Return the headline of a retraining that came after trouble, given in a few words.

        What fixed it leads; what did not follows the trouble. See `fixes` for `limit`.
        """
        if not trouble:
            return self.headline
        if self.fixes(limit):
            return f"fixed by version {self.promoted_version}{self.score_change}"
        return trouble if self.headline in trouble else f"{trouble}, {self.headline}"

    def fixes(self, limit: float | None) -> bool:
        """Say whether what is live scores higher than the champion did, and no lower than `limit`.

        That is the score below which performance counts as fallen; None where it is not known.
        """
        new, old = self.scores.challenger, self.scores.champion
        if self.ending != "promoted" or new is None or old is None:
            return False
        return new > old and number(new) != number(old) and (limit is None or new >= limit)

    @property
    def score_change(self) -> str:
        """Both models' scores on the holdout after a colon, or nothing."""
        new, old = self.scores.challenger, self.scores.champion
        if new is None or old is None:
            return ""
        before, now = (score_text(self.scores.metric, score) for score in (old, new))
        return f": unchanged at {now}" if before == now else f": {before} → {now}"

    @computed_field
    @property
    def refitted(self) -> Window | None:
        """The window, with the holdout, that what serves was trained on after it was compared."""
        return self.plan.serving.window if self.plan and self.plan.refit else None


@dataclass(frozen=True, slots=True)
class RetrainRecord(RetrainOutcome):
    """The record of one retraining; ``driftloop retrain --json`` and ``bootstrap --json``."""

    model: str
    as_of: datetime
    rev: str

    @computed_field
    @property
    def champion(self) -> Champion:
        """The version that serves after the run."""
        return self.promotion.champion if self.promotion else Champion(None)
