import pytest

from driftloop.base.findings import Finding, QualityFinding, Verdict
from driftloop.decision.verdict import judge_window
from tests.driftloop.cases import check, finding


def judged(*findings: Finding, quality: tuple[QualityFinding, ...] = ()) -> Verdict:
    return judge_window(findings, quality, rows=1000, minimum=100)


def test_window_without_rows() -> None:
    verdict = judge_window((finding("a", "drift"),), (), rows=0, minimum=100)
    assert verdict == Verdict("inconclusive", "The window has no rows: nothing was tested.")


@pytest.mark.parametrize(("rows", "status"), [(1, "inconclusive"), (99, "inconclusive")])
def test_few_rows_conclude_nothing(rows: int, status: str) -> None:
    verdict = judge_window((finding("a", "drift"),), (), rows=rows, minimum=100)
    assert verdict.status == status
    assert f"{rows} rows, 100 are needed" in verdict.sentence


def test_enough_rows_do() -> None:
    assert judge_window((finding("a"),), (), rows=100, minimum=100).status == "ok"


def test_no_findings_are_inconclusive() -> None:
    assert judged().status == "inconclusive"


def test_drift_is_named_largest_first() -> None:
    verdict = judged(finding("a"), finding("b", "drift", 0.2), finding("c", "drift", 0.9))
    assert verdict == Verdict("drift", "2 of 3 features drifted: c, b.")


def test_feature_with_two_drifted_tests_counts_once() -> None:
    verdict = judged(
        finding("a", "drift"), finding("a", "drift", test="missing_rate"), finding("b")
    )
    assert verdict.sentence.startswith("1 of 2 features drifted: a.")


@pytest.mark.parametrize(
    ("unknown", "known", "status"), [(2, 2, "inconclusive"), (2, 3, "ok"), (4, 0, "inconclusive")]
)
def test_most_features_must_be_judged(unknown: int, known: int, status: str) -> None:
    blind = [finding(f"u{i}", "inconclusive", None) for i in range(unknown)]
    verdict = judged(*blind, *(finding(f"k{i}") for i in range(known)))
    assert verdict.status == status
    assert "Not judged: u0" in verdict.sentence


def test_values_that_could_not_be_tested_are_named() -> None:
    """A column nearly all missing in both windows: its rate is as before, its values unknown."""
    nearly_empty = [
        one
        for name in ("a", "b", "c")
        for one in (
            finding(name, "inconclusive", None, test="none"),
            finding(name, "ok", 0.0, test="missing_rate"),
        )
    ]
    verdict = judged(*nearly_empty, finding("d"))
    assert "Not judged: a, b, c" in verdict.sentence
    assert verdict.status == "inconclusive"


def test_drift_is_seen_beside_many_unknown_features() -> None:
    blind = [finding(f"u{i}", "inconclusive", None) for i in range(9)]
    assert judged(*blind, finding("a", "drift")).status == "drift"


def test_broken_column_is_not_called_drift() -> None:
    findings = finding("a", "drift"), finding("b"), finding("c")
    verdict = judged(*findings, quality=(check("a"),))
    assert verdict.status == "inconclusive", "broken data are never ok"
    assert verdict.sentence == "Data broken (a): whether the rest drifted was not concluded."


def test_drift_beside_a_broken_column_is_still_drift() -> None:
    verdict = judged(finding("a", "drift"), finding("b", "drift"), quality=(check("a"),))
    assert verdict.sentence == "Data broken (a). 1 of 2 features drifted: b. Not judged: a."


def test_only_failed_checks_set_a_column_aside() -> None:
    quality = check("a", "ok"), check("a", "inconclusive"), check(None, "failed")
    assert judged(finding("a", "drift"), quality=quality).status == "drift"


def test_all_columns_broken() -> None:
    verdict = judged(finding("a", "drift"), quality=(check("a"),))
    assert verdict.status == "inconclusive"


def test_warning() -> None:
    verdict = judged(finding("a", "warning"), finding("b"))
    assert verdict == Verdict("warning", "a changed, but not enough to count as drift.")
    assert judged(finding("a", "warning"), finding("b", "drift")).status == "drift"


def test_drift_that_the_champion_hardly_uses_is_a_warning() -> None:
    moved = finding("a", "drift", importance=0.001), finding("b", importance=0.999)
    verdict = judge_window(moved, (), 1000, 100, 0.01)
    told = "1 of 2 features drifted: a; the champion hardly uses what drifted."
    assert verdict == Verdict("warning", told)
    assert judge_window(moved, (), 1000, 100, 0.0).status == "drift"
    unknown = finding("a", "drift"), finding("b")
    assert judge_window(unknown, (), 1000, 100, 0.5).status == "drift"
    prediction = finding("prediction", "drift", role="prediction")
    both = judge_window((*moved, prediction), (), 1000, 100, 0.01)
    assert both.status == "drift"
    assert "the champion's predictions drifted" in both.sentence


def test_drifted_features_are_named_by_what_they_mean_to_the_champion() -> None:
    verdict = judged(
        finding("a", "drift", 0.9, importance=0.1), finding("b", "drift", 0.3, importance=0.6)
    )
    assert verdict.sentence == "2 of 2 features drifted: b, a."


def test_what_predictions_make_of_broken_data_is_not_drift() -> None:
    prediction = finding("prediction", "drift", role="prediction")
    verdict = judged(finding("a", "drift"), finding("b"), prediction, quality=(check("a"),))
    assert verdict.status != "drift"
