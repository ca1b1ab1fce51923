"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PACKAGE = Path(__file__).parents[2] / "driftloop"
NAMES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


def test_examples_are_found() -> None:
    assert {
        "driftloop.drift.detectors",
        "driftloop.profiling.column_pair",
        "driftloop.profiling.effect_sizes.psi",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_examples_of_a_module(name: str) -> None:
    module = importlib.import_module(name)
    found = doctest.testmod(module, extraglobs={"np": np, "pd": pd})
    assert found.attempted > 0
    assert found.failed == 0
