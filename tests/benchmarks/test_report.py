"""Tables, ratios, intervals and the command line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from benchmarks import classical, elec2, fleet_report, overhead_report, rates, speed
from benchmarks.__main__ import main
from benchmarks.page import number, replace_part, table
from benchmarks.rates_report import delay_cell
from benchmarks.runners.evidently import drifted_columns
from benchmarks.speed_report import row, size_tables


def result(tool: str, **more: object) -> dict:
    size = speed.Size(1_000, 20)
    about = {"tool": tool, "rows": 1_000, "numeric": 20, "categorical": 10}
    measured = {"seconds": [2.0, 1.0, 9.0], "processor_seconds": [1.0, 0.5, 3.0], "peak_mb": 10.0}
    return about | measured | {"drifted": [*size.drifted[:4], "number_001"]} | more


def test_ratios_are_of_medians_and_a_limit_is_a_lower_bound() -> None:
    slow = {k: v for k, v in result("evidently", over=900.0).items() if k != "seconds"}
    found = speed.ratios([result("driftloop"), result("scipy", processor_seconds=[15.0]), slow])
    assert found == {"driftloop": 1.0, "scipy": 15.0, "evidently": 450.0}
    assert speed.ratios([result("scipy")]) == {}
    assert speed.median([4.0, 1.0, 3.0, 2.0]) == 2.5


def test_the_row_of_a_tool_tells_found_columns_from_others() -> None:
    assert speed.hits(result("scipy")) == (4, 6, 1, 24)
    cells = row(result("scipy"), {"scipy": 15.0}, {})
    assert cells[1:] == ["1.00", "15.0", "-", "10.0", "2.00", "4/6", "1/24"]
    over = row(result("evidently", over=900.0), {"evidently": 450.0}, {})
    assert over[1:6] == ["-", "over 450", "-", "-", "over 900"]
    assert "### 1 000 rows, 20 numeric" in size_tables([result("driftloop"), result("scipy")])


def test_a_large_size_states_both_sides_and_the_profile_has_no_verdict() -> None:
    more = {"rows": 3_000, "rows_current": 1_000, "large": True}
    found = size_tables([result("driftloop-profile", drifted=[], **more)])
    assert "### 3 000 rows against 1 000, 20 numeric" in found
    assert found.endswith("| 2.00 | - | - |")


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1 234"), (0.0, "0")],
)
def test_numbers_have_the_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text


def test_what_a_run_takes_is_told_as_it_was_measured() -> None:
    found = {
        "machine": "Measured here.",
        "warm_seconds": {
            "flow": [4.0, 2.0, 3.0],
            "without_heartbeats": [2.5],
            "computation": [0.5],
            "drawing": [1.0],
        },
        "warm_overhead_share": {"flow": 0.5, "without_heartbeats": 0.4},
        "cold_seconds": [9.0],
        "schedule_to_alert": [{"running": 1.0, "alert": 8.0}, {"running": 3.0}],
    }
    assert "cold start" not in overhead_report.text_of(found)
    found["starts"] = {"status": [0.9, 0.7, 0.8]}
    told = overhead_report.text_of(found)
    assert "| status | 0.80 (0.70 to 0.90) |" in told
    assert "| the run, as a worker does it | 3.00 (2.00 to 4.00) | 50% |" in told
    assert "until the flow begins | 2.00 (1.00 to 3.00) |" in told
    assert "until the alert arrives | 8.00 (8.00 to 8.00) |" in told
    assert "until the run ends | never |" in told


def test_the_cost_of_more_models_follows_from_the_largest_fleet() -> None:
    used = {"fleet": 50.0, "prefect": 8.0, "mlflow": 2.0}
    asked = {"prefect": 600, "mlflow": 400}
    ten = {"wall": 30.0, "processor": used, "models": 30.0, "peak_gb": 1.0, "requests": asked}
    small = {**ten, "models": 1.0}
    fleets = {"10 x 20000": {"three processes": ten}, "5 x 20000": {"three processes": small}}
    text = fleet_report.text_of({"machine": "Measured here.", "fleets": fleets})
    assert (
        "| 10 x 20000, three processes | 30.0 | 50.0 | 3.00 | 0.8 | 0.2 | 1.00 | 60.0 | 40.0 |"
        in text
    )
    assert "On paper: 20.0 s once and 4.00 s a model, both servers included." in text
    # 20 s and 400,000 s are 111 hours: 13.9 cores for eight; Prefect has 80,000 s of them.
    assert "| 100 000 | 111 | 13.9 | 2.78 | 208 |" in text
    assert "one process: with 36 000 models a night." in text


def test_a_second_worker_is_worth_what_models_took_less_of_the_clock() -> None:
    shared = {"wall": 30.0, "models": 30.0, "peak_gb": 1.0, "requests": {"prefect": 6, "mlflow": 4}}
    shared["processor"] = {"fleet": 50.0, "prefect": 8.0, "mlflow": 2.0}
    ways = {"one Dask worker": {**shared, "busy": 90.0}}
    fleets = {"10 x 20000": ways}
    assert "Dask worker and" not in fleet_report.text_of({"machine": "", "fleets": fleets})
    ways["two Dask workers"] = {**shared, "busy": 100.0}
    text = fleet_report.text_of({"machine": "", "fleets": fleets})
    assert "in 90.0 s by one Dask worker and in 50.0 s by two, 1.80 times as fast" in text


def test_the_page_tells_the_numbers_that_are_kept() -> None:
    kept = json.loads(overhead_report.KEPT.read_text())
    assert overhead_report.text_of(kept) in overhead_report.PAGE.read_text()


def test_a_part_is_replaced_and_the_prose_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- speed: begin -->\nold\n<!-- speed: end -->\nafter\n")
    replace_part(page, "speed", "new")
    assert page.read_text() == "before\n<!-- speed: begin -->\nnew\n<!-- speed: end -->\nafter\n"
    with pytest.raises(ValueError, match="put them back"):
        replace_part(page, "elec2", "new")


def test_the_wilson_interval_is_the_textbook_one() -> None:
    low, high = rates.wilson(1, 10)
    assert (low, high) == pytest.approx((0.01788, 0.40415), abs=1e-4)
    assert rates.wilson(0, 20)[0] == 0.0
    assert rates.wilson(20, 20)[1] == 1.0


def test_the_delay_is_the_first_alarm() -> None:
    found = rates.delays([[False, True, True], [True, False, False], [False] * 3])
    assert found == [2, 1, None]
    assert delay_cell(found) == "2 (2 of 3)"
    assert delay_cell([None, None, 1]) == "never (1 of 3)"


def test_runs_come_in_whole_cases() -> None:
    for scenario in rates.scenarios():
        for judge in rates.JUDGES:
            for effort in (0.02, 1.0):
                assert rates.runs_for(judge, scenario, effort) % scenario.windows == 0


def test_the_textbook_rules_are_the_textbook_ones() -> None:
    rng = np.random.default_rng(0)
    old = pd.DataFrame({"x": rng.poisson(5, 900).astype(float), "c": rng.choice(list("abc"), 900)})
    new = pd.DataFrame(
        {"x": rng.poisson(5.3, 400).astype(float), "c": rng.choice(list("abd"), 400)}
    )
    reference = classical.Reference(old, ["x"], ["c"])
    p = reference.p_values(new)
    assert p["x"] == pytest.approx(ks_2samp(old["x"], new["x"], method="asymp").pvalue, rel=1e-9)
    counts = [[sum(f["c"] == level) for level in "abcd"] for f in (old, new)]
    assert p["c"] == pytest.approx(chi2_contingency(counts).pvalue, rel=1e-9)
    golden = classical.psi_of(np.array([1, 2, 4, 2, 1]), np.array([15, 25, 30, 20, 10]))
    assert golden == pytest.approx(0.0601986403, abs=1e-10)


def test_evidently_drift_is_read_by_the_direction_of_its_method() -> None:
    def value(column: str, method: str, threshold: float, found: float) -> dict:
        config = {"type": "x:ValueDrift", "column": column, "method": method}
        return {"config": config | {"threshold": threshold}, "value": found}

    count = {"config": {"type": "x:DriftedColumnsCount"}, "value": {"count": 2.0}}
    values = [
        value("a", "K-S p_value", 0.05, 0.01),
        value("b", "Jensen-Shannon distance", 0.1, 0.2),
    ]
    calm = [value("c", "K-S p_value", 0.05, 0.2), value("d", "Wasserstein distance", 0.1, 0.01)]
    assert drifted_columns([count, *values, *calm]) == ["a", "b"]
    with pytest.raises(RuntimeError, match="counts 2"):
        drifted_columns([count, *calm])


def test_elec2_counts_weeks_before_the_break_and_the_first_that_names_it() -> None:
    start = pd.Timestamp("1997-04-21")
    names = [["nswprice"], [], ["vicprice"], ["vicprice", "transfer"]]
    weeks = [(start + i * elec2.WEEK, found) for i, found in enumerate(names)]
    found = elec2.summary(weeks, pd.Timestamp("1997-05-07"))
    assert (found["alarms_before"], found["weeks_before"]) == (1, 2)
    assert (found["alarms_after"], found["weeks_after"]) == (2, 2)
    assert found["days_to_find"] == 5.0
    assert found["first_named"] == {
        "vicprice": "1997-05-05",
        "vicdemand": None,
        "transfer": "1997-05-12",
    }


@pytest.mark.parametrize(
    ("command", "valid"), [("speed", speed.TOOLS), ("statistics", rates.JUDGES)]
)
def test_an_unknown_tool_names_the_valid_ones(
    command: str, valid: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main([command, "--tools", "alibo"])
    assert exited.value.code == 2
    said = capsys.readouterr().err
    assert "unknown: alibo" in said
    assert all(name in said for name in valid)


def test_missing_elec2_says_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["elec2", "--data", str(tmp_path / "none.csv")]) == 2
    assert "name it with --data" in capsys.readouterr().err
