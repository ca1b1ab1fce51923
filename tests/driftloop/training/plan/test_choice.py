import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.base.periods import Span, Window
from driftloop.base.retrain_record import WindowScore
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.metrics import MetricName
from driftloop.performance.target import Classes, Quantity
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import LinearRegression, LogisticRegression
from driftloop.training.plan.choice import WindowChoice
from driftloop.training.training import Examples, TrainingSettings, fit, predict
from driftloop.training.weights import recency_weights
from tests.driftloop.cases import utc

END = utc(2026, 3, 2)
HOUR = timedelta(hours=1)
SETTINGS = TrainingSettings(estimator=LogisticRegression(), minimum_rows=100)
Scored = tuple[WindowScore, tuple[WindowScore, ...]]


@dataclass
class History:
    """Rows, one an hour, whose label follows x; before `turn` it followed the opposite sign.

    Feature z means nothing, so that models of different rows differ in how they rank.
    """

    turn: int = 0
    rows: int = 1200
    metric: MetricName = "roc_auc"
    settings: TrainingSettings = SETTINGS
    loaded: list[slice] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        self.x, self.z = rng.normal(size=(2, self.rows))
        sign = np.where(np.arange(self.rows) < self.turn, -1, 1)
        self.y: Any = (self.x * sign + rng.normal(0, 0.7, self.rows) > 0).astype(int)
        self.target: Classes | Quantity = Classes(("0", "1"))

    def load(self, some: slice, half_life: Span | None = None) -> Examples:
        self.loaded.append(some)
        table = pd.DataFrame({"x": self.x[some], "z": self.z[some]})
        ages = range(self.rows - some.start, self.rows - some.stop, -1)
        times = np.array([(END - age * HOUR).replace(tzinfo=None) for age in ages])
        weights = recency_weights(times.astype("datetime64[us]"), END, half_life)
        return Examples(table, self.y[some], self.target, weights)

    def among(self, *candidates: WindowScore) -> Scored:
        features = Features(("x", "z"), ())
        choice = WindowChoice(self.load, self.rows, self.settings, features, self.metric)
        return choice.among(candidates)

    def chosen(self, *rows: int) -> Scored:
        return self.among(*(window_of(n) for n in rows))


def window_of(rows: int, name: str = "", half_life: Span | None = None) -> WindowScore:
    window = Window(END - rows * HOUR, END)
    return WindowScore(name or str(rows), window, rows, None, "not compared", half_life)


def test_recent_rows_win_where_the_past_misleads() -> None:
    chosen, scored = History(turn=600).chosen(1200, 290)
    assert chosen.candidate == "290"
    values = [one.score for one in scored]
    assert None not in values
    assert values[1] > 0.7 > 0.5 > values[0]  # type: ignore[operator]
    assert all("newest 174 training rows, in 3 parts" in one.sentence for one in scored)
    assert chosen in scored
    assert [one.sentence.partition("; chosen: ")[2] for one in scored] == ["", "the best score"]


def test_folds_are_scored_by_what_came_before_them() -> None:
    """A fifth of 290 rows each; a window has as many rows before each, as far as there are."""
    history = History()
    history.chosen(1200, 290)
    folds, whole, recent = history.loaded[::3], history.loaded[1::3], history.loaded[2::3]
    assert folds == [slice(1142, 1200), slice(1084, 1142), slice(1026, 1084)]
    assert whole == [slice(0, fold.start) for fold in folds]
    assert recent == [slice(fold.start - 232, fold.start) for fold in folds]


def test_a_change_stays_where_it_was() -> None:
    """And the newest fold alone judges it: before an older one there would be few rows of it."""
    history = History()
    history.among(window_of(290, "since_change"), window_of(1200, "all"))
    assert history.loaded == [slice(1142, 1200), slice(910, 1142), slice(0, 1142)]


@pytest.mark.parametrize("turn", [0, 120, 300])
def test_scores_are_means_over_folds_and_differences_are_paired(turn: int) -> None:
    """Computed again from the definition, with the choice at either side of one standard error."""
    history = History(turn)
    chosen, scored = history.chosen(1200, 800)
    means, error = _by_hand(history, (1200, 800))
    assert [one.score for one in scored] == pytest.approx(means)
    assert (chosen.candidate == "800") == (means[1] - means[0] > error)


def _by_hand(history: History, sizes: Sequence[int]) -> tuple[list[float], float]:
    """Return the mean scores of windows, and the standard error of the difference of two."""
    length, scores, variances = 160, [], []
    for fold in range(3):
        start = 1200 - (fold + 1) * length
        newest = history.load(slice(start, start + length))
        models = []
        for size in sizes:
            first = max(0, start - (size - length))
            past = history.load(slice(first, start))
            model = fit(SETTINGS.estimator, past, ("x", "z"), (), SETTINGS.seed)
            models.append((predict(model, newest.table, newest.target), None))
        drawn = resampled_scores("roc_auc", newest.y, tuple(models), 2000, seed=5)
        scores.append([_auc(newest.y, p[:, 1]) for p, _ in models])
        variances.append(np.var(drawn[1] - drawn[0]))
    return list(np.mean(scores, axis=0)), float(np.sqrt(np.sum(variances)) / 3)


def _auc(y: Any, p: Any) -> float:
    pairs = [(a > b) + (a == b) / 2 for a, b in itertools.product(p[y == 1], p[y == 0])]
    return float(np.mean(pairs))


def test_one_odd_fold_does_not_decide() -> None:
    """In the newest sixth of the recent window labels are noise."""
    history = History(turn=700)
    history.y[-50:] = np.random.default_rng(4).integers(0, 2, 50)
    assert history.chosen(1200, 250)[0].candidate == "250"


@pytest.mark.parametrize(
    ("name", "why"),
    [("1200", "it has the most rows"), ("since_change", "it holds no row from before the change")],
)
def test_a_window_that_lost_and_was_chosen_says_why(name: str, why: str) -> None:
    """The past is as good; of both the best is within chance of the other."""
    history = History()
    rows = 1200 if name == "1200" else 400
    other = window_of(400 if name == "1200" else 1200)
    for seed in range(20):
        history.y = (history.x + np.random.default_rng(seed).normal(0, 0.7, 1200) > 0).astype(int)
        chosen, scored = history.among(window_of(rows, name), other)
        if chosen is scored[0] and scored[0].score < scored[1].score:  # type: ignore[operator]
            break
    assert chosen.sentence.endswith(f"; chosen: as good within one standard error, and {why}")
    assert "chosen" not in scored[1].sentence


def test_rows_since_a_change_are_taken_within_the_error_of_a_score() -> None:
    """Proven worse as they are fewer in a fold, by less than either score is unsure."""
    whole = window_of(1200, "all")
    assert History().among(window_of(200, "recent"), whole)[0].candidate == "all"
    assert History().among(window_of(200, "since_change"), whole)[0].candidate == "since_change"
    misled = History()
    misled.y[-400:-150] = 1 - misled.y[-400:-150]
    assert misled.among(window_of(200, "since_change"), whole)[0].candidate == "all"


def test_all_history_wins_where_recent_rows_mislead() -> None:
    """The newest rows turn only in the middle of the candidate: more of them is not better."""
    history = History()
    history.y[-400:-150] = 1 - history.y[-400:-150]
    assert history.chosen(1200, 200)[0].candidate == "1200"


@pytest.mark.parametrize(("turn", "name"), [(600, "1200, half-life 3 days"), (0, "1200")])
def test_old_rows_lose_weight_where_that_proves_better(turn: int, name: str) -> None:
    fading = window_of(1200, "1200, half-life 3 days", Span(3, "day"))
    chosen, scored = History(turn).among(window_of(1200), fading)
    assert chosen.candidate == name
    assert len(scored) == 2


def test_to_forget_without_a_reason_has_to_prove_better() -> None:
    """Nothing changed, so both do as well and the one with more rows is taken."""
    chosen, scored = History().chosen(1200, 600)
    assert chosen.candidate == "1200"
    assert scored[0].score == pytest.approx(scored[1].score, abs=0.05)


def test_single_candidate_is_not_validated() -> None:
    history = History()
    chosen, scored = history.chosen(800)
    assert (chosen.candidate, chosen.score, len(scored)) == ("800", None, 1)
    assert history.loaded == []


def test_without_any_score_the_most_rows_win() -> None:
    history = History()
    history.y[-600:] = 0
    chosen, _ = history.chosen(400, 200)
    assert chosen.candidate == "400"
    assert chosen.score is None
    assert chosen.sentence == "ROC AUC is undefined on the newest 150 training rows"


def test_a_fold_of_one_class_is_left_out() -> None:
    history = History()
    history.y[-58:] = 0
    chosen, scored = history.chosen(1200, 290)
    assert chosen.score is not None
    assert all("in 2 parts" in one.sentence for one in scored)


def test_small_candidates_are_scored_on_the_same_rows() -> None:
    """80 and 40 rows: folds of 50 would leave the smaller one none, and its own are not its."""
    history = History()
    _, scored = history.chosen(400, 60, 40)
    assert all(one.score is not None for one in scored)
    assert {fold.stop - fold.start for fold in history.loaded[::4]} == {20}


def test_window_of_a_quantity_is_chosen_by_its_error() -> None:
    settings = SETTINGS.model_copy(update={"estimator": LinearRegression()})
    history = History(metric="neg_rmse", settings=settings)
    history.y, history.target = np.where(np.arange(1200) < 600, -history.x, history.x), Quantity()
    chosen, scored = history.chosen(1200, 290)
    assert chosen.candidate == "290"
    assert chosen.score == pytest.approx(0, abs=0.1)
    assert scored[0].score is not None
    assert scored[0].score < -0.5


def test_window_is_chosen_at_the_threshold_that_will_be_tuned() -> None:
    """With one in ten positive no row reaches 0.5 and F1 there is 0 for every candidate."""
    tuned = SETTINGS.model_copy(update={"threshold": "tuned"})
    found: list[Callable[[], Scored]] = []
    for settings in (SETTINGS, tuned):
        history = History(metric="f1", settings=settings)
        noise = np.random.default_rng(1).normal(0, 1.5, 1200)
        history.y = (history.x + noise > 2.6).astype(int)
        found.append(lambda history=history: history.chosen(1200, 400))  # type: ignore[misc]
    (_, fixed), (_, best) = (choose() for choose in found)
    for one, other in zip(fixed, best, strict=True):
        assert one.score is not None
        assert other.score is not None
        assert other.score > one.score + 0.1
