"""Everything that a run leaves behind, without ids, times and addresses."""

import json
from pathlib import Path
from typing import Any

from peers.slack import SlackPeer

from driftloop.alerts.incident import AlertState
from driftloop.base.tags import RunTags, VersionTags
from driftloop.base.workspace import Workspace
from driftloop.promotion.ledger import MOVES, inconsistencies
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.document_files import FileDocuments
from tasks.registry.ledger import read_ledger
from tasks.registry.mlflow import MlflowRegistry

STAMPS = {RunTags.tag_name(name) for name in ("recorded_at", "seconds", "process")}


def champion_of(folder: Path) -> str | None:
    """The version that the alias names."""
    found = MlflowRegistry(Workspace(folder)).champion("payments")
    return found.version if found else None


def ledger_faults(folder: Path) -> tuple[str, ...]:
    """What contradicts itself in the ledger."""
    registry = MlflowRegistry(Workspace(folder))
    return inconsistencies(read_ledger(registry, "payments"), champion_of(folder))


def alerts_of(folder: Path) -> AlertState:
    """The alerts of the model."""
    return read_alerts(FileDocuments(folder / ".driftloop" / "documents"), "payments")


def state_of(folder: Path, slack: SlackPeer) -> dict[str, Any]:
    """The state after a run; equal for a run that was cut off and run again, and one that was not.

    Posts are told apart by their keys in the registry that they are of.
    """
    posts = [((post.key or "").partition("/")[2], post.text) for post in slack.posts]
    return {**kept_state(folder), "posts": posts}


def kept_state(folder: Path) -> dict[str, Any]:
    """What a run leaves in the registry and in the state of alerts.

    The ledger keeps that a run was cut off, so only the moves that were made are compared.
    """
    registry = MlflowRegistry(Workspace(folder))
    client, experiment = registry.client, registry.experiment("payments")
    moves = [one for one in read_ledger(registry, "payments") if one.kind in MOVES]
    return {
        "champion": champion_of(folder),
        "faults": ledger_faults(folder),
        "moves": [
            (move.kind, move.key, move.version, move.previous, move.sentence) for move in moves
        ],
        "versions": sorted(map(_version, registry.versions("payments").items())),
        "runs": sorted(_run(registry, run) for run in client.search_runs([experiment])),
        "models": _models(client.search_logged_models([experiment])),
        "pending": len(alerts_of(folder).posts),
        "incidents": [
            (incident.number, incident.summary.action, incident.open)
            for incident in alerts_of(folder).incidents
        ],
    }


def _models(found: Any) -> list[str]:
    """Return the states of stored models; one that was cut off stays in MLflow as failed."""
    states = sorted(str(model.status).rpartition(".")[2] for model in found)
    return [state for state in states if state != "FAILED"]


def _version(found: tuple[str, VersionTags]) -> tuple[Any, ...]:
    version, tags = found
    watch = json.loads(tags.probation or "{}")
    stamps = [name for name in tags.to_tags() if name.endswith("_at") or ".look." in name]
    kept = tags.key, tags.previous_champion, tags.lock_sha256
    return version, kept, sorted(stamps), watch.get("state")


def _run(registry: MlflowRegistry, run: Any) -> tuple[Any, ...]:
    own = RunTags.from_tags(run.data.tags).to_tags()
    tags = {name: value for name, value in own.items() if name not in STAMPS}
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    # A profile is a cache, and an upload that was cut off is MLflow's own draft.
    passed_over = ("reference_profile", ".artifact.uploading.")
    files = sorted(
        name for name in found if not any(part.startswith(passed_over) for part in Path(name).parts)
    )
    return run.info.status, sorted(tags.items()), sorted(run.data.metrics.items()), files
