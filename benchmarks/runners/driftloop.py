"""driftloop, with its reference profile made afresh (cold) or already on disk (cached)."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.runners.meter import Job, Verdict, run

PACKAGES = ("driftloop", "alibi-detect", "numpy", "scipy", "pyarrow", "numba")


def load(job: Job) -> Verdict:
    """Import driftloop and return its verdict in the job's mode: cold, cached or make."""
    from benchmarks.runners import driftloop_adapter as adapter

    columns = job["numeric"], job["categorical"]
    reference, current, workdir = (Path(job[key]) for key in ("reference", "current", "workdir"))
    note = workdir / "profile.json"

    def prepare() -> list[str]:
        note.write_text(json.dumps(str(adapter.prepare(reference, workdir, *columns))))
        return []

    def cold() -> list[str]:
        return adapter.verdict(adapter.prepare(reference, workdir, *columns), current, *columns)

    def cached() -> list[str]:
        engine = job["options"].get("engine", "native")
        return adapter.verdict(Path(json.loads(note.read_text())), current, *columns, engine)

    modes: dict[str, Verdict] = {"make": prepare, "cold": cold, "cached": cached}
    return modes[job["options"]["mode"]]


def prepare_elsewhere(job: Job) -> None:
    """Make the profile in another process, so that its memory does not count for this one."""
    preparation = job | {"options": {"mode": "make"}, "repeats": 1}
    command = [sys.executable, "-m", "benchmarks.runners.driftloop", json.dumps(preparation)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("prepare: " + done.stderr.strip().splitlines()[-1])


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    if asked["options"]["mode"] == "cached" and not asked["options"].get("at_hand"):
        prepare_elsewhere(asked)
    run(load, PACKAGES)
