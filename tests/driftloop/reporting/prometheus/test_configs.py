"""The dashboard and the alert rules name metrics that there are, and are put together soundly."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.base.workspace import Workspace
from driftloop.reporting.prometheus.metrics import METRICS, TABLE
from driftloop.reporting.prometheus.samples import samples_of
from tasks.alerts.digest import read_configs
from tests.driftloop.reporting.prometheus.complete import complete

ROOT = Path(__file__).parents[4]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "configs/grafana/driftloop.json").read_text())
RULES = yaml.safe_load((ROOT / "configs/prometheus/driftloop.rules.yml").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SELECTOR = re.compile(r"(driftloop_\w+)(?:\{([^}]*)\})?")
CHOICE = re.compile(r'(\w+)(?:!?=~?)"([^"]*)"')


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def expressions() -> dict[str, str]:
    """Every PromQL expression, by where it is."""
    found = {f"rule {rule['alert']}": rule["expr"] for rule in rules()}
    for panel in PANELS:
        for target in panel["targets"]:
            found[f"panel {panel['title']} {target['refId']}"] = target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        found[f"annotation {annotation['name']}"] = annotation["expr"]
    return found


def asked_for(where: str) -> list[tuple[str, dict[str, str]]]:
    """The metrics that an expression names, with the labels it selects by."""
    found = SELECTOR.findall(expressions()[where])
    return [(name, dict(CHOICE.findall(inner))) for name, inner in found]


@pytest.mark.parametrize("where", expressions())
def test_metrics_labels_and_choices_are_those_of_the_table(where: str) -> None:
    asked = asked_for(where)
    assert asked
    series = [one for one in samples_of(complete()) if one.metric.name in dict(asked)]
    for name, labels in asked:
        metric = TABLE[name]
        assert set(labels) - {"model"} <= set(metric.labels), name
        for label, choice in labels.items():
            known = {one.named[label] for one in series if one.metric is metric}
            assert choice == "$model" or choice in known, f"{name} has no {label} {choice!r}"


def test_a_complete_model_has_every_metric() -> None:
    assert {one.metric for one in samples_of(complete())} == set(METRICS)


def test_panels_are_told_apart_and_do_not_overlap() -> None:
    assert len(PANELS) > 20
    ids = Counter(panel["id"] for panel in PANELS)
    titles = Counter(panel["title"] for panel in PANELS)
    assert max(ids.values()) == max(titles.values()) == 1
    cells: Counter[tuple[int, int]] = Counter()
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells.update(
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        )
    assert max(cells.values()) == 1
    assert len(cells) == 24 * len({y for _, y in cells}), "no gaps either"


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"] in {"none", "short", "s"}
    timed = any("_seconds" in target["expr"] for target in panel["targets"])
    divided = any("period_seconds" in target["expr"] for target in panel["targets"])
    assert (defaults["unit"] == "s") == (timed and not divided)
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        assert target["instant"] != target["range"]
    references = [target["refId"] for target in panel["targets"]]
    assert len(references) == len(set(references))


def test_variables_choose_the_data_source_and_models() -> None:
    source, model = DASHBOARD["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    assert (model["name"], model["multi"], model["includeAll"]) == ("model", True, True)
    assert model["query"]["query"] == "label_values(driftloop_period_seconds, model)"
    assert all("$model" in expr for where, expr in expressions().items() if "rule" not in where)


def test_every_rule_says_how_grave_it_is_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert "for" in rule
    names = [rule["alert"] for rule in rules()]
    tested = (ROOT / "configs/prometheus/driftloop.rules.test.yml").read_text()
    assert [name for name in names if f"alertname: {name}" not in tested] == []


def test_what_is_beside_the_configurations_is_no_model() -> None:
    configs, broken = read_configs.fn(Workspace(ROOT))
    assert [config.model for config in configs] == ["payments"]
    assert broken == ()


def test_the_page_has_the_table_of_metrics() -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(driftloop_\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    told = {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)), text)
        for name, kind, labels, text in rows
    }
    assert told == {metric.name: (metric.kind, metric.labels, metric.help) for metric in METRICS}
    assert [name for name, *_ in rows] == [metric.name for metric in METRICS], "in the same order"


def test_the_page_has_every_alert() -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in page] == []
