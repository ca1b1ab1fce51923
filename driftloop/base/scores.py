"""Metrics as people call them, and records of a comparison: scores, gates, and who won."""

import math
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import Annotated, Final, Literal, overload

from pydantic import Field, computed_field

from driftloop.base.periods import Span

Task = Literal["binary", "multiclass", "regression"]
Claim = Literal["superior", "non_inferior"]
GateStatus = Literal["passed", "refused", "not_run", "not_judged"]

VALUE: Final = "value"
"""The metric of what a row is worth; its name in records goes on with what outcomes are worth."""

METRIC_NAMES: Final = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "neg_log_loss": "log loss",
    "neg_rmse": "RMSE",
    "neg_mae": "MAE",
    "r2": "R²",
}
"""By the name in configurations and records, where larger is better for each; see `shown`."""


CONSTANTS_ALIKE: Final = frozenset({"roc_auc", "average_precision", "balanced_accuracy", "r2"})
"""Metrics in which no constant prediction scores better than another.

A useful model lies far above them. In the others it may be close: where 95 % of the rows are of one
class, an accuracy of 0.95 takes no model, and 0.96 may be a good one.
"""


def metric_name(metric: str | None, *, begins: bool = False) -> str:
    """Return a metric's name in a sentence, with a capital where it `begins` one.

    Of an import path it is the function's name, of None "score".
    """
    metric = metric or "score"
    own = "value per row" if metric.split(":")[0] == VALUE else metric.rpartition(".")[2]
    name = METRIC_NAMES.get(metric, own)
    return name[0].upper() + name[1:] if begins else name


def is_error(metric: str | None) -> bool:
    """Say whether a metric is an error: people read less as better, records have its negative."""
    return (metric or "").startswith("neg_")


@overload
def shown(metric: str | None, value: float) -> float: ...
@overload
def shown(metric: str | None, value: float | None) -> float | None: ...
def shown(metric: str | None, value: float | None) -> float | None:
    """Return a score, or a difference of scores, as people read it: an error has no minus."""
    return 0.0 - value if value is not None and is_error(metric) else value


def score_text(metric: str | None, value: float | None, sign: str = "") -> str:
    """Return a score, or a difference of scores, as people read it."""
    return number(shown(metric, value), sign)


def named_score(metric: str | None, value: float | None, *, begins: bool = False) -> str:
    """Return a metric's name and a score in a sentence: `log loss 0.31`."""
    return f"{metric_name(metric, begins=begins)} {score_text(metric, value)}"


def shown_ends(
    metric: str | None, low: float | None, high: float | None
) -> tuple[float | None, float | None]:
    """Return the ends of an interval as people read them, the smaller one first."""
    ends = shown(metric, low), shown(metric, high)
    return ends[::-1] if is_error(metric) else ends


def interval_text(metric: str | None, low: float | None, high: float | None, sign: str = "") -> str:
    """Return an interval in square brackets as people read it."""
    return f"[{', '.join(number(end, sign) for end in shown_ends(metric, low, high))}]"


def scores_apart(metric: str | None, one: float, other: float) -> tuple[str, str]:
    """Return two scores as people read them, different ones with digits that differ."""
    return told_apart(shown(metric, one), shown(metric, other))


def number(value: float | None, sign: str = "", digits: int = 3) -> str:
    """Return a number with the significant digits a person uses; `sign` "+" shows it always.

    Below 0.1 one digit less says as much, and zeros at the end say nothing.
    """
    if value is None or not math.isfinite(value):
        return "unknown"
    if value and not 1e-6 <= abs(value) < 1e15:
        return f"{value:{sign}.{digits}g}"
    rounded = float(f"{value:.{digits}g}")
    places = digits - 1 - math.floor(math.log10(abs(rounded))) if rounded else digits
    if rounded and abs(rounded) < 0.1:
        return f"{value:{sign}.{places - 1}f}".rstrip("0")
    return f"{rounded:{sign},.{max(places, 0)}f}"


def format_number(value: float) -> str:
    """Return a number without the zeros at its end, as people write a value or a limit."""
    return trimmed(number(value))


def trimmed(text: str) -> str:
    """Return a number's text without the zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Return two numbers as texts, with so many digits that different ones print differently."""
    digits = 3
    while number(one, "", digits) == number(other, "", digits) and one != other and digits < 17:
        digits += 1
    return number(one, "", digits), number(other, "", digits)


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value on some rows with its bootstrap interval.

    `guessing` is what the best constant scores on the same rows; None where nobody knows.
    """

    metric: str
    value: float
    low: float
    high: float
    rows: int
    guessing: float | None = None

    @property
    def doubt(self) -> str:
        """That the score is not proven better than that of guessing; empty where it is.

        Where a useful model may be close to guessing, it is empty unless the score is proven no
        better.
        """
        alike = self.metric in CONSTANTS_ALIKE
        if self.guessing is None or (self.low if alike else self.high) > self.guessing:
            return ""
        return (
            f"{named_score(self.metric, self.value, begins=True)} "
            f"{interval_text(self.metric, self.low, self.high)} is "
            f"{'not proven' if alike else 'no'} better than guessing, "
            f"{trimmed(score_text(self.metric, self.guessing))}"
        )


@dataclass(frozen=True, slots=True)
class PooledScore:
    """The score of several windows together.

    `p_value` is the chance of so low a score where nothing was lost, whichever windows are pooled.
    """

    windows: int
    rows: int
    score: float
    error: Annotated[float, Field(description="Standard error of the score.")]
    p_value: Annotated[
        float, Field(description="Chance of so low a score, in a look, where nothing was lost.")
    ]


@dataclass(frozen=True, slots=True)
class Level:
    """A value of a metric that a model held, and the last run that saw it held."""

    metric: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of one promotion gate: one that could not run refuses, one not judged does not."""

    gate: str
    status: GateStatus
    sentence: str
    warns: Annotated[
        bool, Field(description="Passed, and its sentence is something that people should read.")
    ] = False

    @computed_field
    @property
    def passed(self) -> bool:
        """Whether the gate lets the challenger through: it passed, or could not be evaluated."""
        return self.status in ("passed", "not_judged")


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """DeLong's interval of the difference of two ROC areas.

    It agrees where it supports the same conclusion on the claim as the bootstrap.
    """

    low: float
    high: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class SliceScores:
    """Both models on one part of the holdout; without a champion there is no difference.

    Scores and bounds are NaN where the part holds one class only.
    """

    name: str
    rows: int
    champion: Score | None
    challenger: Score
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class NextWindows:
    """The interval in which the difference of two models is expected, measured in a next window.

    `windows` so many taught what they differ by: those of the holdout, or earlier ones.
    """

    low: float
    high: float
    length: Span
    windows: int
    learned_from: Literal["holdout", "earlier"]

    @property
    def name(self) -> str:
        """What the windows are called: weeks, or windows of 2 weeks."""
        return f"{self.length.unit}s" if self.length.count == 1 else f"windows of {self.length}"


@dataclass(frozen=True, slots=True)
class HoldoutScores:
    """Both models on the same holdout; all None where nothing was compared."""

    metric: str | None = None
    champion: float | None = None
    challenger: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    next_windows: NextWindows | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """What a row of the holdout is worth by each model, in the currency of `value`."""

    champion: float | None
    challenger: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Challenger against champion on the same holdout rows; the difference is in favour if > 0."""

    metric: str
    champion: Score | None
    challenger: Score
    difference: float | None
    low: float | None
    high: float | None
    margin: float
    confidence: float
    rows: int
    gates: tuple[GateResult, ...]
    won: bool
    sentence: str
    claim: Claim = "superior"
    delong: CrossCheck | None = None
    slices: tuple[SliceScores, ...] = ()
    worth: Worth | None = None
    next_windows: NextWindows | None = None

    @property
    def value(self) -> float | None:
        """What a row of the holdout is worth by the model that serves from now on."""
        if self.worth is None:
            return None
        return self.worth.challenger if self.won else self.worth.champion

    @property
    def bound(self) -> float:
        """The value that the lower end of the interval has to exceed."""
        return self.margin if self.claim == "superior" else -self.margin

    @property
    def gained(self) -> float | None:
        """Standard errors by which the challenger is better; None where that is not known."""
        error = self.error
        if error is None or self.difference is None:
            return None
        if self.difference == 0:
            return 0.0
        return self.difference / error if error > 0 else None

    @property
    def error(self) -> float | None:
        """Standard error of the difference on the holdout's rows, which its interval implies."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / (2 * NormalDist().inv_cdf((1 + self.confidence) / 2))

    @property
    def outlook(self) -> str:
        """What difference to expect in the next windows, or that nobody knows; else empty."""
        if self.difference is None:
            return ""
        if self.next_windows is None:
            return "This holds for these rows only: what windows differ by is not known yet."
        low, high = shown_ends(self.metric, self.next_windows.low, self.next_windows.high)
        ends = f"{number(low, '+')} to {number(high, '+')}"
        return f"Expected in the next {self.next_windows.name}: {ends}."

    @property
    def proven(self) -> bool:
        """Whether the challenger proved the claim, whatever the gates say."""
        beyond = self.low is not None and self.low > self.bound
        return beyond and (self.delong is None or self.delong.agrees)

    @property
    def scores(self) -> HoldoutScores:
        """Both scores and their difference, without the intervals of each."""
        champion = self.champion.value if self.champion else None
        gain = (self.difference, self.low, self.high, self.rows, self.next_windows)
        return HoldoutScores(self.metric, champion, self.challenger.value, *gain)
