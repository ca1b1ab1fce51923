"""docs/walk-throughs.md followed to the letter: a quantity and three classes, each to a verdict."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config

Cli = Callable[..., CompletedProcess[str]]
PAGE = Path(__file__).parents[2] / "docs" / "walk-throughs.md"


def followed(run_cli: Cli, section: str) -> dict[str, str]:
    """Do what a section of the page says; what each command printed, as JSON where it can."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    subprocess.run([sys.executable, "-c", program], check=True)
    said = {}
    for line in re.findall(r"^driftloop (.*)$", text, re.MULTILINE):
        command = shlex.split(line)
        form = () if command[0] == "report" else ("--json",)
        done = run_cli(*command, *form)
        assert done.returncode == 0, done.stderr
        said[command[0]] = done.stdout
    return said


def drifted(verdict: dict[str, Any]) -> set[str]:
    return {found["name"] for found in verdict["features"] if found["status"] == "drift"}


@pytest.mark.slow
def test_a_quantity_whose_relation_changes(
    tmp_path: Path, run_cli: Cli, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = followed(run_cli, "A quantity")
    config = load_config(Workspace(tmp_path / "deliveries").configs / "deliveries.yaml")
    assert (config.task, config.comparison.metric) == ("regression", "r2")
    verdict = json.loads(said["monitor"])
    assert drifted(verdict) == set()
    assert verdict["performance"]["score"] < 0.2 < 0.85 < verdict["estimate"]["score"]
    assert verdict["champion"]["version"] == "2", verdict["sentence"]
    assert "minutes" in (tmp_path / "deliveries.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_three_classes_one_of_which_comes_to_look_like_another(
    tmp_path: Path, run_cli: Cli, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = followed(run_cli, "Three classes")
    config = load_config(Workspace(tmp_path / "tickets").configs / "tickets.yaml")
    assert config.task == "multiclass"
    verdict = json.loads(said["monitor"])
    assert drifted(verdict) == {"screenshots"}
    report = (tmp_path / "tickets.html").read_text(encoding="utf-8")
    assert all(kind in report for kind in ("billing", "bug", "question"))
