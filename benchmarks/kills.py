"""Random kills: trials of ``tests/faults/random_kills.py``, as many as one likes.

Each trial is kept as soon as it ends, so that a measurement goes on where it was broken off.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import sentence
from benchmarks.page import replace_part, spaced, table
from benchmarks.paths import CACHE, DOCS, PAGE, RESULTS, ROOT
from driftloop.base.environment import prepare_environment

KEPT = DOCS / "kills.json"
OPERATIONS = ("monitor", "retrain", "roll back", "deliver", "snapshot", "snapshot behind")
OUTCOMES = ("lost", "blocked", "wrong", "doubled")
_WORDS = {"snapshot behind": "snapshot, after another machine's"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Trials of each operation in turn, `trials` in all, whose kills follow from `seed`."""

    trials: int = 2000
    seed: int = 1
    operations: Sequence[str] = OPERATIONS
    first: int = 0


def run(settings: Settings) -> None:
    """Run the trials that are not kept yet, and print each that did not end as it should."""
    _prepare()
    from faults.random_kills import in_folder

    kept = RESULTS / f"kills-{settings.seed}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = {(trial["operation"], trial["number"]) for trial in _kept(kept)}
    share = -(-settings.trials // len(settings.operations))
    with tempfile.TemporaryDirectory() as folder, in_folder(Path(folder)) as kills:
        for number in range(settings.first, settings.first + share):
            for operation in settings.operations:
                if (operation, number) in done:
                    continue
                result = kills.trial(operation, settings.seed, number)
                with kept.open("a") as file:
                    file.write(json.dumps(asdict(result)) + "\n")
                for outcome, what in result.faults:
                    line = f"{operation} {number}, seed {settings.seed}: {outcome}: {what}"
                    print(line, flush=True)
    write_summary()


def write_summary() -> None:
    """Keep the counts of all trials that are kept, by operation, in docs/benchmarks/kills.json."""
    trials = [
        {**trial, "seed": int(path.stem.partition("-")[2])}
        for path in sorted(RESULTS.glob("kills-*.jsonl"))
        for trial in _kept(path)
    ]
    found = {
        "machine": sentence(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "seeds": sorted({trial["seed"] for trial in trials}),
        "operations": {
            operation: _counts([trial for trial in trials if trial["operation"] == operation])
            for operation in OPERATIONS
        },
    }
    KEPT.write_text(json.dumps(found, indent=2) + "\n")


def write() -> None:
    """Write the page's part again from the numbers that are kept."""
    replace_part(PAGE, "kills", text_of(json.loads(KEPT.read_text())))


def text_of(found: dict[str, Any]) -> str:
    """Return the table of a measurement."""
    counted = {name: counts for name, counts in found["operations"].items() if counts["trials"]}
    names = ("trials", "kills", *OUTCOMES, "webhook_doubles")
    rows = [
        [
            _WORDS.get(name, name),
            *(spaced(counts[key]) for key in names),
            f"{counts['seconds']:.1f}",
        ]
        for name, counts in counted.items()
    ]
    sums = [spaced(sum(counts[key] for counts in counted.values())) for key in names]
    header = ("", "trials", "kills", *OUTCOMES, "sent twice to the webhook", "seconds a trial")
    seeds = ", ".join(map(str, found["seeds"]))
    about = f"{found['machine']} On {found['date']}, with {_noun(found['seeds'])} {seeds}."
    return f"{about}\n\n{table(header, [*rows, ['all', *sums, '']])}"


def _noun(seeds: Sequence[int]) -> str:
    return "seed" if len(seeds) == 1 else "seeds"


def _counts(trials: Sequence[dict[str, Any]]) -> dict[str, float]:
    outcomes = [{outcome for outcome, _ in trial["faults"]} for trial in trials]
    return {
        "trials": len(trials),
        "kills": sum(trial["met"] for trial in trials),
        **{outcome: sum(outcome in found for found in outcomes) for outcome in OUTCOMES},
        "webhook_doubles": sum(trial["webhook_doubles"] for trial in trials),
        "seconds": round(median([trial["seconds"] for trial in trials]), 2) if trials else 0.0,
    }


def _kept(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _prepare() -> None:
    """Let runs find their workspaces' own registries, and write nothing outside the checkout."""
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI", "SLACK_WEBHOOK_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "OMP_NUM_THREADS": "1",
    }
    (CACHE / "kills").mkdir(parents=True, exist_ok=True)
    prepare_environment(CACHE / "kills")
    sys.path.insert(0, str(ROOT / "tests"))
