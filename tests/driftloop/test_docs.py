"""The documentation names what the code has: keys, kinds, commands, local links."""

import re
from pathlib import Path

import pytest

from driftloop.schema import json_schema

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_key_and_kind_of_a_configuration_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    targets = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_command_is_documented() -> None:
    from flows.cli import app

    page = (ROOT / "docs" / "cli.md").read_text()
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    assert len(names) >= 7
    assert [name for name in names if f"`{name}`" not in page] == []
