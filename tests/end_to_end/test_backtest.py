"""The backtest command and flow: a policy replayed beside its rivals, and nothing left behind."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from workshop import monday, small_config, write_config

from driftloop.base.errors import ConfigError
from driftloop.base.workspace import Workspace
from driftloop.config.editing import MARK
from driftloop.config.loading import load_config
from tasks.backtest.choice import write_choice
from tasks.registry.opening import open_registry
from tasks.runtime.job import load_job
from tools.json_schemas import json_schema

FROM, TO = f"{monday(18):%Y-%m-%d}", f"{monday(23):%Y-%m-%d}"
ONSET = f"{monday(19) + timedelta(days=1):%Y-%m-%d}"


def weekly(**changes: Any) -> dict[str, Any]:
    """A quick policy without label delay, so that few weeks show the whole loop."""
    config = small_config()
    config["data"]["label_delay"] = "0 days"
    config["decision"]["cooldown"] = "1 week"
    config["training"]["windows"] = [{"kind": "since_change"}, {"kind": "all"}]
    return {**config, **changes}


def versions(folder: Path) -> int:
    return len(open_registry(Workspace(folder)).versions("payments"))


def test_the_command(payments: Path, tmp_path: Path, run_cli: Any) -> None:
    write_config(payments, weekly())
    other = write_config(tmp_path, {**weekly(), "promotion": {"mode": {"kind": "never"}}}, "report")
    plot = tmp_path / "backtest.png"
    done = run_cli(
        *("backtest", "payments", "-w", str(payments), "--from", FROM, "--to", TO),
        *("--config", str(other), "--inject", "missing:device:0.5", "--inject-at", ONSET),
        *("--plot", str(plot), "--json"),
        OMP_NUM_THREADS="1",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    Draft202012Validator(json_schema("backtest")).validate(found)
    loop, report = found["policies"]
    assert [one["name"] for one in found["policies"]] == ["payments", "report"]
    assert [one["name"] for one in found["rivals"]] == ["first model", "always retraining"]
    assert found["periods"] == len(loop["periods"]) == 5
    assert loop["promotions"] >= 1
    assert report["promotions"] == 0
    first, always = (one["mean_score"] for one in found["rivals"])
    assert report["mean_score"] == pytest.approx(first), "nothing was promoted"
    assert first < loop["mean_score"]
    assert found["rivals"][1]["retrains"] == 5
    assert loop["gain_kept"] == pytest.approx(
        (loop["mean_score"] - first) / (always - first), abs=1e-4
    )
    injected = found["injection"]
    assert (injected["kind"], injected["column"], injected["periods"]) == ("missing", "device", 1)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert versions(payments) == 0, "the registry is untouched"
    assert not (payments / ".driftloop" / "documents").exists()


def test_bad_requests_are_one_line(payments: Path, run_cli: Any) -> None:
    place = ("backtest", "payments", "-w", str(payments))
    wrong = run_cli(*place, "--inject", "tilt:amount:1")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "valid: shift, scale, missing, new_category, label_flip" in wrong.stderr
    empty = run_cli(*place, "--from", "2030-01-01")
    assert empty.returncode == 2
    assert "no period of 1 week between 2030-01-01" in empty.stderr
    assert "Traceback" not in wrong.stderr + empty.stderr


@pytest.mark.usefixtures("prefect_server")
def test_the_flow(payments: Path) -> None:
    from flows.backtest import backtest

    write_config(payments, weekly())
    found = backtest("payments", start=monday(18), end=monday(20), workspace=str(payments))
    assert (found.periods, found.policies[0].name) == (2, "payments")
    assert Path(str(found.plot)).is_file()
    assert versions(payments) == 0


def test_the_matrix(payments: Path, tmp_path: Path, run_cli: Any) -> None:
    write_config(payments, weekly())
    command = (
        *("backtest", "payments", "-w", str(payments), "--from", FROM, "--to", TO),
        *("--matrix", "--plot", str(tmp_path / "matrix.png")),
    )
    done = run_cli(*command, "--json", OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    Draft202012Validator(json_schema("backtest-matrix")).validate(found)
    names = [one["policy"] for one in found["policies"]]
    assert names == [
        "never",
        "every period",
        "calendar",
        "on loss",
        "as configured",
        "best possible",
    ]
    assert {one["setting"] for one in found["policies"]} == {"all"}
    assert found["policies"][1]["retrains"] == 4
    assert found["policies"][1]["kept"] == pytest.approx(1)
    assert len(list(Path(found["folder"]).glob("all/[0-9]*.npy"))) == found["periods"] == 5
    assert (tmp_path / "matrix.png").stat().st_size > 10_000
    shown = run_cli(*command, OMP_NUM_THREADS="1")
    assert "best possible" in shown.stdout
    wrong = run_cli(*command, "--inject", "missing:device:0.5")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--matrix goes with --from, --to, --plot and --rev alone" in wrong.stderr


def test_tuning(payments: Path, run_cli: Any) -> None:
    """The chosen policy is written, the file stays as it is otherwise, and a dry run shows only."""
    path = payments / "configs" / "payments.yaml"
    config = weekly()
    config["value"] = {"true_positive": 120, "false_positive": -8, "currency": "EUR"}
    config["decision"]["budget"] = {"retrain": 40}
    config["decision"]["triggers"] = [{"kind": "performance"}, {"kind": "calendar", "every": 3}]
    write_config(payments, config)
    path.write_text(f"# mine\n{path.read_text()}# the end\n")
    before = path.read_bytes()
    command = "tune", "payments", "-w", str(payments), "--from", f"{monday(9):%Y-%m-%d}"
    command = *command, "--to", TO
    dry = run_cli(*command, "--dry-run", OMP_NUM_THREADS="1")
    assert dry.returncode == 0, dry.stderr
    assert "would write to" in dry.stdout
    assert path.read_bytes() == before
    done = run_cli(*command, "--json", OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    Draft202012Validator(json_schema("tune")).validate(found)
    assert (found["unit"], found["periods"], found["written"]) == ("EUR", 14, True)
    names = [one["worth"]["policy"] for one in found["policies"]]
    assert names[0] == "as configured"
    assert {"calendar, every 1", "recency weights"} < set(names)
    assert found["best"]["gain"]["mean"] >= max(
        one["worth"]["gain"]["mean"]
        for one in found["policies"]
        if one["worth"]["setting"] == "all"
    )
    (chosen,) = (one for one in found["policies"] if one["chosen"])
    lines = path.read_text().splitlines()
    said = " ".join(line.removeprefix(MARK) for line in lines if line.startswith(MARK))
    assert said.endswith(found["sentence"])
    if not chosen["values"]:
        kept = [line for line in lines if not line.startswith(MARK)]
        assert kept == before.decode().splitlines()
    assert Path(found["plot"]).stat().st_size > 10_000
    path.write_text(path.read_text().replace("retrain: 40", "retrain: no"))
    wrong = run_cli(*command)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "decision.budget" in wrong.stderr


def test_a_choice_is_written_where_the_text_allows_it(payments: Path) -> None:
    path = write_config(payments, weekly())
    job = load_job("payments", monday(20), workspace=payments)
    write_choice(job, {("comparison", "margin"): 0.2}, "why")
    assert load_config(path).comparison.margin == 0.2
    with pytest.raises(ConfigError, match="changed while this ran: start it again; nothing was"):
        write_choice(job, {}, "why")
    first, between, last = re.split("margin: 0.2|margin: 0.12", path.read_text())
    path.write_text(f"{first}margin: &share 0.2{between}margin: *share{last}")
    job, before = load_job("payments", monday(20), workspace=payments), path.read_bytes()
    with pytest.raises(ConfigError, match="nothing was written"):
        write_choice(job, {("comparison", "margin"): 0.1}, "why")
    assert path.read_bytes() == before
