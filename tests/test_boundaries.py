"""Arrows point one way, flows -> tasks -> driftloop, and functions and files stay small."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("driftloop", "tasks", "flows")
FORBIDDEN = {
    "driftloop": {
        *("tasks", "flows", "prefect", "mlflow", "dvc", "slack_sdk", "requests", "httpx"),
        *("urllib3", "aiohttp", "socket", "prometheus_client"),
    },
    "tasks": {"flows"},
    "flows": {"pandas", "numpy", "sklearn", "scipy", "alibi_detect", "mlflow", "dvc", "slack_sdk"},
}
LAZY = {"alibi_detect", "mlflow", "sklearn", "scipy", "dvc", "matplotlib", "skops", "optuna"}
EXAMPLE = """
import a.b
if TYPE_CHECKING:
    import c
class K:
    from d import e
def f():
    import g
    importlib.import_module("h.i")
try:
    import j
finally:
    pass
"""
MOST_LINES = {"function": 40, "file": 350}
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imported(node: ast.AST) -> Iterator[str]:
    """Top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports hide where an arrow points"
        yield (node.module or "").split(".")[0]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        first = node.args[0] if node.args else None
        if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
            yield str(first.value).split(".")[0]


def at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """Statements that run when the module is imported: no functions, no TYPE_CHECKING blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import_time(child)


@each_file
def test_arrows_point_one_way(path: Path) -> None:
    found = {name for node in ast.walk(tree(path)) for name in imported(node)}
    assert found & FORBIDDEN[package_of(path)] == set()


@each_file
def test_heavy_imports_are_lazy(path: Path) -> None:
    found = {name for node in at_import_time(tree(path)) for name in imported(node)}
    assert found & LAZY == set()


@each_file
def test_functions_are_short(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    most = MOST_LINES["function"]
    assert {name: lines for name, lines in lengths.items() if lines > most} == {}


@each_file
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES["file"]


def test_no_flow_file_bears_the_name_of_a_package() -> None:
    """Prefect loads ``flows/monitor.py`` as module ``monitor``, ``flows/`` first on the path."""
    taken = {*packages_distributions(), *sys.stdlib_module_names, *PACKAGES} - {"flows"}
    names = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert names & taken == set()


def test_no_shared_type_is_defined_in_flows() -> None:
    """Loaded under two names, a class there would be two classes."""
    defined = {
        f"{path.name}: {node.name}"
        for path in (ROOT / "flows").rglob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    assert defined == set()


def test_the_walk_sees_what_it_looks_for(tmp_path: Path) -> None:
    """So that a change of this file cannot make every test above pass."""
    path = tmp_path / "module.py"
    path.write_text(EXAMPLE)
    every = {name for node in ast.walk(tree(path)) for name in imported(node)}
    assert every == {"a", "c", "d", "g", "h", "j"}
    eager = {name for node in at_import_time(tree(path)) for name in imported(node)}
    assert eager == {"a", "d", "j"}
    assert len(FILES) > 50
