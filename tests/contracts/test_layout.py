"""The layout of the packages, where neither `lint-imports` nor ruff has a rule for it."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from pkgutil import resolve_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("driftloop", "tasks", "flows")
FILES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
MOST_LINES = 350
MOST_ENTRIES = 16


def test_files_are_short() -> None:
    assert len(FILES) > 50
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_folders_are_small() -> None:
    folders = {path.parent for path in FILES}
    besides = {"__pycache__", "__init__.py", "ruff.toml"}
    entries = {
        folder: len({path.name for path in folder.iterdir()} - besides) for folder in folders
    }
    assert {folder: count for folder, count in entries.items() if count > MOST_ENTRIES} == {}


def test_each_folder_of_tests_is_named_for_what_it_tests() -> None:
    homes = {path.parent.relative_to(ROOT) for path in FILES}
    tests = {
        path.parent.relative_to(ROOT / "tests")
        for package in PACKAGES
        for path in (ROOT / "tests" / package).rglob("test_*.py")
    }
    assert len(tests) > 40
    assert tests - homes == set()


def test_no_flow_file_bears_the_name_of_a_package() -> None:
    """Prefect loads ``flows/monitor.py`` as module ``monitor``, ``flows/`` first on the path."""
    taken = {*packages_distributions(), *sys.stdlib_module_names, *PACKAGES} - {"flows"}
    names = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert "monitor" in names
    assert names & taken == set()


def test_no_shared_type_is_defined_beside_flows() -> None:
    """Prefect loads the file of a flow under two names: a class there would be two classes."""
    defined = {
        f"{path.name}: {node.name}"
        for path in (ROOT / "flows").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    assert defined == set()


def test_the_edges_where_slow_tests_kill_a_run_exist() -> None:
    """A renamed function is found here, and not by `make test-all` alone."""
    from faults.test_kills import TABLE

    edges = [edge for _, _, edge in TABLE]
    steps = {edge.removeprefix("step:") for edge in edges if edge.startswith("step:")}
    source = "".join(path.read_text(encoding="utf-8") for path in FILES)
    assert [name for name in steps if f'step("{name}"' not in source] == []
    for edge in edges:
        if not edge.startswith("step:"):
            resolve_name(edge)
