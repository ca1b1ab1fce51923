"""A run does not load what it does not need: each of these costs a person one to four seconds."""

import subprocess
import sys
from collections.abc import KeysView
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
JUDGE = """
import sys
import numpy as np
import pandas as pd
from driftloop.drift.settings import DriftSettings
from tests.driftloop.drift.two_samples import TwoSamples, find_drift
rng = np.random.default_rng(0)
tables = [pd.DataFrame({"x": rng.normal(size=5000), "c": ["a", "b"] * 2500}) for _ in "ab"]
settings = DriftSettings(engine="native")
found = find_drift(TwoSamples(*tables, ("x",), ("c",)), settings)
assert [one.status for one in found] == ["ok", "ok"], found
print(*sorted({name.split(".")[0] for name in sys.modules} | {"scipy.stats"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", JUDGE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "package", ["alibi_detect", "numba", "sklearn", "mlflow", "prefect", "dvc"]
)
def test_judging_a_small_window_loads_no_heavy_package(package: str, loaded: set[str]) -> None:
    assert {"numpy", "pandas", "scipy"} <= loaded
    assert package not in loaded


def test_judging_a_small_window_does_not_load_scipy_stats(loaded: set[str]) -> None:
    assert "scipy.stats" not in loaded


HEAVY = {"pandas", "prefect", "mlflow", "sklearn", "scipy", "dvc", "matplotlib", "pyarrow"}


def modules_after(code: str) -> KeysView[str]:
    """The modules that are loaded after some code, in their order, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict.fromkeys(done.stdout.split()).keys()


def test_the_command_line_starts_with_nothing_but_itself() -> None:
    loaded = modules_after("import flows.cli.app")
    assert not (HEAVY | {"numpy", "pydantic", "flows.cli.monitoring"}) & loaded


def test_the_shell_completes_commands_without_importing_them() -> None:
    code = (
        "import os; os.environ.update(_DRIFTLOOP_COMPLETE='complete_bash', COMP_CWORD='1', "
        "COMP_WORDS='driftloop mo')\nfrom flows.cli.app import app\n"
        "try: app(prog_name='driftloop')\nexcept SystemExit: pass"
    )
    loaded = modules_after(f"exec({code!r})")
    assert "monitor" in loaded  # printed before the modules
    assert not (HEAVY | {"numpy", "flows.cli.monitoring"}) & loaded


def test_an_option_that_is_none_loads_not_even_numpy() -> None:
    loaded = modules_after("from flows.cli.app import load_command; load_command('monitor')")
    assert "flows.cli.monitoring" in loaded
    assert not (HEAVY | {"numpy", "driftloop.alerts.incident"}) & loaded


def test_commands_start_without_the_libraries_of_their_work() -> None:
    code = "from flows.cli.app import COMMANDS, load_command; [load_command(c) for c in COMMANDS]"
    assert not HEAVY & modules_after(code)


READING = (
    "flows.cli.reports",
    "tasks.reporting.status",
    "tasks.reporting.history",
    "tasks.reporting.metric_inputs",
    "tasks.registry.ledger",
    "tasks.runtime.preflight",
    "tasks.registry.mlflow",
    "tasks.coordination.document_variables",
)


def test_what_commands_that_read_are_made_of_loads_no_prefect() -> None:
    loaded = modules_after(f"import {', '.join(READING)}")
    assert set(READING) <= loaded
    assert not {"prefect", "mlflow", "sklearn", "scipy", "dvc", "matplotlib"} & loaded


def test_reading_from_mlflow_loads_nothing_but_mlflow(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    arguments = ["driftloop", "status", "--workspace", str(tmp_path), "--json"]
    run = f"import sys; sys.argv = {arguments!r}; from flows.cli.app import app"
    loaded = modules_after(f"{run}; app(standalone_mode=False)")
    assert "mlflow.store.tracking.sqlalchemy_store" in loaded
    unwanted = {"prefect", "sklearn", "skops", "scipy.stats", "dvc", "matplotlib", "transformers"}
    assert not unwanted & loaded


def test_a_command_with_models_loads_scipy_before_what_skops_would_search(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    arguments = ["driftloop", "monitor", "none", "--workspace", str(tmp_path)]
    server = "os.environ['PREFECT_API_URL'] = 'http://127.0.0.1:9/api'"  # no temporary one
    run = f"import os, sys; {server}; sys.argv = {arguments!r}; from flows.cli.app import app"
    order = [*modules_after(f"{run}; app(standalone_mode=False)")]
    assert order.index("scipy.special") < min(order.index("pandas"), 600)


def test_skops_is_imported_without_the_whole_of_scikit_learn() -> None:
    loaded = modules_after("from tasks.registry.skops_import import skops_io; skops_io()")
    assert "skops.io" in loaded
    assert not {"prefect", "mlflow", "dvc", "sklearn.neural_network", "pytest"} & loaded


@pytest.mark.parametrize(("before", "trusted"), [("skops_io()", False), ("complete_skops()", True)])
def test_code_of_others_finds_a_skops_that_trusts_scikit_learn(before: str, trusted: bool) -> None:
    """Also where driftloop has imported it before, without its list."""
    lines = (
        "from sklearn.preprocessing import LabelEncoder",
        "from tasks.registry.skops_import import complete_skops, skops_io",
        f"skops_io(); {before}",
        "import skops.io",
        "stored = skops.io.dumps(LabelEncoder().fit([1, 2]))",
        "print(skops.io.get_untrusted_types(data=stored))",
    )
    command = [sys.executable, "-c", "\n".join(lines)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (said.strip() == "[]") is trusted


def test_help_says_what_each_command_says_of_itself() -> None:
    from flows.cli.app import COMMANDS, help_of, load_command

    for name in COMMANDS:
        assert help_of(name) == load_command(name).__doc__


def test_the_plots_of_a_report_load_no_plotting_library() -> None:
    cases = "from tests.driftloop.reporting.report_cases import report_input"
    draw = "from driftloop.reporting.run_report.plots import draw_figures"
    loaded = modules_after(f"{cases}; {draw}; assert draw_figures(report_input()).performance")
    assert "driftloop.reporting.html.svg" in loaded
    assert "matplotlib" not in loaded
