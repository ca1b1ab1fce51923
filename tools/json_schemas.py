"""JSON Schemas of what people write and of what the command line prints.

``python -m tools.json_schemas docs/schemas`` writes them; editors use the one of the configuration
to complete and check it while it is typed.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from driftloop.alerts.responses import Acknowledged, DeliveryReport, Muted, TestAlert
from driftloop.backtest.matrix_result import MatrixResult
from driftloop.backtest.tuning import Tuning
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.config.model_config import ModelConfig
from driftloop.onboarding.result import NewWorkspace
from driftloop.promotion.ledger import Answer, Ledger, Rollback
from driftloop.reporting.backtest import Backtest
from driftloop.reporting.dashboard.rows import Dashboard
from driftloop.reporting.fleet import Fleet
from driftloop.reporting.prometheus.metrics import Metrics
from driftloop.reporting.retention import Pruning
from driftloop.reporting.run_report.past_runs import FetchedReport, History
from driftloop.reporting.status import Statuses
from driftloop.snapshots.record import SnapshotRecord
from tasks.coordination.place import Rehomed
from tasks.deployments.register import Registration
from tasks.stack.backup.manifest import Backup
from tasks.stack.status import StackStatus
from tasks.stack.stopping import StackStop

PRINTED: dict[str, type[Any]] = {
    "ack": Acknowledged,
    "rehome": Rehomed,
    "approve": Answer,
    "backtest": Backtest,
    "backtest-matrix": MatrixResult,
    "backup": Backup,
    "dashboard": Dashboard,
    "deliver": DeliveryReport,
    "deploy": Registration,
    "digest": DeliveryReport,
    "down": StackStop,
    "fleet": Fleet,
    "history": History,
    "init": NewWorkspace,
    "ledger": Ledger,
    "metrics": Metrics,
    "monitor": MonitorRecord,
    "mute": Muted,
    "prune": Pruning,
    "report": FetchedReport,
    "restore": Backup,
    "retrain": RetrainRecord,
    "rollback": Rollback,
    "snapshot": SnapshotRecord,
    "stack": StackStatus,
    "status": Statuses,
    "test-alert": TestAlert,
    "tune": Tuning,
    "up": StackStatus,
}
"""The record that each command prints; ``bootstrap`` and ``challenge`` print that of ``retrain``,
``adopt`` that of ``init``, and ``backtest --matrix`` its own."""
NAMES = (*PRINTED, "config")


class PrintedSchema(GenerateJsonSchema):
    """Schemas of records as they are printed: every field is there, and no other."""

    def field_is_required(self, *_: Any, **__: Any) -> bool:
        """Say so of every field: what has a default is printed, too."""
        return True

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave defaults out."""
        return self.generate_inner(schema["schema"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Allow no further fields."""
        return {**super().dataclass_schema(schema), "additionalProperties": False}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one of `NAMES`."""
    if name == "config":
        schema = ModelConfig.model_json_schema()
    else:
        schema = TypeAdapter(PRINTED[name]).json_schema(
            mode="serialization", schema_generator=PrintedSchema
        )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema as ``<name>.schema.json`` and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in NAMES:
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(json_schema(name), indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for file in write_schemas(Path(sys.argv[1])):
        print(file)
