import json
import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.base.data_slices import BatchFile, DataSlice, Snapshot
from driftloop.base.errors import DriftloopError, join_names, valid_choices
from driftloop.base.scores import CrossCheck, Score
from driftloop.base.serialize import to_json, to_plain
from tests.driftloop.alerts.messages.message_records import comparison
from tests.driftloop.cases import WINDOW, finding

SNAPSHOT = Snapshot(".", "a1b2c3d4e5f6", "data", (BatchFile("w0.parquet", "md5"),))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes(), st.just(WINDOW)
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)
    ),
    max_leaves=20,
)


def refuse(text: str) -> Any:
    raise AssertionError(f"{text} is no strict JSON")


@given(NESTED)
def test_anything_becomes_strict_json(value: Any) -> None:
    json.loads(to_json(value), parse_constant=refuse)


def test_record_becomes_json() -> None:
    sliced = DataSlice(SNAPSHOT, WINDOW, (WINDOW,))
    assert json.loads(to_json(sliced)) == {
        "snapshot": {
            "repository": ".",
            "rev": "a1b2c3d4e5f6",
            "path": "data",
            "files": [{"path": "w0.parquet", "md5": "md5"}],
        },
        "window": {"start": "2026-03-02T00:00:00+00:00", "end": "2026-03-09T00:00:00+00:00"},
        "excluded": [{"start": "2026-03-02T00:00:00+00:00", "end": "2026-03-09T00:00:00+00:00"}],
        "rows": None,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_what_is_no_number_becomes_null(value: float) -> None:
    score = Score("roc_auc", value, 0.1, 0.2, 3)
    assert json.loads(to_json(score))["value"] is None
    assert to_plain([value, (value,), {"a": value}]) == [None, [None], {"a": None}]


def test_keys_are_text_and_letters_stay() -> None:
    assert to_json({1: "żółć"}) == '{"1": "żółć"}'
    assert to_json(datetime(2026, 3, 2, tzinfo=UTC)) == '"2026-03-02T00:00:00+00:00"'


def test_records_are_frozen_and_hashable() -> None:
    with pytest.raises(AttributeError):
        finding("a").status = "ok"  # type: ignore[misc]
    assert len({finding("a"), finding("a"), finding("b")}) == 2


def test_short_rev() -> None:
    assert SNAPSHOT.short_rev == "a1b2c3d4e5"


@pytest.mark.parametrize(
    ("received", "valid", "text"),
    [
        ("slcak", ["slack", "console"], "received 'slcak'; valid: slack, console (did you mean "),
        ("x", ["slack"], "received 'x'; valid: slack"),
        (3, [], "received '3'; valid: none"),
        ("x", range(14), "valid: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"),
    ],
)
def test_valid_choices(received: object, valid: Any, text: str) -> None:
    assert text in valid_choices(received, valid)


def test_listed() -> None:
    assert join_names("abc", 2) == "a, b and 1 more"
    assert join_names("ab", 2) == "a, b"
    assert join_names(()) == "none"


def test_every_error_is_ours() -> None:
    import driftloop.base.errors as errors

    ours = [variable for variable in vars(errors).values() if isinstance(variable, type)]
    assert len(ours) > 5
    assert all(issubclass(one, DriftloopError) for one in ours if one.__module__ == errors.__name__)


def test_claim_is_proven_beyond_its_bound_and_with_delongs_consent() -> None:
    """The lower end is 0.007 and the margin 0.005."""
    assert comparison().proven
    assert not comparison(margin=0.007).proven
    assert comparison(margin=0.007, claim="non_inferior").proven
    assert comparison(low=-0.004, claim="non_inferior").proven
    assert not comparison(low=-0.005, claim="non_inferior").proven
    assert not comparison(delong=CrossCheck(0.004, 0.03, False)).proven
    assert comparison(delong=CrossCheck(0.006, 0.03, True)).proven
    assert not comparison(low=None).proven
