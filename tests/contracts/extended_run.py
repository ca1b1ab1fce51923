"""Trains and monitors a small model with the configuration of docs/extending.md; prints what ran.

Run by test_extending.py in a copy of the project that followed the page.
"""

import json
import sys
from pathlib import Path
from typing import Any

from faults import ground
from workshop import write_config

import driftloop
from flows.challenge import challenge
from flows.watch import watch
from tasks.alerts.write import deliver_alerts, write_alert
from tasks.runtime.step import inline


def configured(asked: dict[str, Any]) -> dict[str, Any]:
    """The small workspace's configuration with that of the page; Slack has no peer here."""
    config = dict(ground.CONFIG)
    for name, values in asked.items():
        merged = {**config.get(name, {}), **values} if isinstance(values, dict) else values
        config[name] = merged
    told = [one for one in asked["alerts"]["channels"] if one["kind"] == "text"]
    config["alerts"] = {"channels": told}
    search = {**asked["training"]["search"], "trials": 1, "space": {"n_estimators": [20, 30]}}
    config["training"] = {**config["training"], "search": search}
    return config


def main(place: Path) -> None:
    """Bootstrap as the workspace is; then monitor and retrain as the page says."""
    work = ground.build(place / "work")
    challenge(ground.job_of(work, ground.FIRST), "bootstrap", "The first one.", None)
    asked = json.loads((place / "extended.json").read_text())
    write_config(work, configured(asked))
    job = ground.job_of(work, ground.SECOND)

    def tell(run: Any, record: Any) -> None:
        write_alert(job, record, run.history, run.run_id)

    record = watch(job, tell, lambda *_: None)
    deliver_alerts(job)
    comparison = challenge(job, "retrain", "Asked for.", None).comparison
    found = {
        "module": driftloop.__file__,
        "tests": sorted({finding.test for finding in record.findings}),
        "effects": sorted({finding.effect for finding in record.findings}),
        "checks": sorted({one.check for one in record.quality}),
        "triggers": [trigger.trigger for trigger in record.decision.triggers],
        "gates": [gate.gate for gate in comparison.gates] if comparison else [],
        "estimator": job.config.training.estimator.kind,
        "performance": record.performance.sentence,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    with inline():
        main(Path(sys.argv[1]))
