"""Every sentence over a grid of values: it never contradicts the numbers that it was made from."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from driftloop.alerts.messages.causes import causes
from driftloop.base.retrain_record import Promotion
from driftloop.comparison.gates.valid_predictions import ValidPredictions
from driftloop.performance.realised import PerformanceSettings, judge_performance
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.finding_text import (
    describe_categories,
    describe_missing,
    describe_numbers,
    format_p,
)
from tests.driftloop.alerts.messages.message_records import (
    WINDOW,
    comparison,
    monitor,
    performance,
    retrain,
)
from tests.driftloop.cases import predicted

PLACES = (-1e6, -3.0, 0.0, 1e-5, 0.5, 93.44, 273.15, 1e9)
SPREADS = (0.0, 1e-9, 0.01, 1.0, 40.0)
SHIFTS = (-5.0, -1.0, -0.2, -0.09, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.04, 0.09, 0.11, 0.5, 3.0)
MOVED = re.compile(r"(rose|fell) from (\S+) to (\S+)")


def told_numbers(text: str) -> tuple[str, str, str] | None:
    found = MOVED.search(text)
    return None if found is None else (found[1], found[2], found[3].rstrip(",.;"))


def value(text: str) -> float:
    return float(text.strip("<>%").replace(",", ""))


@pytest.mark.parametrize(("place", "spread"), list(itertools.product(PLACES, SPREADS)))
def test_numbers(place: float, spread: float) -> None:
    """By 0.1 of the middle half nothing is near; what half of the values are, is near itself."""
    shape = np.linspace(-1, 1, 401)
    reference = place + spread * shape
    width = float(np.subtract(*np.quantile(reference, [0.75, 0.25])))
    for shift in SHIFTS:
        current = reference + shift * (width or 1.0)
        old, new = float(np.median(reference)), float(np.median(current))
        text = describe_numbers("x", NumericPair.of(reference, current))
        moved = told_numbers(text)
        if moved is None:
            assert abs(new - old) <= 0.1 * width, text
            assert ("unchanged at" in text) != ("stayed near" in text)
            assert "100% of the new values" not in text
            continue
        verb, before, after = moved
        assert (verb == "rose") == (new > old), text
        assert before != after, text
        assert (verb == "rose") == (value(after) > value(before)), text


@pytest.mark.parametrize("spike", [0.6, 0.9])
def test_numbers_most_of_which_are_one(spike: float) -> None:
    """Half of the values are 93.44: a median of 93 is not near it, whatever the size."""
    reference = np.where(np.arange(400) < 400 * spike, 93.44, 93.44 + np.arange(400) / 10)
    text = describe_numbers("x", NumericPair.of(reference, np.full(400, 93.0)))
    assert text.startswith("`x` fell from 93.4 to 93 (median)")
    same = describe_numbers("x", NumericPair.of(reference, reference.copy()))
    assert same.startswith("`x` unchanged at 93.4 (median); its spread is still")


SHARES = (0.0, 1e-5, 4e-4, 0.001, 0.0494, 0.0495, 0.05, 0.0996, 0.1, 0.494, 0.5, 0.949, 0.95, 1.0)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(SHARES, SHARES)))
def test_shares(old: float, new: float) -> None:
    missing = describe_missing("x", old, new)
    shown = re.findall(r"[<>]?[\d.]+%", missing)
    assert ("unchanged" in missing) == (len(set(shown)) == 1), missing
    rows = 100_000
    sides = (np.array(["a", "b"]).repeat([round(rows * share), rows - round(rows * share)])
             for share in (old, new))  # fmt: skip
    pair = CategoricalPair.of(*sides)
    text = describe_categories("x", pair)
    moved = told_numbers(text)
    if moved is None:
        assert "unchanged at" in text
        return
    verb, before, after = moved
    level = text.split(":")[1].split()[0]
    up = (new > old) if level == "a" else (new < old)
    assert (verb == "rose") == up, text
    assert before != after, text


@pytest.mark.parametrize("p", [0.0, 5e-324, 1e-300, 1e-99, 1e-16, 0.00049, 0.05, 1.0])
def test_no_p_reads_zero(p: float) -> None:
    text = format_p(p)
    assert not re.fullmatch(r"0(\.0*)?", text)
    assert text.startswith("<") or float(text) == pytest.approx(p, rel=0.05)


@pytest.mark.parametrize("skill", [0.0, 0.1, 0.3, 0.6, 1.0, 2.0])
def test_performance(skill: float) -> None:
    """What holds lies above the limit that it names, what fell below."""
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.4).astype(int)
    p = 1 / (1 + np.exp(-(rng.normal(size=2000) + skill * y)))
    base = replace(comparison().challenger, value=0.8, low=0.79, high=0.81)
    found = judge_performance(
        "roc_auc", WINDOW, (y, np.column_stack([1 - p, p])), base, PerformanceSettings()
    )
    assert found.score is not None
    assert found.limit is not None
    below = found.score < found.limit
    if "holds" in found.sentence:
        assert not below
    if found.sentence.startswith(("Performance fell", "Performance is worse")):
        assert below
    else:
        assert found.status != "fell"
    for number in re.findall(r"\d\.\d{3}", found.sentence)[:1]:
        assert float(number) == pytest.approx(found.score, abs=5e-4)


@pytest.mark.parametrize(
    ("old", "new"), list(itertools.product((0.553, 0.842, 0.8421, 0.939), repeat=2))
)
def test_a_fix_and_a_loss_say_two_numbers_or_unchanged(old: float, new: float) -> None:
    made = comparison()
    assert made.champion is not None
    both = replace(
        made,
        champion=replace(made.champion, value=old),
        challenger=replace(made.challenger, value=new),
    )
    headline = retrain(comparison=both).headline_after("predictions got worse")
    same = f"{old:.3f}" == f"{new:.3f}"
    assert ("unchanged" in headline) == same
    assert headline.startswith("fixed") == (new > old and not same)
    below = retrain(comparison=both).headline_after("predictions got worse", new + 0.01)
    assert below.startswith("predictions got worse, version 8 is live")
    lost = replace(performance("fell"), score=new, baseline=old)
    lead = causes(monitor(performance=lost))[0].lead
    assert ("was" in lead) == (not same)


def test_what_stands_against_nobody_does_not_win() -> None:
    first = retrain(promotion=Promotion(True, "1", None, "payments version 1 is live."))
    assert first.comparison is not None
    first = replace(first, challenger="1", comparison=replace(first.comparison, champion=None))
    assert first.headline == "version 1 is live"
    assert first.headline_after("predictions got worse").startswith("predictions got worse")


@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_valid_predictions(wrong: int) -> None:
    p = np.column_stack([np.full(3, 0.4), np.full(3, 0.6)])
    p[:wrong] = math.nan
    passed, text = ValidPredictions().decide(predicted(np.array([0, 1, 1]), p, None))
    assert passed == (wrong == 0)
    expected = f"{wrong} of 3 predictions are not valid" if wrong else "All 3 predictions are valid"
    assert text == f"{expected} probabilities."
