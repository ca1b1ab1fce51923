"""The commands about reports, as people run them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from workshop import look, monday

from driftloop.base.workspace import Workspace
from tasks.registry.opening import open_registry
from tools.json_schemas import json_schema

pytestmark = pytest.mark.usefixtures("prefect_server")

Cli = Callable[..., CompletedProcess[str]]


def parsed(done: CompletedProcess[str], schema: str) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(json_schema(schema)).validate(found)
    return found


@pytest.fixture(scope="module")
def watched(championed_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was monitored in two weeks, the second of them with drift."""
    folder = tmp_path_factory.mktemp("watched") / "payments"
    shutil.copytree(championed_template, folder, symlinks=True)
    look(folder, 9)
    look(folder, 16)
    return folder


def test_the_newest_report_is_fetched(watched: Path, run_cli: Cli) -> None:
    done = run_cli("report", "payments", "-w", str(watched))
    assert done.returncode == 0, done.stderr
    assert "▲ inputs drifted" in done.stdout
    path = watched / ".driftloop" / "reports" / "payments" / f"{monday(17):%Y-%m-%d}T000000Z.html"
    assert "Inputs drifted." in path.read_text()


def test_an_earlier_report_by_date_and_by_run(watched: Path, run_cli: Cli, tmp_path: Path) -> None:
    wanted = "report", "payments", "-w", str(watched), "--json", "--output"
    by_date = parsed(
        run_cli(*wanted, str(tmp_path / "a.html"), "--as-of", f"{monday(10):%Y-%m-%d}"), "report"
    )
    by_run = parsed(
        run_cli(*wanted, str(tmp_path / "b.html"), "--run", by_date["run_id"]), "report"
    )
    assert by_date["outcome"] == "ok"
    assert by_run["as_of"] == by_date["as_of"]
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_what_there_is_no_report_of(watched: Path, run_cli: Cli) -> None:
    registry = open_registry(Workspace(watched))
    champion = registry.champion("payments")
    assert champion is not None
    newest = registry.finished("payments", "monitor")[0].run_id
    for options, told in (
        (("--as-of", "2020-01-01"), newest),
        (("--run", "0" * 32), newest),
        (("--run", champion.run_id), "only monitoring runs have one"),
        (("--run", "a", "--as-of", "2020-01-01"), "use one of them"),
        (("--output", "/proc/none/report.html"), "cannot be written"),
    ):
        done = run_cli("report", "payments", "-w", str(watched), *options)
        assert done.returncode == 2
        assert told in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_model_that_was_never_monitored(championed: Path, run_cli: Cli) -> None:
    for command in ("report", "history"):
        done = run_cli(command, "payments", "-w", str(championed))
        assert done.returncode == 2
        assert "no finished monitoring run" in done.stderr
        unknown = run_cli(command, "paymnts", "-w", str(championed))
        assert "did you mean payments?" in unknown.stderr


def test_the_history_of_a_model(watched: Path, run_cli: Cli) -> None:
    found = parsed(run_cli("history", "payments", "-w", str(watched), "--json"), "history")
    assert [one["outcome"] for one in found["runs"]] == ["ok", "drift"]
    assert found["runs"][0]["score"] > 0.8
    assert [one["kind"] for one in found["moves"]] == ["promoted"]
    assert found["incidents"][0]["end"] is None
    done = run_cli("history", "payments", "-w", str(watched), NO_COLOR="1", COLUMNS="80")
    assert "runs      ✓ ▲" in done.stdout
    assert "incident    ━" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    last = parsed(
        run_cli("history", "payments", "-w", str(watched), "--last", "1", "--json"), "history"
    )
    assert len(last["runs"]) == 1


def test_one_page_on_all_models(watched: Path, run_cli: Cli, tmp_path: Path) -> None:
    (watched / "configs" / "fraud.yaml").write_text("model: fraud\n")
    try:
        found = parsed(
            run_cli("dashboard", "-w", str(watched), "-o", str(tmp_path / "site"), "--json"),
            "dashboard",
        )
        done = run_cli("dashboard", "-w", str(watched))
    finally:
        (watched / "configs" / "fraud.yaml").unlink()
    by_name = {one["model"]: one for one in found["models"]}
    assert by_name["payments"]["outcome"] == "drift"
    assert by_name["fraud"]["outcome"] == "inconclusive"
    assert "configs/fraud.yaml" in by_name["fraud"]["problem"]
    page = Path(found["path"])
    assert page == tmp_path / "site" / "index.html"
    assert (page.parent / by_name["payments"]["report"]).is_file()
    assert done.returncode == 0
    assert done.stdout.startswith(
        "2 models: 1 that could not be evaluated, 1 with an open incident"
    )
    assert (watched / ".driftloop" / "site" / "index.html").is_file()
