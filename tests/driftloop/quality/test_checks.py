from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.base.findings import QualityFinding
from driftloop.drift.judge import measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Features, build_profile
from driftloop.profiling.variation import NO_WINDOWS, WindowRows
from driftloop.quality.base import QualityCheck, QualityInputs
from driftloop.quality.checks import (
    DEFAULT_CHECKS,
    DuplicateKeys,
    MissingRate,
    Range,
    Schema,
    StrayValue,
    UnitChange,
    UnseenCategories,
    check_quality,
)
from tests.driftloop.cases import FAST

RNG = np.random.default_rng(0)
N = 400
AMOUNT = RNG.lognormal(3, 1, N)
COUNTRY = RNG.choice(["PL", "DE", "FR"], N).astype(object)


def table(**changes: Any) -> pd.DataFrame:
    columns = {"amount": AMOUNT, "country": COUNTRY, "id": np.arange(N)}
    return pd.DataFrame({**columns, **changes})


def sample(
    current: pd.DataFrame, reference: pd.DataFrame | None = None, windows: WindowRows = NO_WINDOWS
) -> QualityInputs:
    before = table() if reference is None else reference
    return glanced(current, before, "id", windows=windows)


def glanced(
    current: pd.DataFrame,
    before: pd.DataFrame,
    key: str | None,
    ignore: tuple[str, ...] = (),
    windows: WindowRows = NO_WINDOWS,
) -> QualityInputs:
    features = Features(("amount",), ("country",))
    settings = DriftSettings(**FAST, ignore=ignore)
    profile = build_profile(FrameColumns(before), features, settings.effect_sizes, windows)
    options = MeasuringOptions(settings, 0.01, summaries_only=True)
    measured = measure_features(profile, FrameColumns(current), features, options)
    return QualityInputs(
        FrameColumns(current), {one.summary.name: one.summary for one in measured}, key
    )


def said(check: QualityCheck, current: pd.DataFrame, **more: Any) -> dict[str | None, str]:
    findings = check.check(sample(current, **more))
    assert all(
        finding.check == check.kind and finding.sentence.endswith((".", "?"))
        for finding in findings
    )
    return {finding.column: finding.status for finding in findings}


def with_gaps(share: float) -> Any:
    return np.where(np.arange(N) < share * N, np.nan, AMOUNT)


def test_healthy_window_passes_every_default() -> None:
    findings = check_quality(sample(table()), DEFAULT_CHECKS)
    assert [finding.status for finding in findings] == ["ok"] * len(DEFAULT_CHECKS)


def test_window_without_rows_has_nothing_to_check() -> None:
    (only,) = check_quality(sample(table().iloc[:0]), DEFAULT_CHECKS)
    assert only == QualityFinding("rows", None, "inconclusive", "The window has no rows.")


def test_schema_names_every_fault() -> None:
    assert said(Schema(), table()) == {None: "ok"}
    assert said(Schema(), table().drop(columns="amount")) == {"amount": "failed"}
    assert said(Schema(), table(amount="1,5")) == {"amount": "failed"}
    both = table(amount="1,5").drop(columns="country")
    assert said(Schema(), both) == {"amount": "failed", "country": "failed"}
    assert said(Schema(), table(extra=1)) == {None: "ok"}


def test_schema_accepts_another_width_of_number() -> None:
    assert said(Schema(), table(amount=np.arange(N, dtype="int16"))) == {None: "ok"}
    assert said(Schema(), table(amount=np.full(N, None))) == {None: "ok"}


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        (0.0, 0.85, "failed"),
        (0.0, 0.15, "failed"),
        (0.0, 0.09, None),
        (0.5, 0.62, None),
        (0.5, 0.75, "failed"),
    ],
)
def test_missing_rate_against_its_past(before: float, now: float, status: str | None) -> None:
    reference = table(amount=with_gaps(before))
    found = said(MissingRate(), table(amount=with_gaps(now)), reference=reference)
    assert found == ({"amount": "failed"} if status else {None: "ok"})


def test_missing_rate_that_falls_is_fine() -> None:
    reference = table(amount=with_gaps(0.9))
    assert said(MissingRate(), table(), reference=reference) == {None: "ok"}


@pytest.mark.parametrize("factor", [100.0, 0.01, 1000.0, 60.0])
def test_unit_change(factor: float) -> None:
    (finding,) = UnitChange().check(sample(table(amount=AMOUNT * factor)))
    assert (finding.column, finding.status) == ("amount", "failed")
    assert finding.value == pytest.approx(factor)
    words = f"{factor:g} times larger" if factor > 1 else f"{1 / factor:g} times smaller"
    assert words in finding.sentence


@pytest.mark.parametrize(
    "current", [AMOUNT * 1.5, AMOUNT * 4, AMOUNT + 100, np.zeros(N), -AMOUNT * 100, with_gaps(0.95)]
)
def test_other_changes_are_no_unit_change(current: Any) -> None:
    assert said(UnitChange(), table(amount=current)) == {None: "ok"}


@pytest.mark.parametrize("factor", [1000.0, 100.0, 0.01, 0.001])
def test_a_part_of_the_feed_in_another_unit(factor: float) -> None:
    """Hardly any drift by effect size, and one value in ten of no use to the model."""
    part = np.where(np.arange(N) % 10 == 0, AMOUNT * factor, AMOUNT)
    (finding,) = UnitChange().check(sample(table(amount=part)))
    assert (finding.column, finding.status) == ("amount", "failed")
    assert 0.05 < (finding.value or 0) <= 0.1
    words = f"{factor:g} times larger" if factor > 1 else f"{1 / factor:g} times smaller"
    assert f"of the values of `amount` look {words}" in finding.sentence
    assert said(UnitChange(share=0.11), table(amount=part)) == {None: "ok"}


@pytest.mark.parametrize("reach", [2.0, 5.0])
def test_longer_tails_are_no_other_unit(reach: float) -> None:
    middle = np.median(AMOUNT)
    tails = np.where(np.arange(N) % 20 == 0, (AMOUNT - middle) * reach + middle, AMOUNT)
    assert said(UnitChange(), table(amount=tails)) == {None: "ok"}
    assert said(UnitChange(), table(amount=(AMOUNT - middle) * reach + middle)) == {None: "ok"}


def test_unit_change_needs_factors_that_convert() -> None:
    for factor in (0.0, -10.0):
        with pytest.raises(ValueError, match="factors"):
            UnitChange(factors=(factor,))


def test_unseen_categories() -> None:
    assert said(UnseenCategories(), table()) == {None: "ok"}
    renamed = table(country=np.char.lower(COUNTRY.astype(str)))
    assert said(UnseenCategories(), renamed) == {"country": "failed"}
    few = np.where(np.arange(N) < 40, "IT", COUNTRY)
    assert said(UnseenCategories(), table(country=few)) == {None: "ok"}
    assert said(UnseenCategories(limit=0.05), table(country=few)) == {"country": "failed"}
    assert said(UnseenCategories(), renamed.iloc[:29]) == {None: "ok"}  # too few to say


def test_a_column_that_has_always_had_new_categories_may_go_on() -> None:
    """Names of which every second occurs once promise that half of the rows bring new ones."""
    names = np.array([f"n{row}" if row % 2 else "often" for row in range(N)], dtype=object)
    later = np.array([f"m{row}" if row % 2 else "often" for row in range(N)], dtype=object)
    check = UnseenCategories(limit=0.3)
    assert said(check, table(country=later), reference=table(country=names)) == {None: "ok"}
    every = np.array([f"m{row}" for row in range(N)], dtype=object)
    found = said(check, table(country=every), reference=table(country=names))
    assert found == {"country": "failed"}


def test_a_column_that_is_not_tested_for_drift_may_have_new_categories() -> None:
    july, august = (table(country=[month] * N) for month in ("July", "August"))
    assert said(UnseenCategories(), august, reference=july) == {"country": "failed"}
    found = UnseenCategories().check(glanced(august, july, "id", ("country",)))
    assert [finding.status for finding in found] == ["ok"]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"minimum": 0}, "ok"),
        ({"maximum": 10}, "failed"),
        ({"minimum": 10}, "failed"),
        ({"maximum": 10, "tolerance": 0.99}, "ok"),
        ({"minimum": float(AMOUNT.min()), "maximum": float(AMOUNT.max())}, "ok"),
    ],
)
def test_range(settings: dict[str, float], status: str) -> None:
    assert said(Range(column="amount", **settings), table()) == {"amount": status}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "current",
    [table().drop(columns="amount"), table(amount="x"), table(amount=np.nan)],
    ids=["absent", "text", "empty"],
)
def test_range_that_cannot_run(current: pd.DataFrame) -> None:
    assert said(Range(column="amount", minimum=0), current) == {"amount": "inconclusive"}


@pytest.mark.parametrize("bounds", [{"minimum": 5, "maximum": 1}, {}])
def test_range_that_cannot_be_meant_is_refused(bounds: dict[str, float]) -> None:
    """No value passes the first and every value the second."""
    with pytest.raises(ValueError, match=r"minimum|maximum"):
        Range(column="amount", **bounds)  # type: ignore[arg-type]


def test_duplicate_keys() -> None:
    assert said(DuplicateKeys(), table()) == {"id": "ok"}
    repeated = table(id=np.r_[0, np.arange(N - 1)])
    assert said(DuplicateKeys(), repeated) == {"id": "failed"}
    assert said(DuplicateKeys(limit=0.01), repeated) == {"id": "ok"}
    assert said(DuplicateKeys(), table().drop(columns="id")) == {"id": "inconclusive"}
    keyless = glanced(table(), table(), None)
    assert DuplicateKeys().check(keyless) == ()


def with_value(value: float, rows: int = 24, base: Any = AMOUNT) -> Any:
    return np.where(np.arange(N) < rows, value, base)


CALLS = np.random.default_rng(1).poisson(2.0, N).clip(0, 7).astype(float)


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (AMOUNT, with_value(-999), "failed"),
        (AMOUNT, with_value(-1), "failed"),  # no amount was negative
        (AMOUNT, with_value(1e6), "failed"),
        (AMOUNT, with_value(-999, rows=8), "ok"),  # as many as the limit allows
        (AMOUNT, with_value(float(np.median(AMOUNT))), "ok"),
        (AMOUNT, np.where(np.arange(N) < 24, 1e6 + np.arange(N), AMOUNT), "ok"),  # all different
        (-AMOUNT, with_value(-1e6, base=-AMOUNT), "failed"),
        (CALLS, with_value(99, base=CALLS), "failed"),
        (CALLS, with_value(-1, base=CALLS), "failed"),
        (CALLS, with_value(8, base=CALLS), "ok"),  # the next higher count
        (np.resize([10, 20, 30], N), with_value(60, base=np.resize([10, 20, 30], N)), "ok"),
        (
            CALLS,
            np.where(np.arange(N) < 60, np.resize([8, 9, 10], N), CALLS),
            "ok",
        ),  # a longer tail
        (np.zeros(N), with_value(1, base=np.zeros(N)), "ok"),  # that it varies is for drift
        (AMOUNT[:29], with_value(-999)[:29], "ok"),  # too few to say
        (np.resize([-1e308, 1e308, 0, 1], N), with_value(1.7e308), "ok"),
    ],
)
def test_a_code_for_missing_values_is_found(before: Any, after: Any, status: str) -> None:
    rows = len(before)
    reference = table().iloc[:rows].assign(amount=before)
    current = table().iloc[: len(after)].assign(amount=after)
    found = StrayValue().check(sample(current, reference))
    assert [finding.status for finding in found] == [status]


MONTHS = np.repeat(np.arange(4), N // 4)
RATE = np.array([1.1, 1.4, 1.4, 1.2])[MONTHS]
DAILY = 4.9 + 0.02 * MONTHS + np.linspace(0, 0.01, N)


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (RATE, np.full(N, -0.1), "ok"),
        (RATE, np.where(np.arange(N) < 150, -0.1, -1.8), "ok"),  # it moved within the window
        (RATE, with_value(-999, base=RATE), "failed"),
        (DAILY, np.where(np.arange(N) < 40, 5.02, DAILY), "ok"),  # 0.05 beyond a range of 0.07
        (DAILY, with_value(-999, base=DAILY), "failed"),
        (DAILY, np.linspace(1.2, 1.4, 12)[np.arange(N) % 12], "ok"),
    ],
)
def test_what_moved_from_window_to_window_may_go_on(before: Any, after: Any, status: str) -> None:
    """Rates that a month, or a day, has one of, as a feature of each row."""
    windows = WindowRows(MONTHS.astype(np.int16), 4, 30)
    reference, current = table(amount=before), table(amount=after)
    found = StrayValue().check(sample(current, reference, windows=windows))
    assert [finding.status for finding in found] == [status]


@pytest.mark.parametrize(
    "after",
    [
        np.where(np.arange(N) < 200, np.resize([1e6, 2e6, 3e6, 4e6, 5e6], N), AMOUNT),
        np.resize(np.linspace(1000, 1100, 20), N),
    ],
)
def test_many_values_beyond_the_range_are_another_world(after: Any) -> None:
    (found,) = StrayValue().check(sample(table(amount=after), table(amount=AMOUNT)))
    assert found.status == "ok"


def test_a_constant_that_varies_at_last_has_no_renamed_codes() -> None:
    before = table(country="DE")
    after = table(country=np.resize(["DE", "PL", "FR"], N))
    assert set(said(UnseenCategories(), after, reference=before).values()) == {"ok"}


def test_a_code_for_missing_values_is_named_with_its_share_and_the_range() -> None:
    before = table(amount=np.linspace(0.5, 400, N))
    (found,) = StrayValue().check(sample(table(amount=with_value(-999)), before))
    assert found.sentence == (
        "`amount` is -999 in 6.0% of its values, far outside the reference's 0.5 to 400: a code "
        "for missing?"
    )
    assert (found.value, found.limit) == (24 / N, 0.02)


@pytest.mark.parametrize("check", [MissingRate(), UnitChange(), UnseenCategories(), StrayValue()])
@pytest.mark.parametrize("side", ["current", "reference"])
def test_check_that_saw_nothing_does_not_pass(check: QualityCheck, side: str) -> None:
    """No feature could be read on one side: 'no feature lost its values' is not known."""
    bare = pd.DataFrame({"id": np.arange(N)})
    found = said(check, bare) if side == "current" else said(check, table(), reference=bare)
    assert "ok" not in found.values()


def test_check_against_a_reference_without_rows_does_not_pass() -> None:
    assert "ok" not in said(MissingRate(), table(amount=np.nan), reference=table()[:0]).values()
