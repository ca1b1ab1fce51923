"""The pictures of a report: alike each time, small, in the colours of the page, harmless."""

import re
import warnings
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from driftloop.base.records import MonitorRecord
from driftloop.reporting.html.svg import INKS
from driftloop.reporting.run_report.inputs import ReportFigures
from driftloop.reporting.run_report.page import report_page
from tasks.reporting.run_report_plots import draw_figures
from tests.driftloop.reporting.report_cases import (
    HOSTILE,
    categories,
    points,
    report_input,
    retrained,
)
from tools import alert_examples


def every(pictures: ReportFigures) -> list[str]:
    others = (pictures.performance, pictures.comparison, pictures.gain)
    return [*pictures.features.values(), *(other for other in others if other is not None)]


def texts(drawn: str) -> list[str]:
    tree = ElementTree.fromstring(drawn)
    return [one.text or "" for one in tree.iter() if one.tag.endswith("}text")]


def test_a_report_has_its_pictures() -> None:
    pictures = draw_figures(report_input())
    assert len(pictures.features) == 3
    assert None not in (pictures.performance, pictures.comparison, pictures.gain)
    for drawn in every(pictures):
        ElementTree.fromstring(drawn)
        assert "var(--" in drawn
        assert not [ink for ink in INKS.values() if ink in drawn]
        assert not re.search(r"#[0-9a-f]{6}\b(?!\")", drawn.replace("href=", "")), "a fixed colour"
        assert len(drawn) < 40_000


def test_pictures_are_the_same_each_time() -> None:
    assert draw_figures(report_input()) == draw_figures(report_input())


def test_no_two_pictures_of_a_page_share_an_id() -> None:
    made = report_input()
    page = report_page(replace(made, figures=draw_figures(made)))
    found = re.findall(r'\bid="([^"]+)"', page)
    assert len(found) > 20
    assert len(found) == len(set(found))


def test_the_score_over_time_marks_what_is_known() -> None:
    drawn = draw_figures(report_input()).performance
    assert drawn is not None
    assert {"no labels yet", "v7 live", "ROC AUC"} <= set(texts(drawn))
    assert "between 0.712 and 0.853, last 0.712 (0.694 to 0.729)" in drawn


def test_scores_of_another_metric_are_not_drawn_into_one_line() -> None:
    other = tuple(replace(point, metric="pr_auc") for point in points())
    drawn = draw_figures(report_input(past=other)).performance
    assert drawn is not None
    assert "ROC AUC of 1 run" in drawn


def test_the_score_of_a_first_run_is_drawn_in_its_week() -> None:
    first = report_input(past=())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = draw_figures(replace(first, labelled_until=first.record.as_of)).performance
    assert drawn is not None
    assert not {"2024", "2028"} & set(texts(drawn))


def test_a_new_category_is_marked() -> None:
    drawn = draw_figures(report_input()).features[2]
    assert "new" in texts(drawn)
    assert {"DE", "BR"} <= set(texts(drawn))


def test_both_intervals_and_what_is_needed_are_in_the_comparison() -> None:
    pictures = draw_figures(report_input())
    assert {"0.731", "0.838", "champion", "challenger"} <= set(texts(pictures.comparison or ""))
    assert {"+0.107", "needed"} <= set(texts(pictures.gain or ""))


def test_a_first_model_is_compared_with_nobody() -> None:
    record = retrained()
    assert record.retrain is not None
    assert record.retrain.comparison is not None
    alone = replace(record.retrain.comparison, champion=None, difference=None, low=None, high=None)
    found = replace(record, retrain=replace(record.retrain, comparison=alone))
    pictures = draw_figures(report_input(found))
    assert pictures.gain is None
    assert "champion" not in texts(pictures.comparison or "")


@pytest.mark.parametrize(
    "record", [alert_examples.HEALTHY, replace(alert_examples.HEALTHY, findings=())]
)
def test_where_nothing_is_known_nothing_is_drawn(record: MonitorRecord) -> None:
    blind = replace(record, performance=replace(record.performance, score=None))
    assert draw_figures(report_input(blind, past=())) == ReportFigures({}, None)


@pytest.mark.parametrize("hostile", [*HOSTILE, "$x^2$", "\x00\x01", "漢字", "$", "\\alpha", ""])
def test_hostile_labels_are_drawn_as_text(hostile: str) -> None:
    finding = categories()
    assert finding.shape is not None
    shape = replace(finding.shape, labels=(hostile[:80], *finding.shape.labels[1:]))
    found = replace(finding, name=hostile, shape=shape, sentence=f"`{hostile}` rose.")
    performance = replace(retrained().performance, metric=hostile)
    record = replace(retrained(), findings=(found,), performance=performance)
    for drawn in every(draw_figures(report_input(record))):
        tree = ElementTree.fromstring(drawn)
        assert "\u202e" not in drawn
        tags = {one.tag.rpartition("}")[2] for one in tree.iter()}
        assert tags <= {"svg", "title", "g", "path", "use", "text", "defs", "clipPath", "rect"}


def test_a_feature_of_one_value_is_drawn() -> None:
    amount = alert_examples.MOVED[0]
    assert amount.shape is not None
    flat = replace(amount.shape, edges=(0.5, 1.0, 1.5), reference=(0.0, 1.0), current=(0.0, 1.0))
    record = replace(retrained(), findings=(replace(amount, shape=flat),))
    assert len(draw_figures(report_input(record)).features) == 1
