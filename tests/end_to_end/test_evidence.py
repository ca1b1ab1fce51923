"""What a run says beside the single features: predictions, joint test, label, kinds of trouble."""

from pathlib import Path

import pytest
from workshop import look, monday, small_config, write_config

from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from driftloop.drift.confirmation import column_hash
from tasks.registry.opening import open_registry

pytestmark = pytest.mark.usefixtures("prefect_server")


def by_role(record: MonitorRecord) -> dict[str, str]:
    return {
        finding.role: finding.status for finding in record.findings if finding.role != "feature"
    }


def test_healthy_week_has_no_trouble(championed: Path) -> None:
    record = look(championed, 9, dry_run=True)
    assert record.troubles == ()
    assert by_role(record) == {"prediction": "ok"}
    assert record.label is not None
    assert (record.label.role, record.label.status) == ("label", "ok"), record.label.sentence


def test_kinds_of_trouble_are_told_apart(championed: Path) -> None:
    """Broken feed, a harmless season, and a new kind of fraud."""
    broken, travel, takeover = (look(championed, week, dry_run=True) for week in (12, 15, 20))
    assert [trouble.kind for trouble in broken.troubles] == ["data_quality"]
    assert [trouble.kind for trouble in travel.troubles] == ["covariate_shift"]
    assert "no labels of that period have arrived yet" in travel.troubles[0].sentence
    assert "concept_drift" in [trouble.kind for trouble in takeover.troubles]
    assert takeover.performance.estimated is not None
    assert takeover.performance.high is not None
    assert takeover.performance.estimated > takeover.performance.high


def test_findings_carry_the_champions_importances(championed: Path) -> None:
    record = look(championed, 15, dry_run=True)
    weights = {
        finding.name: finding.importance for finding in record.findings if finding.role == "feature"
    }
    assert all(weight is not None for weight in weights.values())
    assert sum({**weights}.values()) == pytest.approx(1, abs=0.01)  # type: ignore[arg-type]
    drifted = [one.weight for one in record.drifted]
    assert drifted == sorted(drifted, reverse=True)


def test_joint_test_is_asked_for_by_name(championed: Path) -> None:
    config = small_config(drift={"multivariate": {"kind": "domain_classifier", "rows": 1000}})
    write_config(championed, config)
    healthy, travel = (look(championed, week, dry_run=True) for week in (9, 15))
    assert by_role(healthy)["joint"] == "ok"
    assert by_role(travel)["joint"] == "drift"
    (joint,) = (finding for finding in travel.findings if finding.role == "joint")
    assert "A classifier separates new rows from the reference with AUC" in joint.sentence
    assert "features drifted together" in travel.verdict.sentence


def test_drift_that_asks_for_confirmation_waits_for_it(championed: Path) -> None:
    write_config(championed, small_config(drift={"confirm": "2 of 2"}))
    first = look(championed, 15)
    assert first.verdict.status == "warning"
    assert first.decision.action == "none"
    (run,) = open_registry(Workspace(championed)).finished("payments", "monitor")
    marks = run.tags.seen or ()
    hit = next(finding for finding in first.findings if finding.unconfirmed)
    assert column_hash(hit.name) in marks
    second = look(championed, 16)
    assert second.verdict.status == "drift"


def test_segments_are_judged_in_a_run(championed: Path) -> None:
    config = small_config()
    write_config(championed, config | {"segments": ["device", "entry_mode"]})
    record = look(championed, 9, dry_run=True)
    assert record.verdict.status == "ok", record.verdict.sentence
    parts = record.performance.segments
    assert {part.segment.split("=")[0] for part in parts} == {"device", "entry_mode"}
    assert {part.status for part in parts} == {"ok"}
    assert [hit for hit in record.findings if hit.role == "segment"] == []
    write_config(championed, config | {"segments": ["branch"]})
    assert "no column `branch`" in str(look(championed, 9, dry_run=True).findings)


def test_a_first_run_looks_back_and_the_state_says_the_headline(championed: Path) -> None:
    """Week 17 is the third of the season of travel; no run saw the first two."""
    from flows.monitor import monitor

    state = monitor(
        "payments", as_of=monday(18), workspace=str(championed), dry_run=True, return_state=True
    )
    record = state.result()
    assert isinstance(record, MonitorRecord)
    assert state.message == record.headline
    assert record.headline.startswith("inputs drifted")
    assert (record.window.start, record.since) == (monday(17), monday(15))
