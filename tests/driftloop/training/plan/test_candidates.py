import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.base.periods import Span, Window
from driftloop.base.retrain_record import Refusal
from driftloop.base.windows import AllHistory, SinceChange, SlidingWindow
from driftloop.training.estimators import LogisticRegression
from driftloop.training.plan.candidates import LabelledRows, PlanCandidates, plan_candidates
from driftloop.training.plan.change_point import Change
from driftloop.training.training import HoldoutSettings, TrainingSettings
from driftloop.training.weights import recency_weights
from tests.driftloop.cases import utc

START = utc(2026, 1, 5)
END = utc(2026, 3, 2)
SETTINGS = TrainingSettings(estimator=LogisticRegression(), minimum_rows=100)


def labelled(rows: int = 1600, every: int = 2) -> LabelledRows:
    """Rows spread evenly over eight weeks; every second one is positive."""
    step = (END - START) / max(rows, 1)
    moments = [(START + i * step).replace(tzinfo=None) for i in range(rows)]
    y = (np.arange(rows) % every == 0).astype(int)
    return LabelledRows(np.array(moments, dtype="datetime64[us]"), y, END)


def drafted(
    rows: LabelledRows | None = None,
    settings: TrainingSettings = SETTINGS,
    changed: datetime | None = None,
    not_before: datetime | None = None,
) -> PlanCandidates | Refusal:
    change = None if changed is None else Change(changed, "inputs")
    return plan_candidates(rows or labelled(), settings, change, not_before)


def plan(**more: Any) -> PlanCandidates:
    made = drafted(**more)
    assert isinstance(made, PlanCandidates)
    return made


def refusal(**more: Any) -> str:
    made = drafted(**more)
    assert isinstance(made, Refusal)
    return made.sentence


def test_no_more_is_kept_back_than_tells_models_apart() -> None:
    """A tenth of the rows is positive, so 20 of them take the newest 200 rows and not 320."""
    holdout = HoldoutSettings(enough_per_class=20, minimum_rows=20)
    settings = SETTINGS.model_copy(update={"holdout": holdout})
    assert plan(rows=labelled(every=10), settings=settings).holdout_rows in range(190, 201)
    patient = HoldoutSettings(enough_per_class=20, minimum_rows=250)
    settings = SETTINGS.model_copy(update={"holdout": patient})
    assert plan(rows=labelled(every=10), settings=settings).holdout_rows == 250


def test_holdout_is_the_newest_share() -> None:
    made = plan()
    assert made.holdout.end == END
    assert made.holdout_rows == 320
    assert made.holdout.start == pytest.approx(END - (END - START) * 0.2, abs=timedelta(hours=1))


def test_holdout_begins_after_the_champions_training_data() -> None:
    late = utc(2026, 2, 23)
    made = plan(not_before=late)
    assert made.holdout == Window(late, END)
    assert made.holdout_rows == 200
    assert plan(not_before=utc(2026, 1, 10)) == plan()


def test_half_of_what_is_new_to_the_champion_is_learned_from() -> None:
    """Of the 400 rows since its training data 200 judge, and of 500 there are 250."""
    assert plan(not_before=utc(2026, 2, 16)).holdout_rows == 200
    late = START + (END - START) * (1100 / 1600)
    assert plan(not_before=late).holdout_rows in (250, 251)


def test_the_holdout_grows_until_it_holds_every_class() -> None:
    """One row in 50 is positive: ten of them take 500 rows, and not the newest 320."""
    settings = SETTINGS.model_copy(update={"minimum_per_class": 10})
    made = plan(rows=labelled(every=50), settings=settings)
    assert made.holdout_rows in range(451, 501)
    late = START + (END - START) * (1200 / 1600)
    text = refusal(rows=labelled(every=50), settings=settings, not_before=late)
    assert "8 rows of the rarest class, 10 are needed" in text
    assert "training.holdout.minimum_rows and minimum_per_class" in text


def test_holdout_too_small_after_the_champions_training_data() -> None:
    text = refusal(not_before=utc(2026, 2, 27))
    assert text.startswith("The holdout after the champion's training data has ")
    assert "200 are needed" in text
    assert "0 labelled rows" in refusal(not_before=utc(2026, 6, 1))


@given(
    st.integers(300, 2000),
    st.floats(0.05, 0.8),
    st.integers(0, 60),
    st.one_of(st.none(), st.integers(0, 60)),
)
def test_no_row_both_trains_and_judges(
    rows: int, share: float, trained: int, changed: int | None
) -> None:
    data, not_before = labelled(rows), START + timedelta(days=trained)
    settings = TrainingSettings(
        minimum_rows=100,
        holdout=HoldoutSettings(share=share, minimum_rows=50),
        windows=(AllHistory(), SlidingWindow(length=Span(4, "week")), SinceChange()),
    )
    since = None if changed is None else START + timedelta(days=changed)
    made = drafted(data, settings, since, not_before)
    if isinstance(made, Refusal):
        assert made.sentence.endswith(".")
        return
    assert made.holdout.start >= not_before
    assert made.holdout_rows >= 50
    assert made.holdout_rows == (data.times >= naive64(made.holdout.start)).sum()
    for candidate in made.candidates:
        assert candidate.window.end == made.holdout.start
        inside = (data.times >= naive64(candidate.window.start)) & (
            data.times < naive64(candidate.window.end)
        )
        assert candidate.rows == inside.sum() >= 100


def naive64(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.replace(tzinfo=None), "us")


def test_candidates() -> None:
    settings = SETTINGS.model_copy(
        update={"windows": (AllHistory(), SlidingWindow(length=Span(4, "week")), SinceChange())}
    )
    changed = utc(2026, 2, 9)
    made = plan(settings=settings, changed=changed)
    starts = {candidate.candidate: candidate.window.start for candidate in made.candidates}
    assert starts == {"all": START, "sliding": END - timedelta(weeks=4), "since_change": changed}
    assert [candidate.candidate for candidate in plan(settings=settings).candidates] == [
        "all",
        "sliding",
    ]


def test_change_too_recent_to_train_on_is_left_out() -> None:
    made = plan(changed=utc(2026, 2, 25))
    assert [candidate.candidate for candidate in made.candidates] == ["all"]


def test_holdout_leaves_rows_of_the_newest_regime() -> None:
    """The share is taken of the rows since the change, and of all history without one."""
    made = plan(changed=utc(2026, 2, 9))
    assert {candidate.candidate for candidate in made.candidates} == {"all", "since_change"}
    assert made.holdout_rows == 200


@pytest.mark.parametrize(
    ("rows", "settings", "why"),
    [
        (labelled(90), {}, "90 labelled rows, 100 are needed to train"),
        (labelled(0), {}, "0 labelled rows"),
        (labelled(1600, every=100), {}, "all has 6 rows of the rarest class, 20 are needed"),
        (labelled(1600, every=200), {}, "holdout .* of the rarest class, 10 are needed"),
        (labelled(1600, every=10**6), {}, "one class only"),
        (labelled(300), {"minimum_rows": 290}, "No training window is large enough: all has 100"),
        (labelled(1600, 20), {"minimum_per_class": 300}, "rarest class, 300 are needed"),
    ],
)
def test_minima(rows: LabelledRows, settings: dict[str, Any], why: str) -> None:
    text = refusal(rows=rows, settings=SETTINGS.model_copy(update=settings))
    assert re.search(why, text), text


def test_no_candidate_at_all() -> None:
    only = SETTINGS.model_copy(update={"windows": (SinceChange(),)})
    assert "0 labelled rows" in refusal(settings=only)


def test_each_half_life_is_a_candidate_of_the_longest_window() -> None:
    spans = (Span(2, "week"), Span(4, "week"))
    settings = SETTINGS.model_copy(update={"half_lives": spans})
    made = plan(settings=settings, changed=utc(2026, 2, 9))
    fading = [one for one in made.candidates if one.half_life]
    assert [one.candidate for one in fading] == ["all, half-life 2 weeks", "all, half-life 4 weeks"]
    assert {one.rows for one in fading} == {1400}


def test_weights_halve_with_every_half_life() -> None:
    times = np.array([naive64(END - timedelta(days=days)) for days in (14, 7, 0)])
    assert recency_weights(times, END, Span(1, "week")) == pytest.approx([0.25, 0.5, 1])
    assert recency_weights(times, END, None) is None


def test_a_change_that_performance_shows_has_rows_to_learn_from_and_to_judge_by() -> None:
    """200 rows a week; the holdout takes the newest 200, so 400 are needed."""
    fresh = plan_candidates(labelled(), SETTINGS, Change(utc(2026, 2, 17), "performance"), None)
    assert isinstance(fresh, Refusal)
    assert fresh.short
    assert fresh.sentence.startswith("The model has been worse since 2026-02-17, and 3")
    assert (
        "400 are needed (training.minimum_rows and training.holdout.minimum_rows)" in fresh.sentence
    )
    made = plan_candidates(labelled(), SETTINGS, Change(utc(2026, 2, 9), "performance"), None)
    assert isinstance(made, PlanCandidates)
    sizes = {one.candidate: one.rows for one in made.candidates}
    assert sizes == {"since_change": 400, "all": 1400}
    assert made.holdout_rows == 200


def test_the_same_rows_are_one_candidate() -> None:
    """The eight weeks that a sliding window takes are all there are."""
    assert [one.candidate for one in plan().candidates] == ["all"]


def quantities(rows: int = 1600) -> LabelledRows:
    return replace(labelled(rows), y=np.full(rows, 7.5), quantity=True)


def test_quantities_have_no_classes_to_count() -> None:
    """Even one value throughout is enough rows; a class alone would not be."""
    made, of_classes = plan(rows=quantities()), plan(rows=labelled())
    assert (made.holdout, made.candidates) == (of_classes.holdout, of_classes.candidates)
    assert "90 labelled rows, 100 are needed" in refusal(rows=quantities(90))
