"""The report and the page of all models in a real browser: no network, no error, every width."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peers.mlflow_server import mlflow_server
from playwright.sync_api import Browser, Page
from workshop import look

from driftloop.base.workspace import Workspace
from driftloop.reporting.dashboard.page import dashboard_page
from driftloop.reporting.run_report.page import report_page
from driftloop.reporting.run_report.plots import draw_figures
from tasks.registry.opening import open_registry
from tests.driftloop.reporting.dashboard_cases import NOW, fleet
from tests.driftloop.reporting.palette import DARK, LIGHT
from tests.driftloop.reporting.report_cases import report_input

PHONE, DESK = 375, 1200


class Watched:
    """A page of a file, and everything it said or asked of the network."""

    def __init__(self, browser: Browser, path: Path, width: int, **context: Any) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, **context)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda one: self.said.append(one.text))
        self.page.on("pageerror", lambda one: self.said.append(str(one)))
        self.page.on("request", lambda one: self.asked.append(one.url))
        self.page.goto(path.as_uri())

    def ground(self) -> str:
        found: str = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return found

    def too_wide(self) -> int:
        """By how much the page is wider than the screen."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return found


def rgb(colour: str) -> str:
    parts = (str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))
    return f"rgb({', '.join(parts)})"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = report_input()
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(replace(made, figures=draw_figures(made))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "index.html"
    path.write_text(dashboard_page(fleet(300), NOW), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["report", "dashboard"])
def test_a_page_needs_nothing_and_fits(
    browser: Browser, request: pytest.FixtureRequest, which: str, scheme: str, width: int
) -> None:
    path: Path = request.getfixturevalue(which)
    seen = Watched(browser, path, width, color_scheme=scheme)
    assert seen.said == []
    assert seen.asked == [path.as_uri()]
    assert seen.too_wide() <= 0
    assert seen.ground() == rgb((LIGHT if scheme == "light" else DARK)["ground"])
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert seen.too_wide() <= 0
    seen.page.close()


def test_pictures_follow_the_scheme(browser: Browser, report: Path) -> None:
    fill = (
        "getComputedStyle(document.querySelector('#features svg path[style*=\"--before\"]')).fill"
    )
    for scheme, palette in (("light", LIGHT), ("dark", DARK)):
        seen = Watched(browser, report, DESK, color_scheme=scheme)
        assert seen.page.evaluate(fill) == rgb(palette["before"])
        seen.page.close()


def test_every_picture_and_control_has_a_name(browser: Browser, report: Path) -> None:
    seen = Watched(browser, report, DESK)
    pictures = seen.page.locator("svg")
    assert pictures.count() >= 6
    for place in range(pictures.count()):
        assert len(pictures.nth(place).get_attribute("aria-label") or "") > 20
        assert pictures.nth(place).get_attribute("role") == "img"
    seen.page.close()


def test_on_paper_it_is_light_and_whole(browser: Browser, report: Path, tmp_path: Path) -> None:
    seen = Watched(browser, report, DESK, color_scheme="dark")
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert seen.ground() == "rgb(255, 255, 255)"
    ink = seen.page.evaluate("getComputedStyle(document.body).color")
    assert ink == rgb(LIGHT["ink"])
    printed = seen.page.pdf(path=str(tmp_path / "report.pdf"), format="A4")
    assert printed.startswith(b"%PDF")
    seen.page.close()


def test_the_page_of_all_models_fits_on_paper(browser: Browser, dashboard: Path) -> None:
    a4_landscape = 1040
    seen = Watched(browser, dashboard, a4_landscape)
    seen.page.emulate_media(media="print")
    assert seen.too_wide() <= 0
    assert seen.ground() == "rgb(255, 255, 255)"
    seen.page.close()


def shown(page: Page) -> list[str]:
    """The models in the order in which they are seen."""
    found: list[str] = page.locator("tbody tr:visible th").all_inner_texts()
    return found


def test_search_and_filters_leave_the_right_models(browser: Browser, dashboard: Path) -> None:
    page = Watched(browser, dashboard, DESK).page
    assert len(shown(page)) == 300
    page.get_by_label("Search").fill("PAYMENTS-de")
    assert shown(page)
    assert all(name.startswith("payments-de") for name in shown(page))
    assert page.locator("#shown").inner_text() == f"{len(shown(page))} of 300 shown"
    page.get_by_label("Search").fill("no such model")
    assert shown(page) == []
    page.get_by_label("Search").fill("")
    page.get_by_label("Verdict").select_option(label="drift")
    assert len(shown(page)) == 5
    page.get_by_label("Verdict").select_option("")
    page.get_by_label("open incident").check()
    assert len(shown(page)) == 10
    page.get_by_label("open incident").uncheck()
    page.get_by_label("not watched").check()
    assert {"fraud", "new-model"} < set(shown(page))
    page.close()


def test_clicking_a_head_sorts_and_says_so(browser: Browser, dashboard: Path) -> None:
    page = Watched(browser, dashboard, DESK).page
    head = page.locator("th", has=page.get_by_role("button", name="Model"))
    page.get_by_role("button", name="Model").click()
    assert head.get_attribute("aria-sort") == "ascending"
    names = shown(page)
    assert names == sorted(names)
    page.get_by_role("button", name="Model").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert shown(page) == names[::-1]
    page.get_by_role("button", name="Score").click()
    assert head.get_attribute("aria-sort") == "none"
    scores = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.dataset.score)")
    known = [float(score) for score in scores if score]
    assert known == sorted(known)
    assert scores[-2:] == ["", ""]  # those without a score are last, whichever way
    page.get_by_role("button", name="Score").click()
    scores = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.dataset.score)")
    assert scores[-2:] == ["", ""]
    page.close()


def test_without_javascript_everything_is_there(browser: Browser, dashboard: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(dashboard.as_uri())
    assert page.locator("tbody tr").count() == 300
    assert not page.locator("form").is_visible()
    context.close()


@pytest.mark.usefixtures("prefect_server")
def test_the_link_in_a_message_shows_the_report_in_mlflow(
    championed: Path, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow serves a file as a download; only its own page shows it."""
    with mlflow_server(tmp_path, Workspace(championed).state) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        look(championed, 16)
        registry = open_registry(Workspace(championed))
        (run,) = registry.finished("payments", "monitor")
        page = browser.new_page()
        page.goto(registry.address("payments", run.run_id, "report.html") or "")
        shown_in = page.frame_locator("iframe").get_by_role("heading", name="Inputs drifted.")
        shown_in.wait_for(timeout=60_000)
        page.close()
