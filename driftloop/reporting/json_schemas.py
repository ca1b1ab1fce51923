"""JSON Schemas of what people write and of what the command line prints.

``python -m driftloop.reporting.json_schemas docs/schemas`` writes them; editors use the first one
to complete and check a configuration while it is typed.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from driftloop.config.model_config import ModelConfig
from driftloop.reporting.json.alerts import AckOutput, DeliverOutput, MuteOutput, TestAlertOutput
from driftloop.reporting.json.backtest import BacktestOutput
from driftloop.reporting.json.base import (
    ApproveOutput,
    LedgerOutput,
    MonitorOutput,
    RetrainOutput,
    RollbackOutput,
    StatusOutput,
)
from driftloop.reporting.json.deploy import DeployOutput
from driftloop.reporting.json.init import InitOutput
from driftloop.reporting.json.metrics import MetricsOutput
from driftloop.reporting.json.reports import DashboardOutput, HistoryOutput, ReportOutput
from driftloop.reporting.json.snapshot import SnapshotOutput
from driftloop.reporting.json.stack import BackupOutput, DownOutput, StackOutput

SCHEMAS: dict[str, type[BaseModel]] = {
    "ack": AckOutput,
    "approve": ApproveOutput,
    "backtest": BacktestOutput,
    "backup": BackupOutput,
    "config": ModelConfig,
    "dashboard": DashboardOutput,
    "deliver": DeliverOutput,
    "deploy": DeployOutput,
    "digest": DeliverOutput,
    "history": HistoryOutput,
    "down": DownOutput,
    "init": InitOutput,
    "ledger": LedgerOutput,
    "metrics": MetricsOutput,
    "monitor": MonitorOutput,
    "mute": MuteOutput,
    "report": ReportOutput,
    "retrain": RetrainOutput,
    "rollback": RollbackOutput,
    "snapshot": SnapshotOutput,
    "restore": BackupOutput,
    "stack": StackOutput,
    "status": StatusOutput,
    "test-alert": TestAlertOutput,
    "up": StackOutput,
}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one of `SCHEMAS`."""
    mode: Any = "validation" if name == "config" else "serialization"
    schema = SCHEMAS[name].model_json_schema(mode=mode)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema as ``<name>.schema.json`` and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in SCHEMAS:
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(json_schema(name), indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for file in write_schemas(Path(sys.argv[1])):
        print(file)
