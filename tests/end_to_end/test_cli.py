"""The command line: results, exit codes, one-line errors."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from workshop import monday, small_config, train_first, write_config

from driftloop.base.errors import RegistryError
from flows.bootstrap import bootstrap
from tools.json_schemas import NAMES, json_schema

Cli = Callable[..., CompletedProcess[str]]
DRIFTING = f"{monday(20):%Y-%m-%d}"


def parsed(done: CompletedProcess[str], schema: str) -> dict[str, Any]:
    """The one object on standard output, valid under its schema."""
    found: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(json_schema(schema)).validate(found)
    return found


def fails(done: CompletedProcess[str], *parts: str) -> None:
    """Exit code 2, nothing on standard output, one line on standard error with these parts."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 1), done.stderr
    for part in parts:
        assert part in lines[0], lines[0]


def test_monitor_prints_one_object_and_exits_with_3_on_request(
    championed: Path, run_cli: Cli, prefect_server: str
) -> None:
    command = ("monitor", "payments", "--as-of", DRIFTING, "-w", str(championed), "--json")
    done = run_cli(*command, "--fail-on", "drift")
    assert done.returncode == 3, done.stderr
    found = parsed(done, "monitor")
    assert (found["model"], found["verdict"], found["retrain"]) == ("payments", "drift", None)
    assert found["champion"] == {"version": "1"}
    assert found["rows"]["reference"] > found["rows"]["current"] > 1000
    assert found["features"][0]["status"] == "drift"
    assert "inputs drifted" in done.stderr, "without Slack the message is shown on the console"

    status = run_cli("status", "-w", str(championed), "--json")
    assert status.returncode == 0
    (line,) = parsed(status, "status")["models"]
    assert (line["model"], line["champion"], line["verdict"]) == ("payments", "1", "drift")


def test_retrain_promotes_and_rollback_returns(
    championed: Path, run_cli: Cli, prefect_server: str
) -> None:
    where = ("-w", str(championed), "--json")
    done = run_cli("retrain", "payments", "--as-of", f"{monday(21):%Y-%m-%d}", *where)
    assert done.returncode == 0, done.stderr
    found = parsed(done, "retrain")
    assert found["won"], found["sentence"]
    assert found["promoted_version"] == found["champion"]["version"] == "2"
    back = run_cli("rollback", "payments", "--reason", "A test.", *where)
    assert back.returncode == 0, back.stderr
    assert parsed(back, "rollback")["champion"] == {"version": "1"}
    assert "rolled back" in back.stderr
    fails(run_cli("rollback", "payments", *where), "version 1 has no predecessor", "--to")


@pytest.mark.parametrize(
    "entry",
    [(str(Path(sys.executable).with_name("driftloop")),), (sys.executable, "-m", "flows.cli")],
    ids=["script", "module"],
)
def test_an_entry_point_is_the_command_line(
    entry: tuple[str, ...], payments: Path, tmp_path: Path, run_cli: Cli
) -> None:
    """In a process of its own, which says and returns what the same command does in this one."""
    for arguments in (("status", "-w", str(payments), "--json"), ("status", "-w", str(tmp_path))):
        command = [*entry, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        here = run_cli(*arguments)
        assert (done.returncode, done.stdout) == (here.returncode, here.stdout)
        assert done.stderr == here.stderr


def test_bootstrap_refuses_a_second_champion(championed: Path, prefect_server: str) -> None:
    with pytest.raises(RegistryError, match="already has a champion, version 1; use 'driftloop re"):
        bootstrap("payments", as_of=monday(21), workspace=str(championed))
    train_first(championed)  # the very run that made it may be repeated


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("monitor", "paymints"), ("paymints", "valid: payments", "did you mean payments?")),
        (("retrain", "payments", "--rev", "nope"), ("no revision 'nope'", "git log")),
        (("monitor", "payments", "--as-of", "soon"), ("'soon' is not a valid date", "2026-03-02")),
    ],
)
def test_bad_arguments(
    arguments: tuple[str, ...], parts: tuple[str, ...], payments: Path, run_cli: Cli
) -> None:
    fails(run_cli(*arguments, "-w", str(payments)), *parts)
    assert not (payments / ".driftloop" / "documents").exists()


def test_an_unknown_key_in_the_configuration(payments: Path, run_cli: Cli) -> None:
    path = write_config(payments, small_config(drift={"leve": 0.01}))
    done = run_cli("monitor", "payments", "-w", str(payments))
    fails(done, str(path), "drift.leve", "unknown key", "did you mean level?")


def test_a_folder_that_is_no_workspace(tmp_path: Path, run_cli: Cli) -> None:
    fails(
        run_cli("status", "-w", str(tmp_path)), str(tmp_path), "not a workspace", "driftloop init"
    )


def test_no_champion_yet(payments: Path, run_cli: Cli, prefect_server: str) -> None:
    done = run_cli("monitor", "payments", "--as-of", DRIFTING, "-w", str(payments))
    fails(done, "payments has no champion", "driftloop bootstrap payments")


@pytest.mark.parametrize(
    ("variable", "address", "part"),
    [
        ("PREFECT_API_URL", "http://127.0.0.1:9/api", "the Prefect server at"),
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:9", "MLflow at"),
    ],
)
def test_a_service_that_does_not_answer(
    variable: str, address: str, part: str, payments: Path, run_cli: Cli
) -> None:
    done = run_cli("monitor", "payments", "-w", str(payments), **{variable: address})
    fails(done, part, address, "does not answer", variable)


def test_a_dvc_remote_that_is_gone(championed: Path, run_cli: Cli, prefect_server: str) -> None:
    shutil.rmtree(championed / ".dvc" / "cache")
    shutil.rmtree(championed / "data")
    done = run_cli("monitor", "payments", "--as-of", DRIFTING, "-w", str(championed))
    fails(done, "neither in the DVC cache nor on a remote that answers", "dvc pull")


def test_documented_schemas_are_those_of_the_code() -> None:
    folder = Path(__file__).parents[2] / "docs" / "schemas"
    assert {path.name for path in folder.iterdir()} == {f"{name}.schema.json" for name in NAMES}
    for name in NAMES:
        written = json.loads((folder / f"{name}.schema.json").read_text())
        assert written == json_schema(name), "run 'make schema'"
