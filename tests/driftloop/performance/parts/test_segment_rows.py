"""Segments: the same rows by the same names in two tables, however the values are typed."""

import numpy as np
import pandas as pd

from driftloop.performance.parts.segment_rows import MISSING, MOST_VALUES, OTHER, segments_of


def sizes(reference: list[object], current: list[object], least: int = 1) -> dict[str, list[int]]:
    tables = (pd.DataFrame({"a": values}) for values in (reference, current))
    return {
        segment.name: [int(segment.reference.sum()), int(segment.current.sum())]
        for segment in segments_of(*tables, ("a",), least)
    }


def test_rare_and_new_values_are_one_segment_and_gaps_are_another() -> None:
    rare = [f"r{number}" for number in range(MOST_VALUES)]
    found = sizes(["n"] * 9 + ["s"] * 5 + [None] * 3 + rare, ["n", "s", None, "new", "new"])
    assert found["a=n"] == [9, 1]
    assert found[f"a={MISSING}"] == [3, 1]
    kept = MOST_VALUES - 3
    assert found[f"a={OTHER}"] == [len(rare) - kept, 2]
    assert set(found) == {"a=n", "a=s", f"a={MISSING}", f"a={OTHER}"}, "no rows, no segment"


def test_a_code_is_the_same_segment_as_a_whole_number_and_as_a_fraction() -> None:
    assert sizes([1, 1, 2], [1.0, 2.0, np.nan])["a=1"] == [2, 1]


def test_small_segments_and_one_with_all_rows_are_left_out() -> None:
    assert sizes(["n"] * 9 + ["s"] * 9, ["n"] * 5 + ["s"] * 2, least=3) == {"a=n": [9, 5]}
    assert sizes(["n"] * 9, ["n"] * 9) == {}


def test_a_column_that_is_missing_has_no_segments() -> None:
    one, other = pd.DataFrame({"a": ["n", "s"]}), pd.DataFrame({"b": ["n", "s"]})
    assert list(segments_of(one, other, ("a", "b"), 1)) == []
