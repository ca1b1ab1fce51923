from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.comparison.gates.grouping import group_names, pool_small_groups, split_by_size
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.gates.segments import Segments
from tests.driftloop.cases import probabilities

GATE = Segments(columns=("country",))


def case(seed: int = 0, rows: int = 900, lost: str | None = None) -> GateInputs:
    """Two models that see the same signal through their own noise; one country may be lost."""
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1], rows // 2)
    country = np.repeat(["at", "de", "fr"], rows // 3)
    signal = y + rng.normal(0, 0.7, rows)
    new, old = (signal + rng.normal(0, 0.5, rows) for _ in range(2))
    new = np.where(country == lost, rng.normal(0, 1, rows), new)
    p = [probabilities(1 / (1 + np.exp(-one))) for one in (new, old)]
    table = pd.DataFrame({"country": country, "amount": np.linspace(0, 1, rows)})
    return GateInputs("roc_auc", y, *p, groups=table)


def test_lost_segment_refuses_and_is_named() -> None:
    result = GATE.check(case(lost="fr"))
    assert result.status == "refused"
    assert "in 1 of 3 segments, most in country = fr: ROC AUC -0." in result.sentence
    assert "on 300 rows" in result.sentence
    by_amount = Segments(columns=("amount",)).check(case(lost="fr"))
    assert by_amount.status == "refused"
    assert "amount = 0.75 to 1" in by_amount.sentence


def test_margin_allows() -> None:
    assert Segments(columns=("country",), margin=0.6).check(case(lost="fr")).passed


def test_noise_seldom_refuses() -> None:
    """Equal models, six segments of 50 rows: half of 5 % over all segments together."""
    gate = Segments(columns=("country",), minimum_rows=40, margin=0.0)
    refused = sum(not gate.check(case(seed, 150)).passed for seed in range(150))
    assert refused <= 10  # binomial(150, 0.025) exceeds 10 in 0.1 %


def test_without_champion_passes_with_words() -> None:
    shown = case()
    alone = GateInputs("roc_auc", shown.y, shown.challenger, None, groups=shown.groups)
    result = GATE.check(alone)
    assert result.passed
    assert "first champion" in result.sentence


def test_small_segments_are_left_out_and_said() -> None:
    shown = case()
    assert shown.groups is not None
    shown.groups.loc[:29, "country"] = "li"
    result = GATE.check(shown)
    assert result.passed
    assert "None of 3 segments" in result.sentence
    assert "30 rows were in segments too small to judge" in result.sentence


def test_what_cannot_be_judged_has_not_run() -> None:
    shown = case()
    assert Segments(columns=("country",), minimum_rows=500).check(shown).status == "not_run"
    absent = Segments(columns=("contry",)).check(shown)
    assert absent.status == "not_run"
    assert "country" in absent.sentence
    bare = GateInputs("roc_auc", shown.y, shown.challenger, shown.champion)
    assert GATE.check(bare).status == "not_run"
    one_class = GateInputs(
        "roc_auc", np.zeros(900, dtype=int), shown.challenger, shown.champion, groups=shown.groups
    )
    assert GATE.check(one_class).status == "not_run"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, None], ["1", "2", "missing"]),
        ([True, False, True], ["1", "0", "1"]),
        (["a", None, "b"], ["a", "missing", "b"]),
    ],
)
def test_few_values_are_categories(values: list[Any], expected: list[str]) -> None:
    assert group_names(pd.Series(values)).tolist() == expected


def test_numbers_go_by_quartile() -> None:
    values = pd.Series(np.r_[np.arange(100.0), np.nan])
    names = group_names(values)
    large, left = split_by_size(names, 2)
    assert sorted(len(group.rows) for group in large) == [25, 25, 25, 25]
    assert left == 1
    assert names[-1] == "missing"
    assert (
        pd.Series(names[:-1])
        .eq(
            pd.qcut(values[:-1], 4)
            .map(
                dict(
                    zip(pd.qcut(values[:-1], 4).cat.categories, names[[0, 30, 60, 99]], strict=True)
                )
            )
            .astype(object)
        )
        .all()
    )


def test_rare_values_are_pooled() -> None:
    names = np.array(["a"] * 5 + ["b", "c", "d"], dtype=object)
    assert pool_small_groups(names, 3).tolist() == ["a"] * 5 + ["all others"] * 3
