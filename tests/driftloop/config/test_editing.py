"""Values changed in the text of a configuration; all else stays byte for byte."""

import difflib
from typing import Any

import pytest
import yaml

from driftloop.base.errors import ConfigError
from driftloop.config.editing import MARK, with_values
from driftloop.config.loading import config_in

TEXT = """\
# churn: read me
model: churn
data: {path: data/churn, time: at, label: y}  # the snapshots
features:
  numeric: [a,   b]   # as they come

performance: {margin: 0.05}
decision:
  triggers:  # each can start a retraining
    - kind: drift
    - kind: performance
    - {kind: calendar, every: 3, patience: 2}  # weeks
  budget: 0.34  # a third

training:
  windows:
    - kind: all
    - kind: sliding
      length: 8 weeks  # "forgets"
comparison:
  metric: roc_auc
  claim: 'by_precision'   # quoted
  margin: 0.05
"""
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
CALENDAR = ("decision", "triggers", "calendar")


def changed(text: str, new: str) -> tuple[list[str], list[str]]:
    lines = list(difflib.ndiff(text.splitlines(keepends=True), new.splitlines(keepends=True)))
    return tuple([line[2:] for line in lines if line[0] == sign] for sign in "-+")  # type: ignore[return-value]


def test_values_are_replaced_where_they_stand() -> None:
    values = {
        (*CALENDAR, "every"): 6,
        ("comparison", "claim"): "superior",
        ("comparison", "margin"): 0,
    }
    new = with_values(TEXT, values, "strict proof is better.")
    gone, come = changed(TEXT, new)
    assert gone == [
        "    - {kind: calendar, every: 3, patience: 2}  # weeks\n",
        "  claim: 'by_precision'   # quoted\n",
        "  margin: 0.05\n",
    ]
    assert come == [
        f"{MARK}strict proof is better.\n",
        "    - {kind: calendar, every: 6, patience: 2}  # weeks\n",
        "  claim: superior   # quoted\n",
        "  margin: 0\n",
    ]
    assert new.index(MARK) + len(f"{MARK}strict proof is better.\n") == new.index("decision:")
    assert config_in(new, "x").comparison.claim == "superior"


def test_what_is_absent_is_added() -> None:
    new = with_values(TEXT, {("training", "half_lives"): ["8 weeks"]}, "why")
    assert changed(TEXT, new)[1][1:] == ["  half_lives: [8 weeks]\n"]
    assert yaml.safe_load(new)["training"] == {**CONFIG["training"], "half_lives": ["8 weeks"]}
    flow = with_values(TEXT, {("performance", "floor"): 0.7}, "why")
    assert "performance: {floor: 0.7, margin: 0.05}\n" in flow
    none = TEXT.replace("training:\n", "other:\n")
    assert yaml.safe_load(with_values(none, {("training", "refit"): False}, "why"))["training"] == {
        "refit": False
    }
    empty = "model: x\ndecision:\n"
    assert yaml.safe_load(with_values(empty, {("decision", "budget"): 0.2}, "why")) == {
        "model": "x",
        "decision": {"budget": 0.2},
    }


@pytest.mark.parametrize("item", ["- kind: calendar", "- kind: calendar\n      every: 3"])
def test_a_value_is_added_to_an_item_of_a_list(item: str) -> None:
    text = f"decision:\n  triggers:\n    - kind: drift\n    {item}\n"
    new = with_values(text, {(*CALENDAR, "patience"): 1}, "why")
    calendar = yaml.safe_load(new)["decision"]["triggers"][1]
    assert calendar["patience"] == 1
    assert calendar["kind"] == "calendar"


@pytest.mark.parametrize(
    ("windows", "left"),
    [
        ("[{kind: all}, {kind: sliding, length: 8 weeks}]  # two", "[{kind: all}]  # two"),
        ("[{kind: sliding}, {kind: all}]", "[{kind: all}]"),
        ("\n    - kind: sliding  # old\n      length: 8 weeks\n    # all\n    - kind: all", None),
        ("\n    - kind: all\n    - kind: sliding\n      length: 8 weeks\n\n  # ends", None),
        ("\n    - {kind: all}\n    - {kind: sliding}", None),
    ],
)
def test_an_item_is_taken_out_of_a_list(windows: str, left: str | None) -> None:
    text = f"training:\n  windows: {windows}\n  refit: true\n"
    new = with_values(text, {("training", "windows", "sliding"): None}, "why")
    assert yaml.safe_load(new) == {"training": {"windows": [{"kind": "all"}], "refit": True}}
    gone, _ = changed(text, new)
    if left is None:
        assert all("sliding" in line or "length" in line for line in gone)
    else:
        assert f"  windows: {left}\n" in new


@pytest.mark.parametrize("windows", ["[{kind: sliding}]", "\n    -\n      kind: sliding"])
def test_the_last_item_and_one_on_other_lines_stay(windows: str) -> None:
    text = f"training:\n  windows: {windows}\n"
    with pytest.raises(ConfigError, match=r"training\.windows\.sliding cannot be taken out"):
        with_values(text, {("training", "windows", "sliding"): None}, "why")


def test_a_second_reason_replaces_the_first() -> None:
    once = with_values(TEXT, {}, "as configured: " + "long " * 40)
    assert sum(line.startswith(MARK) for line in once.splitlines()) > 1
    assert max(map(len, once.splitlines())) <= 100
    twice = with_values(once, {}, "another")
    assert changed(TEXT, twice) == ([], [f"{MARK}another\n"])


def test_ends_of_lines_and_the_end_of_the_file_stay() -> None:
    windows = TEXT.replace("\n", "\r\n")
    new = with_values(windows, {("training", "half_lives"): ["8 weeks"]}, "why")
    assert new.replace("\r\n", "") == new.replace("\r\n", "").replace("\n", "")
    bare = "model: x\ntraining: {}"
    assert with_values(bare, {("training", "refit"): False}, "why") == (
        f"model: x\ntraining: {{refit: false}}\n{MARK}why\n"
    )


def test_what_cannot_be_changed_says_what_to_write() -> None:
    text = TEXT.replace("    - {kind: calendar, every: 3, patience: 2}  # weeks\n", "")
    with pytest.raises(ConfigError, match=r"write decision\.triggers\.calendar\.every: 6 by hand"):
        with_values(text, {(*CALENDAR, "every"): 6}, "why")
