"""The process that forks one for each case, as its users see it; `faults.zygote` is its inside."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Zygote:
    """A process that forks one for each case."""

    process: "subprocess.Popen[str]"
    env: dict[str, str]

    def race(self, *cases: dict[str, Any]) -> list[dict[str, Any]]:
        """Start all at once and return how each ended and what it said."""
        pipe, answers = self.process.stdin, self.process.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps([{**case, "env": self.env} for case in cases]) + "\n")
        pipe.flush()
        found: list[dict[str, Any]] = json.loads(answers.readline())
        return found

    def run(self, work: str, folder: Path, fault: Any = None, **given: Any) -> dict[str, Any]:
        """Run one and return how it ended and what it said."""
        case = {"work": work, "folder": str(folder), "fault": fault, "given": given}
        return self.race(case)[0]


@contextmanager
def zygote_process() -> "Iterator[subprocess.Popen[str]]":
    """Start the process, and end it."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "faults.zygote"],
        cwd=ROOT,
        env={**env, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()
