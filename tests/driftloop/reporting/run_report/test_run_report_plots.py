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
from driftloop.reporting.run_report.plots import draw_figures
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
        assert set(re.findall(r"var\(--([a-z-]+)\)", drawn)) <= set(INKS)
        assert not re.search(r"#[0-9a-f]{3}|rgb", drawn), "a fixed colour"
        assert not re.search("nan|inf", drawn.lower())
        assert len(drawn) < 10_000


def test_pictures_are_the_same_each_time() -> None:
    assert draw_figures(report_input()) == draw_figures(report_input())


def test_pictures_of_a_page_have_no_ids_that_could_meet() -> None:
    made = report_input()
    page = report_page(replace(made, figures=draw_figures(made)))
    found = re.findall(r'\bid="([^"]+)"', page)
    assert len(found) == len(set(found))
    assert not [drawn for drawn in every(draw_figures(made)) if " id=" in drawn]


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
    assert "gain; thin line: in the next weeks" in texts(pictures.gain or "")
    assert "In the next weeks (+0.071 to +0.143)." in (pictures.gain or "")


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
        assert tags <= {"svg", "title", "path", "text", "rect"}


def test_a_feature_of_one_value_is_drawn() -> None:
    amount = alert_examples.MOVED[0]
    assert amount.shape is not None
    flat = replace(amount.shape, edges=(0.5, 1.0, 1.5), reference=(0.0, 1.0), current=(0.0, 1.0))
    record = replace(retrained(), findings=(replace(amount, shape=flat),))
    assert len(draw_figures(report_input(record)).features) == 1


def extent(drawn: str) -> tuple[float, float, float, float]:
    """The corners of the box around every place of the lines of a picture."""
    lines = re.findall(r'd="(M [^"az]+)"', drawn)
    places = [
        tuple(map(float, pair))
        for line in lines
        for pair in re.findall(r"(\S+) (\S+)(?: |$)", line.replace("M ", "").replace("L ", ""))
    ]
    across, down = zip(*places, strict=True)
    return min(across), min(down), max(across), max(down)


def test_nothing_is_drawn_outside_of_a_picture() -> None:
    for drawn in every(draw_figures(report_input())):
        width, height = re.findall(r'viewBox="0 0 (\S+) (\S+)"', drawn)[0]
        left, top, right, bottom = extent(drawn)
        assert left >= 0
        assert top >= 0
        assert right <= float(width)
        assert bottom <= float(height)


def test_a_histogram_is_as_high_as_its_shares() -> None:
    amount = alert_examples.MOVED[0]
    assert amount.shape is not None
    shape = replace(amount.shape, edges=(0.0, 1.0, 2.0), reference=(0.5, 0.5), current=(0.25, 0.75))
    record = replace(retrained(), findings=(replace(amount, shape=shape),))
    drawn = draw_figures(report_input(record)).features[0]
    now = re.findall(r'd="(M [^"]*)" style="fill: none; stroke: var\(--now\)', drawn)[0]
    numbers = [float(part) for part in now.replace("M", "").replace("L", "").split()]
    across, down = numbers[::2], numbers[1::2]
    assert across[2] == across[3] == pytest.approx((across[0] + across[-1]) / 2)
    low, high = (down[0] - down[1]), (down[0] - down[3])
    assert high == pytest.approx(3 * low, abs=0.05)
    ground, half, whole = (float(y) for y in re.findall(r'y="(\S+)" style="[^"]*end"', drawn))
    assert (ground - whole) / (ground - half) == pytest.approx(2, abs=0.01)
    assert high == pytest.approx(ground - whole, abs=0.02)
    assert [label for label in texts(drawn) if label.endswith("%")] == ["0%", "38%", "75%"]


def test_an_error_has_no_minus_and_rises_along_its_axis() -> None:
    found = retrained()
    performance = replace(found.performance, metric="neg_mae", score=-2.0, low=-2.5, high=-1.5)
    past = tuple(
        replace(point, metric="neg_mae", score=-1.0, low=-1.2, high=-0.8, estimated=None)
        for point in points()
    )
    record = replace(found, performance=performance, estimate=None)
    drawn = draw_figures(replace(report_input(record, past=past), baselines={})).performance
    assert drawn is not None
    ticks = re.findall(r'y="(\S+)" style="[^"]*end">([^<]*)<', drawn)
    places, values = zip(*((float(y), float(label)) for y, label in ticks), strict=True)
    assert min(values) >= 0
    assert [y for _, y in sorted(zip(values, places, strict=True))] == sorted(places, reverse=True)
