"""The report page: what the record says is on it, in order, for everybody."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from driftloop.alerts.messages.actions import action_taken, next_step
from driftloop.base.findings import QualityFinding, Verdict
from driftloop.base.records import Decision, MonitorRecord
from driftloop.base.tags import RunTags
from driftloop.decision.outcome import OUTCOME_STYLES, outcome_of
from driftloop.reporting.run_report.history import history_sentence, moves_between
from driftloop.reporting.run_report.inputs import MOST_PLOTTED, plotted_findings
from driftloop.reporting.run_report.onset import onset_section
from driftloop.reporting.run_report.page import report_page
from driftloop.reporting.run_report.past_runs import point_of_tags
from tests.driftloop.reporting.report_cases import (
    HOSTILE,
    WEEK,
    categories,
    ledger,
    missing,
    points,
    report_input,
    retrained,
)
from tools import alert_examples

AT = datetime(2026, 3, 2, tzinfo=UTC)
BROKEN = QualityFinding("missing_rate", "device", "failed", "`device` lost its values.")


class Outline(HTMLParser):
    """Headings, landmarks, ids and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() and self.tags[-1] not in ("style", "script"):
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


def outline(record: MonitorRecord | None = None, **more: Any) -> Outline:
    return Outline(report_page(report_input(record, **more)))


def test_the_report_says_what_the_record_says() -> None:
    said = outline().text
    for expected in (
        "Fixed by version 8: 0.731 → 0.838.",
        "Version 8 replaced version 7.",
        "PL rose from 2.0% to 17%",
        "is missing in 6.1% of the rows, previously 0.4%.",
        "Never seen before: BR",
        "0.731 (0.718 to 0.744)",
        "+0.107 (+0.092 to +0.122)",
        "required gain: more than 0.005",
        "Version 7 does better so far.",
        "It is not better.",
        "0f343b0931126a20f133d67c2b018a3b",
        f"--as-of 2026-03-09T03:00:00+00:00 --rev {alert_examples.REV} --dry-run",
        "those of events after 2026-03-02 03:00 have not arrived yet",
        "2026-02-23 03:00 UTC; first seen by the run of",
    ):
        assert expected in said


def test_the_sections_come_in_their_order() -> None:
    wanted = ["verdict", "history", "quality", "features", "onset", "label", "performance"]
    wanted += ["challenger", "trials", "promotions", "lineage", "replay"]
    assert [id_ for id_ in outline().ids if id_ in wanted] == wanted


def test_each_entry_of_the_contents_leads_to_its_section() -> None:
    page = report_page(report_input())
    linked = re.findall(r'<li><a href="#(\w+)">(.*?)</a></li>', page)
    headed = re.findall(r'<section id="(\w+)"[^>]*>\s*<h2>(.*?)</h2>', page)
    assert linked == headed
    calm = outline(alert_examples.HEALTHY, ledger=(), past=())
    assert "Since whenThe effect" not in calm.text
    assert "Trials" not in calm.text


def test_an_onset_is_seen_and_dated_by_the_start_of_its_window() -> None:
    section = onset_section(report_input())
    assert section is not None
    panel = section.panels[0]
    assert panel.above == (False,) * 18 + (True,) * 4
    began = alert_examples.AT - 3 * WEEK - (alert_examples.AT - alert_examples.WORSE.window.start)
    assert panel.sentence.endswith(f"above it since {began:%Y-%m-%d %H:%M}, 22 runs shown")
    heights = [float(y) for _, y in panel.sizes]
    floor = float(panel.floors[-1][1])
    assert [y < floor for y in heights] == list(panel.above), "up is less in SVG"
    assert onset_section(report_input(past=())) is None


def test_drift_of_what_the_champion_hardly_uses_is_no_red_badge() -> None:
    used, unused = (report_page(report_input(hardly_used=share)) for share in (0.0, 0.2))
    assert unused.count("drifted, hardly used") == 1, "country, with 14 %"
    assert "drifted, hardly used" not in used


def test_what_did_not_happen_has_no_section() -> None:
    found = outline(alert_examples.HEALTHY, ledger=())
    assert not {"challenger", "trials", "promotions"} & set(found.ids)
    assert "Healthy." in found.text
    assert "What you should doNothing." in found.text


@pytest.mark.parametrize("record", [retrained(), alert_examples.HEALTHY, alert_examples.DRIFTED])
def test_everybody_can_find_their_way(record: MonitorRecord) -> None:
    page = report_page(report_input(record))
    found = Outline(page)
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert {"header", "main", "footer"} <= set(found.tags)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    steps = [
        later - heading for heading, later in zip(found.headings, found.headings[1:], strict=False)
    ]
    assert max(steps) <= 1
    assert len(found.ids) == len(set(found.ids))
    assert found.tags.count("table") == found.tags.count("caption")
    assert "script" not in found.tags


def test_what_was_done_and_is_to_do_is_said_as_in_the_message() -> None:
    record = replace(retrained(), retrain=None)
    said = outline(record).text
    assert action_taken(record) in said
    assert next_step(record).plain in said


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (replace(alert_examples.HEALTHY, quality=(BROKEN,)), "Data broken."),
        (
            replace(alert_examples.HEALTHY, verdict=Verdict("inconclusive", "No rows.")),
            "Not judged.",
        ),
        (
            replace(alert_examples.HEALTHY, verdict=Verdict("warning", "`a` is near.")),
            "Close to a limit.",
        ),
    ],
)
def test_the_verdict_in_one_sentence(record: MonitorRecord, sentence: str) -> None:
    assert sentence in outline(record).text


def test_a_run_that_could_not_judge_is_never_shown_as_healthy() -> None:
    blind = replace(
        alert_examples.HEALTHY, verdict=Verdict("inconclusive", "The window holds no rows.")
    )
    page = report_page(report_input(blind))
    assert 'class="verdict blind"' in page
    assert "Healthy" not in Outline(page).text


def test_held_retrainings_say_what_holds_them() -> None:
    decision = Decision("hold", ("The last retraining was 3 days ago.",), held="cooldown")
    said = outline(replace(alert_examples.WORSE, decision=decision)).text
    assert "Hold back the retraining (cooldown)." in said
    assert "The last retraining was 3 days ago." in said


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_break_nothing(hostile: str) -> None:
    finding = replace(
        categories(), name=hostile, sentence=f"`{hostile}` rose.", new_categories=(hostile,)
    )
    check = replace(BROKEN, column=hostile, sentence=f"`{hostile}` broke.")
    record = replace(
        retrained(), findings=(finding, replace(finding, shape=None)), quality=(check,), rev=hostile
    )
    page = report_page(report_input(record, description=hostile))
    found = Outline(page)
    assert not {"script", "img"} & set(found.tags)
    assert found.tags.count("style") == 1
    assert "onerror" not in {name for name, _ in re.findall(r'<[a-z]+ ([a-z]+)="([^"]*)"', page)}
    assert "\u202e" not in page
    assert max(len(word) for word in found.text.split()) <= 650


def test_five_hundred_features_stay_small() -> None:
    shaped = categories()
    findings = tuple(
        replace(shaped, name=f"a_rather_long_feature_name_{number}", importance=number / 500)
        for number in range(500)
    )
    record = replace(retrained(), findings=findings)
    drawing = "<svg>" + "x" * 12_000 + "</svg>"
    from driftloop.reporting.run_report.inputs import ReportFigures

    figures = ReportFigures(dict.fromkeys(range(MOST_PLOTTED), drawing), drawing, drawing, drawing)
    page = report_page(report_input(record, figures=figures))
    assert len(page.encode()) < 1_000_000
    assert len(plotted_findings(record)) == MOST_PLOTTED
    assert "a_rather_long_feature_name_3<" in page  # the least important is in the table


def test_a_reference_that_does_not_hold_still_is_told() -> None:
    record = report_input().record
    first, *others = record.findings
    trending = replace(first, reference_course="trends over its 12 windows")
    sentence = "The reference does not hold still by itself"
    assert sentence not in report_page(report_input(record))
    page = report_page(report_input(replace(record, findings=(trending, *others))))
    assert sentence in page
    assert f"{first.name}` trends over its 12 windows" in page


def test_missing_values_that_moved_are_not_hidden_among_what_is_unchanged() -> None:
    calm = replace(categories(), status="ok")
    gone = replace(calm, name="gone", shape=None, status="drift", sentence="`gone` has no values.")
    page = report_page(report_input(replace(retrained(), findings=(calm, missing(), gone))))
    shown = page.partition('id="features"')[2].partition("</section>")[0]
    hidden = re.sub(r"<details(?! open).*?</details>", "", shown)
    assert "6.1% of the rows" in hidden
    assert "has no values." in hidden
    assert "▲" in hidden.partition("</h3>")[0]


def test_what_matters_most_is_drawn_first_and_once() -> None:
    names = [finding.name for finding, _ in plotted_findings(retrained())]
    assert names == ["amount", "hour", "country"]


def test_every_cell_of_the_strip_has_sign_and_words() -> None:
    page = report_page(report_input())
    strip = page.partition('<ol class="strip"')[2].partition("</ol>")[0]
    cells = strip.split("<li ")[1:]
    assert len(cells) == len(points()) + 1
    for cell in cells:
        look = next(look for look in OUTCOME_STYLES.values() if f", {look.word}" in cell)
        assert f'aria-hidden="true">{look.sign}<' in cell
        assert "title=" in cell
    assert [("★" in cell) for cell in cells] == ["the champion changed" in cell for cell in cells]
    assert sum("★" in cell for cell in cells) == 1
    assert sum(" incident" in cell.partition(">")[0] for cell in cells) == 6


def test_signs_differ_in_shape() -> None:
    assert len({look.sign for look in OUTCOME_STYLES.values()}) == len(OUTCOME_STYLES)


def test_a_strip_in_words() -> None:
    said = history_sentence(points(3))
    assert (
        said == "3 runs since 2026-02-16 03:00: 1 predictions worse, 1 not judged, 1 needs a look."
    )


def test_a_move_belongs_to_the_run_it_was_made_in() -> None:
    runs = points()
    (place,) = moves_between(ledger(), runs)
    assert runs[place].as_of == ledger()[1].as_of
    assert runs[place - 1].as_of == ledger()[1].as_of - timedelta(weeks=1)


def test_the_most_severe_finding_decides() -> None:
    assert outcome_of("ok", False, "ok") == "ok"
    assert outcome_of("ok", False, "fell") == "fell"
    assert outcome_of("drift", True, "fell") == "broken"
    assert outcome_of("ok", False, "falling") == "falling"
    assert outcome_of("drift", False, "falling") == "drift"
    assert outcome_of("", False, "") == "inconclusive"
    assert outcome_of("a new word", False, "ok") == "inconclusive"


def test_tags_give_a_point() -> None:
    tags = RunTags(kind="monitor", key="k", as_of=AT, verdict="ok", score=0.9, rev="a")
    point = point_of_tags("run", tags)
    assert (point.outcome, point.score, point.low, point.high) == ("ok", 0.9, None, None)
    assert (point.as_of, point.rev, point.champion) == (AT, "a", "")
