"""docs/extending.md, followed literally in a copy of the project.

The code blocks are marked with what is done with them, in comments that readers do not see:
``new FILE``, ``before "TEXT" in FILE`` or ``replace "TEXT" in FILE``: one line begins with TEXT.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from contracts.recorder import Recorder

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()
_EDIT = re.compile(r"<!-- edit: (.+?) -->\n```python\n(.*?)```", re.DOTALL)
_WHERE = re.compile(r'(before|replace) "(.+)" in (\S+)|new (\S+)')
EDITS = _EDIT.findall(PAGE)
CONFIGURED = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
MEMBERS = {
    *("cvm", "total_variation", "stuck", "persistent", "alarm_share", "workdays", "extra_trees"),
    *("random", "text"),
}


def follow(root: Path) -> list[str]:
    """Make every edit of the page; return the tests that it adds or changes."""
    tests = []
    for where, code in EDITS:
        found = _WHERE.fullmatch(where)
        assert found, where
        how, text, path, made = found.groups()
        target = root / (path or made)
        if made:
            assert not target.exists(), f"{made} is there already"
            target.write_text(code)
        else:
            target.write_text(edited(target.read_text(), how, text, code))
        if target.name.startswith("test_"):
            tests.append(str(target.relative_to(root)))
    return sorted(set(tests))


def edited(source: str, how: str, text: str, code: str) -> str:
    """Return a file with a block put before a line, or in place of the statement it begins."""
    lines = source.splitlines(keepends=True)
    (first,) = [number for number, line in enumerate(lines) if line.startswith(text)]
    after = first
    if how == "replace":
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
        ends = {node.lineno - 1: node.end_lineno for node in statements}
        after = ends[first] or first
    gap = "\n\n" if how == "before" and code.startswith("class ") else ""
    return "".join([*lines[:first], code, gap, *lines[after:]])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The tracked files of the project after the page was followed, and the page's tests."""
    root = tmp_path_factory.mktemp("extended") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("dvc-remote/", "docs/images/")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    return root, follow(root)


def run(root: Path, *words: str, **extra: str) -> str:
    """Run Python in the copy, whose modules come first, and return what it printed."""
    path = os.pathsep.join(map(str, (root, root / "tests")))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, **extra},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_every_code_block_is_followed() -> None:
    assert len(re.findall(r"```python\n", PAGE)) == len(EDITS) >= 19


@pytest.mark.parametrize(
    "section",
    [
        *("detector", "effect size", "quality check", "trigger", "gate", "promotion mode"),
        *("estimator", "search", "channel"),
    ],
)
def test_a_member_takes_one_product_file(section: str) -> None:
    """The width of a change."""
    (text,) = re.findall(rf"^## An? {section}\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    product = product_files(text)
    assert len(product) == 1, product


def test_a_field_takes_two_product_files_and_an_option_three() -> None:
    _, text = PAGE.split("\n## A field of the JSON output, an option of a command\n")
    field, option = text.split("\nAn option of `driftloop monitor` takes three product files")
    assert product_files(field) == {"driftloop/base/records.py", "tasks/monitoring/steps.py"}
    assert product_files(option) == {
        *("flows/cli/monitoring.py", "flows/monitor.py", "flows/watch.py")
    }


def product_files(text: str) -> set[str]:
    """Return the files outside ``tests/`` that a part of the page edits."""
    edits = _WHERE.findall("\n".join(re.findall("edit: (.+?) -->", text)))
    return {path or new for _, _, path, new in edits if not (path or new).startswith("tests/")}


def test_the_new_field_and_option_are_there(copy: tuple[Path, list[str]]) -> None:
    """Where the page was followed, the schema has the field, and command and flow the option."""
    root, _ = copy
    run(root, "-m", "tools.json_schemas", "docs/schemas")
    schema = json.loads((root / "docs/schemas/monitor.schema.json").read_text())
    assert schema["properties"]["batches"]["description"] == "Batches of the data."
    assert "--no-retrain" in run(root, "-m", "flows.cli", "monitor", "--help")
    described = "from flows.monitor import monitor; print(monitor.parameters.properties.keys())"
    assert "no_retrain" in run(root, "-c", described)


def test_the_new_members_are_known_and_pass_the_contract(copy: tuple[Path, list[str]]) -> None:
    """``make schema`` knows them, and the tests of the page and of the families pass."""
    root, tests = copy
    run(root, "-m", "tools.json_schemas", "docs/schemas")
    run(root, "-m", "tools.config_reference", "docs/configuration-reference.md")
    models = json.loads((root / "docs/schemas/config.schema.json").read_text())["$defs"].values()
    kinds = {model.get("properties", {}).get("kind", {}).get("const") for model in models}
    assert kinds >= MEMBERS
    page = (root / "docs/configuration-reference.md").read_text()
    assert [kind for kind in MEMBERS if f"`kind: {kind}`" not in page] == []
    assert len(tests) == len(MEMBERS)
    checked = ("tests/contracts/test_families.py", "tests/contracts/test_layout.py")
    said = run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *checked, *tests)
    assert "[100%]" in said
    run(root, "-m", "ruff", "check", "--no-cache", "driftloop", "tasks", *tests)


@pytest.mark.slow
def test_a_run_uses_them_as_the_page_configures_them(
    copy: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root, _ = copy
    config: dict[str, Any] = {}
    for block in CONFIGURED:
        for section, values in block.items():
            if isinstance(values, dict):
                config.setdefault(section, {}).update(values)
            else:
                config[section] = values
    (tmp_path / "extended.json").write_text(json.dumps(config))
    script = root / "tests" / "contracts" / "extended_run.py"
    with Recorder() as peer:
        told = run(root, str(script), str(tmp_path), ALERT_WEBHOOK_URL=peer.url, PREFECT_API_URL="")
    found = json.loads(told.splitlines()[-1])
    assert found["module"] == str(root / "driftloop" / "__init__.py")
    assert "cvm" in found["tests"]
    assert "total_variation" in found["effects"]
    assert "stuck" in found["checks"]
    assert "persistent" in found["triggers"]
    assert "alarm_share" in found["gates"]
    assert found["estimator"] == "extra_trees"
    assert any("payments" in text for text in peer.texts)
