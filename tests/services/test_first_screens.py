"""The first screen of a phone and of a desktop: what each message, report and page says there."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from driftloop.reporting.dashboard.page import dashboard_page
from driftloop.reporting.run_report.page import report_page
from driftloop.reporting.run_report.plots import draw_figures
from tests.driftloop.reporting.dashboard_cases import NOW, fleet
from tests.driftloop.reporting.report_cases import report_input
from tests.services.pictures import DESK, PHONE, keep, opened
from tools.gallery import gallery, write

SCHEMES = ("light", "dark")
ANSWERS = ("What you should do", "Since ", "What driftloop did")
TROUBLE = ("opened", "thread", "drift", "broken-data", "blind", "worse-again")
"""The parts of the gallery that are an incident which goes on."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page per part of the gallery, a report and the page of all models."""
    folder = tmp_path_factory.mktemp("pages")
    for part in gallery():
        write(folder / f"alerts-{part}.html", part)
    made = report_input()
    report = report_page(replace(made, figures=draw_figures(made)))
    (folder / "report.html").write_text(report, encoding="utf-8")
    (folder / "dashboard.html").write_text(dashboard_page(fleet(40), NOW), encoding="utf-8")
    return folder


def ends(page: Page, *texts: str) -> list[float]:
    """Where the first line below or at each text ends, in pixels from the top."""
    found = []
    for text in texts:
        box = page.get_by_text(text).first.bounding_box()
        assert box is not None, text
        found.append(box["y"] + box["height"])
    return found


def fits(page: Page) -> None:
    """Nothing is wider than the screen, nor is text cut off by what holds it."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    cut = """() => [...document.querySelectorAll('body *')].filter(one =>
        one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 8
        && ['hidden', 'clip'].includes(getComputedStyle(one).overflowX)).map(one => one.outerHTML)
    """
    assert page.evaluate(cut) == []


def digit_width(page: Page) -> float:
    """The width of a digit, in heights of the font: an emoji font has digits as wide as emoji."""
    found: float = page.evaluate("""() => {
        const one = document.body.appendChild(document.createElement('span'));
        one.textContent = '0'.repeat(10);
        const width = one.getBoundingClientRect().width;
        one.remove();
        return width / 10 / parseFloat(getComputedStyle(document.body).fontSize); }""")
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("part", gallery())
def test_a_message_fits_a_phone(browser: Browser, pages: Path, part: str, scheme: str) -> None:
    with opened(browser, pages / f"alerts-{part}.html", PHONE, scheme) as page:
        fits(page)
        assert digit_width(page) < 0.8
        if part in TROUBLE:
            places = ends(page, *ANSWERS)
            assert places == sorted(places)
            assert places[-1] < PHONE["height"]
        if scheme == "light" and part != "alone":
            keep(page, f"alerts-{part}", whole=True)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_report_begins_with_what_to_do(
    browser: Browser, pages: Path, size: dict[str, int], scheme: str
) -> None:
    with opened(browser, pages / "report.html", size, scheme) as page:
        fits(page)
        places = ends(page, "What you should do", "first seen by the run of", "What driftloop did")
        assert max(places) < size["height"]
        if size is PHONE:
            assert places == sorted(places)
        if (size is PHONE) == (scheme == "dark"):
            keep(page, "report-phone" if size is PHONE else "report")
        if size is DESK and scheme == "light":
            keep(page.locator("#onset"), "report-onset")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_of_all_models_begins_with_trouble(
    browser: Browser, pages: Path, size: dict[str, int], scheme: str
) -> None:
    with opened(browser, pages / "dashboard.html", size, scheme) as page:
        fits(page)
        first = page.locator("tbody tr").first
        box = first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < size["height"]
        assert box["x"] + box["width"] <= size["width"]
        if (size is PHONE) == (scheme == "dark"):
            keep(page, "dashboard-phone" if size is PHONE else "dashboard")
