import pytest

from driftloop.base.findings import Finding
from driftloop.drift.confirmation import DriftHistory, column_hash, confirm, drifted_column_hashes
from driftloop.drift.judge import JudgingCriteria, judge_findings
from driftloop.drift.settings import Confirmation, DriftSettings, parse_confirmation
from tests.driftloop.cases import finding, past

TWO_OF_THREE = Confirmation(2, 3)


def seen(*runs: str) -> DriftHistory:
    return DriftHistory(tuple(frozenset(map(column_hash, run.split())) for run in runs))


def status(earlier: DriftHistory, asked: Confirmation = TWO_OF_THREE) -> str:
    (found,) = confirm((finding("a", "drift"),), earlier, asked)
    assert found.unconfirmed == (found.status == "warning")
    return found.status


def test_drift_counts_once_enough_runs_have_seen_it() -> None:
    assert status(seen()) == "warning"
    assert status(seen("a")) == "drift"
    assert status(seen("", "a")) == "drift"
    assert status(seen("", "", "a")) == "warning"
    assert status(seen("b", "b")) == "warning"
    assert status(seen(), Confirmation(1, 1)) == "drift"


def test_unconfirmed_drift_says_so_and_is_remembered() -> None:
    (found,) = confirm((finding("a", "drift"),), seen(), TWO_OF_THREE)
    assert "Seen in 1 of the last 3 runs; it counts as drift from 2 on." in found.sentence
    assert drifted_column_hashes((found, finding("b"))) == [column_hash("a")]


def test_only_drift_asks_for_confirmation() -> None:
    quiet: tuple[Finding, ...] = (finding("a"), finding("b", "warning"))
    assert confirm(quiet, seen(), TWO_OF_THREE) == quiet


def test_past_runs_of_another_champion_and_blind_ones_do_not_count() -> None:
    mark = frozenset({column_hash("a")})
    history = (
        past(1, "inconclusive", seen=mark),
        past(2, "drift", seen=mark),
        past(3, "drift", seen=mark, champion="6"),
        past(4, kind="retrain", seen=mark),
    )
    assert DriftHistory.from_runs(history, "7").runs == (mark,)


def test_confirmation_is_written_as_k_of_n() -> None:
    assert DriftSettings(confirm="2 of 3").confirm == TWO_OF_THREE  # type: ignore[arg-type]
    assert DriftSettings().model_dump(mode="json")["confirm"] == "1 of 1"


@pytest.mark.parametrize("value", ["3 of 2", "0 of 1", "two of three", "1 of 99", 2])
def test_confirmation_that_cannot_be_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="of"):
        parse_confirmation(value)


def test_looking_back_asks_for_no_confirmation() -> None:
    """Where the change began is told from single windows, or it would never be found."""
    settings = DriftSettings(confirm="2 of 2")  # type: ignore[arg-type]
    raw = (finding("a", p_value=1e-9, effect=0.5),)
    (alone,) = judge_findings(raw, JudgingCriteria(settings, 0.01))
    (asked,) = judge_findings(raw, JudgingCriteria(settings, 0.01, {}, DriftHistory()))
    assert (alone.status, asked.status) == ("drift", "warning")
