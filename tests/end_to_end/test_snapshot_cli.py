"""The command and the flow that turn what arrived into a snapshot."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from jsonschema import Draft202012Validator
from snapshot_ground import build, drop, job_of, week_rows
from workshop import git

from flows.snapshot import snapshot
from tasks.snapshots.resolve import snapshot_at
from tools.json_schemas import json_schema

Cli = Callable[..., CompletedProcess[str]]


def test_a_snapshot_from_the_command_line_is_one_that_monitoring_reads(
    tmp_path: Path, run_cli: Cli, prefect_server: str
) -> None:
    work = build(tmp_path / "place")
    path = drop(work, "new.csv", week_rows(2).assign(note="x"))
    command = ("snapshot", "payments", "-w", str(work), "--as-of", "2026-03-20", "--json")
    done = run_cli(*command, "--dry-run")
    assert json.loads(done.stdout)["dry_run"] is True, done.stderr
    done = run_cli(*command)
    found = json.loads(done.stdout)
    Draft202012Validator(json_schema("snapshot")).validate(found)
    assert (found["made"], found["added"], found["dropped"]) == (True, 40, ["note"])
    assert snapshot_at(job_of(work), found["tag"]).rev == found["rev"]
    done = run_cli(*command[:-1], "--source", str(path))
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        f"payments: nothing new: new.csv: already in snapshot {found['tag']}.",
    )
    path.write_text("id,at\n1,soon\n")
    done = run_cli(*command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {path}: no column 'a'")


def test_the_flow_takes_what_the_deployment_is_given(tmp_path: Path, prefect_server: str) -> None:
    work = build(tmp_path / "place")
    path = work.parent / "late.csv"
    week_rows(1)[["id", "bad"]].assign(bad=1).to_csv(path, index=False)
    found = snapshot("payments", source=str(path), workspace=str(work))
    assert found.made
    assert git(work, "rev-parse", "HEAD") == found.rev
    assert snapshot("payments", source=str(path), workspace=str(work)).tag == found.tag
