"""What commands print at 80 columns: nothing is squeezed, nothing breaks a line."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Group

from driftloop.base.findings import Verdict
from driftloop.base.retrain_record import Champion
from driftloop.onboarding.result import NewWorkspace
from driftloop.reporting.status import ModelStatus, Statuses
from flows.cli.display.data import init_view
from flows.cli.display.monitoring import monitor_view, status_view
from flows.cli.session import plain_console
from tests.driftloop.alerts.messages.message_records import check, drifted, finding


def printed(parts: Any) -> list[str]:
    written = io.StringIO()
    plain_console(file=written, width=80).print(Group(*parts), crop=False)
    return written.getvalue().splitlines()


def test_a_line_per_changed_feature_and_the_rest_counted() -> None:
    moved = [finding(name, f"`{name}` rose {'very ' * 20}much.") for name in ("a", "b", "c")]
    calm = [finding(f"calm_{number}", "stayed", status="ok") for number in range(9)]
    lines = printed(monitor_view(drifted(findings=(*moved, *calm))))
    shown = [line for line in lines if line.startswith("  ▲")]
    assert [line.split()[1] for line in shown] == ["a", "b", "c"]
    assert "    9 unchanged; --all shows every result" in lines
    assert all(len(line) <= 80 for line in shown)


def test_broken_data_are_never_ok() -> None:
    calm = Verdict("ok", "No drift in 2 of 3 features.")
    first, *_ = printed(monitor_view(drifted(verdict=calm, quality=(check("amount", "Broken."),))))
    assert first.endswith(": data broken")


def test_all_shows_every_result_with_its_numbers() -> None:
    findings = finding("amount", "`amount` rose."), finding("x", "`x` stayed.", status="ok")
    lines = printed(monitor_view(drifted(findings=findings), everything=True))
    places = [lines.index(line) for line in lines if line.startswith(("  ▲ amount", "  ✓ x"))]
    assert len(places) == 2
    assert all("adjusted p" in lines[place + 1] for place in places)


def test_status_keeps_year_verdict_and_date() -> None:
    common: dict[str, Any] = {
        **{"champion": "12", "promoted_at": None, "trained_until": None, "score": 0.93456},
        **{"metric": "average_precision", "as_of": datetime(2026, 6, 15, tzinfo=UTC)},
        "empty_as_of": None,
        **{"outcome": "inconclusive", "headline": "not judged"},
        **{"verdict": "inconclusive", "performance": "ok", "action": "retrain", "sentence": None},
        "incident_since": datetime(2026, 5, 18, tzinfo=UTC),
        **{"incident_severity": "page", "muted_until": None, "waiting": 2},
    }
    models = tuple(ModelStatus(model=name, **common) for name in ("a-model-with-a-long-name", "b"))
    lines = printed(status_view(Statuses(models)))
    assert all(len(line) <= 80 for line in lines)
    shown = [line for line in lines if "not judged" in line]
    assert len(shown) == 2
    for words in ("2026-06-15", "v12", "average precision 0.935", "retrain"):
        assert all(words in line for line in shown)
    assert lines[-1] == "b: incident (page) since 2026-05-18, 2 waiting to be sent"


def test_init_ends_with_commands_that_can_be_pasted_with_the_date_it_knows() -> None:
    root, begun = f"/srv/{'long/' * 20}workspace", datetime(2026, 5, 25, tzinfo=UTC)
    new = NewWorkspace(
        *("churn", root, "churn.yaml", "a1b2", 3000, 20, begun, (), (), Champion("1")),
        *(0.8, "roc_auc", "3,000 rows in 20 batches."),
    )
    known = replace(new, newest=begun)
    assert f"  driftloop monitor churn --workspace {root} --as-of 2026-05-25T00:00" in printed(
        init_view(known)
    )
    assert f"  driftloop monitor churn --workspace {root}  # once new rows have come" in printed(
        init_view(new)
    )
