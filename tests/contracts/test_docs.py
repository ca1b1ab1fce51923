"""The documentation names what the code has: keys, kinds, commands, deployments, local links."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from driftloop.config.arrivals import ArrivalSettings
from driftloop.config.model_config import ModelConfig
from tools import cli_reference, config_reference
from tools.json_schemas import json_schema

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_key_and_kind_of_a_configuration_is_documented() -> None:
    page = (ROOT / "docs" / "configuration-reference.md").read_text()
    models = [json_schema("config"), *json_schema("config")["$defs"].values()]
    keys = {key for model in models for key in model.get("properties", {})}
    kinds = {
        model["properties"]["kind"]["const"]
        for model in models
        if "const" in model.get("properties", {}).get("kind", {})
    }
    assert len(keys) > 50
    assert len(kinds) > 15
    missing = sorted(word for word in keys | kinds if not re.search(rf"\b{word}\b", page))
    assert missing == []


def test_the_reference_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "configuration-reference.md").read_text()
    assert written == config_reference.reference(), "run make schema"


def test_the_page_on_commands_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "cli.md").read_text()
    assert written == cli_reference.reference(), "run make schema"


def test_every_key_of_a_configuration_has_a_description() -> None:
    found = {name: model for model in set(walked(ModelConfig)) for name in [model.__name__]}
    assert len(found) > 60
    missing = [
        f"{name}.{key}"
        for name, model in found.items()
        for key, field in model.model_fields.items()
        if key != "kind" and not (field.description or "").strip()
    ]
    assert missing == []


def walked(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model that a configuration is made of."""
    yield model
    for field in model.model_fields.values():
        for part in parts(field.annotation):
            yield from walked(part)


def parts(annotation: object) -> Iterator[type[BaseModel]]:
    """The models in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for choice in get_args(annotation):
        yield from parts(choice)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    targets = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def headings(page: Path, level: str = "#+") -> list[str]:
    """The headings of a page outside its examples."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^{level} (.+)$", prose, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_section_stands_twice_in_a_page(page: Path) -> None:
    sections = headings(page, "##")
    assert [name for name in {*sections} if sections.count(name) > 1] == []


def anchors(page: Path) -> set[str]:
    """What a link may name in a page: its headings, as a Git host writes them."""
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in headings(page)}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_into_pages_lead_to_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s:]*\.md)?#([^)\s]+)\)", page.read_text())
    missing = [
        f"{target}#{anchor}"
        for target, anchor in links
        if anchor not in anchors(page.parent / target if target else page)
    ]
    assert missing == []


def full_name(deployment: dict[str, str]) -> str:
    """What Prefect calls a deployment: its flow's name, which its function may not bear."""
    path, _, function = deployment["entrypoint"].partition(":")
    module = import_module(path.removesuffix(".py").replace("/", "."))
    return f"{getattr(module, function).name}/{deployment['name']}"


@pytest.mark.parametrize("page", ["operations.md", "security.md"])
def test_the_tests_that_hold_a_promise_are_there(page: str) -> None:
    _, _, table = (ROOT / "docs" / page).read_text().partition("\n## Promises, and the tests")
    named = re.findall(r"`(tests/[^`]+)`", table.partition("\n## ")[0])
    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_deployment_is_documented() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    found = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    names = [full_name(one) for one in found]
    assert len(names) >= 7
    assert [name for name in names if f"`{name}`" not in page] == []
    assert "`monitor/monitor-NAME`" in page


def test_the_complete_example_is_valid_and_has_every_section() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    example = page.partition("## A complete example")[2]
    block = re.search(r"```yaml\n(.*?)```", example, re.DOTALL)
    assert block is not None
    raw = yaml.safe_load(block[1])
    ModelConfig.model_validate(raw)
    assert set(raw) == set(ModelConfig.model_fields)


def messages() -> list[str]:
    """Every text in the code, with an ellipsis where a value is put in."""
    found = []
    for package in ("driftloop", "tasks", "flows"):
        for path in (ROOT / package).rglob("*.py"):
            found += texts(ast.parse(path.read_text()))
    return found


def texts(node: ast.AST) -> Iterator[str]:
    """The texts below a node; the parts of an f-string are one text, and docstrings none."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "\x00" for part in node.values
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from texts(child)


def fragments(page: str) -> list[str]:
    """What is quoted in the first column of the page's tables of lines."""
    text = (ROOT / "docs" / page).read_text()
    tables = re.findall(r"^\| line \|.*\n\|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [row for table in tables for row in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)]


@pytest.mark.parametrize("page", ["troubleshooting.md", "snapshots.md"])
def test_every_error_that_is_explained_is_one_that_the_code_says(page: str) -> None:
    known, quoted = messages(), fragments(page)
    assert len(quoted) > 10
    stale = [fragment for fragment in quoted if not any(says(text, fragment) for text in known)]
    assert stale == []


def says(text: str, fragment: str) -> bool:
    """Whether a text of the code can read as a fragment; an ellipsis stands for any value."""
    pattern = ".*".join(re.escape(part.strip()) for part in fragment.split("…"))
    return re.search(pattern, text, re.DOTALL) is not None


def test_what_the_page_on_snapshots_configures_is_valid() -> None:
    page = (ROOT / "docs" / "snapshots.md").read_text()
    blocks = re.findall(r"```yaml\n(arrivals:.*?)```", page, re.DOTALL)
    found = [yaml.safe_load(block)["arrivals"] for block in blocks]
    kinds = [ArrivalSettings.model_validate(one).source for one in found]
    assert [kind and kind.kind for kind in kinds] == ["folder", "sql", "parquet", "delta"]
