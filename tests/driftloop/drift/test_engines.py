"""The contract of the engines: what each computes, and how far they agree."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from driftloop.base.errors import ConfigError
from driftloop.drift import alibi
from driftloop.drift.detectors import (
    ChiSquare,
    Engine,
    KolmogorovSmirnov,
    NumericDetector,
    run_test,
)
from driftloop.drift.pvalues import EXACT_KS_MAX_PRODUCT
from driftloop.drift.result import TestResult
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from tests.driftloop.drift.two_samples import TwoSamples, find_drift

pytest.importorskip("alibi_detect")

SEEDS = st.integers(0, 2**32 - 1)
LEVELS = (0.05, 0.01, 0.001, 1e-4)
FLOAT32 = float(np.finfo(np.float32).eps)


def by_both(detector: Any, pair: Any) -> tuple[TestResult, TestResult]:
    """The results of alibi-detect and of driftloop."""
    return run_test(detector, pair, "alibi"), run_test(detector, pair, "native")


def agree(theirs: TestResult, own: TestResult) -> None:
    """Statistics to 32 bits, p within a millionth, decisions unless p lies that near a level."""
    assert theirs.statistic == pytest.approx(own.statistic, rel=FLOAT32, abs=FLOAT32)
    assert theirs.p_value == pytest.approx(own.p_value, abs=1e-6)
    for level in LEVELS:
        if abs(own.p_value - level) > 1e-6:
            assert (theirs.p_value <= level) == (own.p_value <= level)


@settings(max_examples=60)
@given(SEEDS, st.integers(600, 4000), st.integers(600, 4000), st.sampled_from([0, 8, 300]))
def test_ks_of_large_samples_is_the_same(seed: int, n: int, m: int, values: int) -> None:
    """With and without ties; from the same distribution up to one that has moved by half."""
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=n), rng.normal(rng.choice([0, 0.05, 0.1, 0.5]), 1, m)
    if values:
        left, right = (np.round(side * values / 6) for side in (left, right))
    assert n * m > EXACT_KS_MAX_PRODUCT
    theirs, own = by_both(KolmogorovSmirnov(), NumericPair.of(left, right))
    agree(theirs, own)
    asymptotic = ks_2samp(left, right, method="asymp")
    assert own.p_value == pytest.approx(asymptotic.pvalue, abs=1e-6)
    assert theirs.p_value == np.float32(asymptotic.pvalue)


@settings(max_examples=60)
@given(SEEDS, st.integers(2, 300), st.integers(2, 300), st.integers(1, 12))
def test_ks_of_small_samples(seed: int, n: int, m: int, values: int) -> None:
    """alibi-detect's p-value is the asymptotic one, driftloop's is exact."""
    rng = np.random.default_rng(seed)
    left, right = (rng.integers(0, values + 1, size).astype(float) for size in (n, m))
    theirs, own = by_both(KolmogorovSmirnov(), NumericPair.of(left, right))
    assert theirs.statistic == pytest.approx(own.statistic, rel=FLOAT32, abs=FLOAT32)
    assert theirs.p_value == np.float32(ks_2samp(left, right, method="asymp").pvalue)
    assert own.p_value == pytest.approx(ks_2samp(left, right, method="exact").pvalue, abs=1e-12)


@settings(max_examples=60)
@given(SEEDS, st.integers(100, 3000), st.integers(100, 3000), st.integers(2, 12))
def test_chi_square_is_the_same(seed: int, n: int, m: int, levels: int) -> None:
    """But for two by two tables with few expected rows, where driftloop's p-value is Fisher's."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(levels) * 3)
    left, right = rng.choice(levels, n, p=shares), rng.choice(levels, m, p=shares)
    pair = CategoricalPair.of(left.astype(str), right.astype(str))
    theirs, own = by_both(ChiSquare(), pair)
    table = pair.contingency_table
    if table.shape[1] < 2:
        assert np.isnan([theirs.p_value, own.p_value]).all()
        return
    expected = chi2_contingency(table)
    assert theirs.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    if table.shape[1] == 2 and expected.expected_freq.min() < 5:
        exact = fisher_exact(table.astype(int)).pvalue
        assert own.p_value == pytest.approx(exact, abs=1e-12)
    else:
        agree(theirs, own)


def test_each_engine_is_its_own() -> None:
    """Where they differ by design, each gives its own number: neither is the other in disguise."""
    small = NumericPair.of(np.arange(1.0, 6), np.arange(3.0, 8))
    theirs, own = by_both(KolmogorovSmirnov(), small)
    assert own.p_value == pytest.approx(0.873015873, abs=1e-9)
    assert theirs.p_value == np.float32(
        ks_2samp(np.arange(1.0, 6), np.arange(3.0, 8), method="asymp").pvalue
    )
    assert abs(theirs.p_value - own.p_value) > 0.005
    few = CategoricalPair.of(np.array(list("aaab")), np.array(list("abbb")))
    theirs, own = by_both(ChiSquare(), few)
    assert own.p_value == pytest.approx(fisher_exact([[3, 1], [1, 3]]).pvalue, abs=1e-12)
    assert abs(theirs.p_value - own.p_value) > 0.005


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of alibi-detect's own statistics, which still compute."""
    from alibi_detect.cd import ChiSquareDrift, KSDrift

    seen: list[str] = []

    def spied(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def score(*arguments: Any) -> Any:
            seen.append(name)
            return real(*arguments)

        return score

    for detector in (KSDrift, ChiSquareDrift):
        real = detector.feature_score
        monkeypatch.setattr(detector, "feature_score", spied(real, detector.__name__))
    return seen


TABLES = TwoSamples(
    pd.DataFrame({"x": np.arange(900.0), "code": [1.0, 2, 3] * 300, "c": ["a", "b"] * 450}),
    pd.DataFrame({"x": np.arange(900.0) ** 1.1, "code": [1.0, 2, 2] * 300, "c": ["a", None] * 450}),
    ("x", "code"),
    ("c",),
)


@pytest.mark.parametrize("engine", ["alibi", "native"])
def test_alibi_detect_computes_what_is_labelled_so(engine: Engine, calls: list[str]) -> None:
    findings = find_drift(TABLES, DriftSettings(engine=engine))
    alibis = [finding.test for finding in findings if "alibi-detect 0.13" in str(finding.engine)]
    own = [finding.test for finding in findings if "driftloop " in str(finding.engine)]
    assert sorted(alibis + own) == sorted(finding.test for finding in findings)
    if engine == "alibi":
        assert sorted(calls) == ["ChiSquareDrift"] * 2 + ["KSDrift"]  # few values are counted
        assert sorted(alibis) == ["chi2", "chi2", "ks"]
        assert sorted(own) == ["missing_rate", "vanished_category"]
    else:
        assert calls == alibis == []


def test_what_alibi_detect_says_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers changed, the findings follow."""
    from alibi_detect.cd import KSDrift

    monkeypatch.setattr(
        KSDrift, "feature_score", lambda *_: (np.array([0.25], "f4"), np.array([0.5], "f4"))
    )
    x = next(finding for finding in find_drift(TABLES, DriftSettings()) if finding.test == "ks")
    assert (x.p_value, x.statistic) == (0.25, 0.5)


def test_a_detector_of_its_own_computes_under_any_engine() -> None:
    class Mean(NumericDetector):
        kind: str

        def test(self, pair: NumericPair) -> TestResult:
            return TestResult("mean", float(pair.current.mean()), 0.5)

    pair = NumericPair.of(np.arange(50.0), np.arange(50.0))
    for engine in ("alibi", "native"):
        result = run_test(Mean(kind="mean"), pair, engine)  # type: ignore[arg-type]
        assert (result.test, result.engine) == ("mean", __name__.partition(".")[0])


def test_large_values_keep_their_digits() -> None:
    """Money in cents and time stamps exceed what float32 can tell apart (2**24)."""
    left = 1.7e9 + np.arange(300.0)
    expected = ks_2samp(left, left + 150, method="asymp")
    for result in by_both(KolmogorovSmirnov(), NumericPair.of(left, left + 150)):
        assert result.statistic == pytest.approx(expected.statistic, abs=1e-6)


def test_alibi_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for, it is an error; left to the default, driftloop computes."""
    monkeypatch.setattr(alibi, "find_spec", lambda _: None)
    assert DriftSettings().engine == "native"
    with pytest.raises(ConfigError, match=r"not installed; set drift.engine: native, or install"):
        alibi.require_alibi()


@pytest.mark.parametrize("written", [{"engine": "scipy"}, {"numeric": {"engine": "scipy"}}])
def test_the_engines_former_name_and_place(written: dict[str, Any]) -> None:
    """Configurations of older versions say what they said."""
    tests = {"numeric": {"kind": "ks"}, "categorical": {"kind": "chi2"}}
    merged = {name: {**test, **written.get(name, {})} for name, test in tests.items()}
    old = DriftSettings.model_validate({**written, **merged})
    assert old == DriftSettings(engine="native")
    assert DriftSettings.model_validate({"categorical": {"kind": "chi2", "engine": "alibi"}}) == (
        DriftSettings()
    )


def test_tests_and_effects_of_single_features() -> None:
    single = {
        "x": {"test": {"kind": "chi2"}, "effect": {"kind": "wasserstein", "floor": 0.2}},
        "c": {"effect": {"kind": "cramers_v"}},
    }
    findings = find_drift(TABLES, DriftSettings.model_validate({"features": single}))
    of = {finding.name: finding for finding in findings if finding.test in ("ks", "chi2")}
    assert (of["x"].test, of["x"].effect, of["x"].effect_floor) == ("chi2", "wasserstein", 0.2)
    assert (of["code"].test, of["code"].effect) == ("chi2", "psi")
    assert of["c"].effect == "cramers_v"


def test_transformers_is_not_imported_with_alibi_detect() -> None:
    code = (
        "import sys, numpy as np; from driftloop.drift.alibi import alibi_ks; "
        "alibi_ks(np.arange(9.0), np.arange(9.0)); print('transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
