"""The dashboard: every model is on it, the most severe first, small, and safe."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from driftloop.reporting.business import business_series
from driftloop.reporting.dashboard.page import dashboard_page, sparkline
from driftloop.reporting.dashboard.rows import (
    ModelRow,
    dashboard_sentence,
    is_stale,
    most_severe_first,
)
from tests.driftloop.reporting.dashboard_cases import DAY, NOW, fleet, row
from tests.driftloop.reporting.report_cases import HOSTILE
from tests.driftloop.reporting.run_report.test_run_report import Outline


def rows_of(page: str) -> list[str]:
    return re.split(r"<tr\s", page.partition("<tbody>")[2].partition("</tbody>")[0])[1:]


def test_every_model_has_a_row_those_that_need_somebody_first() -> None:
    models = fleet(300)
    found = rows_of(dashboard_page(models, NOW))
    assert len(found) == 300
    assert "not evaluated" in found[0]
    assert "did you mean psi?" in found[0]
    kinds = [re.search('data-verdict="([a-z]+)"', one) for one in found]
    order = [kind[1] for kind in kinds if kind is not None]
    assert order[1:11] == ["broken"] * 2 + ["fell"] * 3 + ["drift"] * 5
    assert order[11] == "missing"


def test_what_could_not_be_evaluated_is_never_healthy() -> None:
    broken = ModelRow("a", "ok", problem="the registry could not be read")
    late = replace(row(1), stale=True)
    never = ModelRow("c", "missing")
    for one in (broken, late, never):
        assert one.unwatched
        assert one.troubled
    (found,) = rows_of(dashboard_page((broken,), NOW))
    assert "good" not in found
    assert "the registry could not be read" in found


def test_one_line_counts_everybody() -> None:
    said = dashboard_sentence(fleet(300))
    assert said == (
        "300 models: 1 that could not be evaluated, 10 with an open incident, 7 not watched, "
        "282 healthy."
    )
    blind = replace(row(1), outcome="empty", incident_since=NOW)
    trouble = replace(row(2), outcome="drift", incident_since=None)
    assert dashboard_sentence((blind, trouble, row(3))) == (
        "3 models: 1 with an open incident, 1 in trouble, 1 healthy."
    )
    assert dashboard_sentence((row(1),)) == "1 model: 1 healthy."
    assert dashboard_sentence(()) == "No model is configured."


@pytest.mark.parametrize(("days", "stale"), [(14.9, False), (15.1, True)])
def test_a_run_that_is_too_long_ago_is_stale(days: float, stale: bool) -> None:
    assert is_stale(NOW - days * DAY, NOW, 7) is stale


def test_five_hundred_models_of_long_names_stay_small() -> None:
    models = [
        replace(
            one,
            model=f"{one.model:x<63}",
            links=(("Run", "https://mlflow.example/#/runs/" + "0" * 32),) * 3,
            sentence="3 of 40 features drifted: `a_long_name`, `another_long_name` and 1 more. "
            * 2,
        )
        for one in fleet(500)
    ]
    assert len(dashboard_page(models, NOW).encode()) < 1_000_000


def test_everybody_can_find_their_way() -> None:
    page = dashboard_page(fleet(20), NOW)
    found = Outline(page)
    assert found.headings == [1]
    assert {"header", "main", "form", "caption"} <= set(found.tags)
    assert len(found.ids) == len(set(found.ids))
    assert page.count('scope="row"') == 20
    assert page.count("<button") == 7
    assert page.count('aria-sort="none"') == 7
    assert page.count("<script>") == 1


def test_a_trend_has_a_text_alternative() -> None:
    line = sparkline((0.8, None, 0.9), "roc_auc")
    assert line is not None
    assert line.alt_text == "ROC AUC of 2 runs: 0.800 to 0.900, between 0.800 and 0.900"
    model = replace(row(1), scores=(0.8, None, 0.9))
    page = dashboard_page((model,), NOW)
    assert f"<title>{line.alt_text}</title>" in page
    assert f'<polyline points="{line.points}"/>' in page
    assert sparkline((None, None), "roc_auc") is None
    assert sparkline((), None) is None


def test_a_flat_trend_stays_in_its_frame() -> None:
    line = sparkline((0.8, 0.8), "roc_auc")
    assert line is not None
    heights = [float(y) for y in re.findall(r"\d+,(\d+)", line.points)]
    assert len(heights) == 2
    assert all(0 <= y <= 26 for y in heights)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_break_nothing(hostile: str) -> None:
    one = replace(
        row(7, "drift"), model=hostile, sentence=hostile, rev=hostile, move=hostile, metric=hostile
    )
    page = dashboard_page((one, ModelRow("b", "ok", problem=hostile)), NOW)
    found = Outline(page)
    assert found.tags.count("script") == 1
    assert found.tags.count("style") == 1
    assert "img" not in found.tags


def test_an_address_that_runs_code_is_no_link() -> None:
    one = replace(row(1), report=None, links=(("Prefect", "javascript:alert(1)"),))
    assert "javascript:" not in dashboard_page((one,), NOW)


def test_order_is_the_same_whatever_comes_in() -> None:
    models = fleet(60)
    assert most_severe_first(models) == most_severe_first(reversed(models))


def test_ages_are_shown() -> None:
    one = replace(row(1), as_of=NOW - timedelta(hours=5), promoted_at=NOW - 12 * DAY, champion="4")
    said = Outline(dashboard_page((one,), NOW)).text
    assert "5 hours ago" in said
    assert "v4, 12 days" in said


def test_a_business_figure_is_drawn_beside_the_score() -> None:
    figures = [{"revenue": 10.0 + number} for number in range(6)]
    scores = [0.8, 0.81, 0.82, 0.83, 0.85, 0.9]
    (series,) = business_series(figures, scores, "roc_auc", {"revenue": "EUR"})
    assert series.sentence.startswith(
        "revenue 15.0 EUR; rank correlation with ROC AUC over 6 runs 1"
    )
    one = replace(row(1), business=(series,), balance="version 3 brought 90 EUR")
    page = dashboard_page((one,), NOW)
    assert "revenue of 6 runs: 10.0 to 15.0" in page
    assert "rank correlation with ROC AUC over 6 runs" in page
    assert "version 3 brought 90 EUR" in page
    assert len(re.findall("<polyline", page)) == 2
