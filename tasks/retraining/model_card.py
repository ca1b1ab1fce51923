"""The model card of a version, stored with its run and shown with it in the registry."""

from typing import Any

import pandas as pd

from driftloop.base.records import ModelVersion, RetrainRecord
from driftloop.performance.target import label_text
from driftloop.reporting.model_card import ModelCardInputs, model_card
from tasks.registry.opening import open_registry
from tasks.registry.protocol import PREFIX, Registry, importances_of, json_file
from tasks.runtime.job import Job

CARD, SHARES, SETTINGS = "model_card.md", "data/labels.json", "settings.json"
_LONGEST = 4_900


def keep_shares(job: Job, run_id: str, training: pd.DataFrame, holdout: pd.DataFrame) -> None:
    """Store with a training run which share of its rows has each label; none of a quantity."""
    if job.config.task == "regression":
        return
    name = job.config.data.label
    shares = {
        part: pd.Series(label_text(table[name])).value_counts(normalize=True).round(6).to_dict()
        for part, table in (("training", training), ("holdout", holdout))
    }
    open_registry(job.workspace).log(run_id, files={SHARES: shares})


def keep_card(job: Job, record: RetrainRecord, champion: ModelVersion | None) -> None:
    """Write the card of the version that a training made, if it made one."""
    if record.challenger is None or record.run_id is None:
        return
    registry = open_registry(job.workspace)
    text = model_card(job.config, record, _background(registry, job, record, champion))
    registry.log(record.run_id, files={CARD: text})
    registry.describe(job.model, record.challenger, _shortened(text))


def _background(
    registry: Registry, job: Job, record: RetrainRecord, champion: ModelVersion | None
) -> ModelCardInputs:
    run_id, version = record.run_id or "", record.challenger or ""
    tags = registry.tags(job.model, version)
    return ModelCardInputs(
        lineage={name.removeprefix(PREFIX): value for name, value in tags.items()},
        importances=importances_of(registry, run_id),
        old_importances=importances_of(registry, champion.run_id) if champion else {},
        shares=json_file(registry, run_id, SHARES) or {},
        parameters=json_file(registry, run_id, SETTINGS) or {},
        old_parameters=_settings(registry, champion),
        champion=champion,
    )


def _settings(registry: Registry, champion: ModelVersion | None) -> dict[str, Any]:
    if champion is None or not champion.run_id:
        return {}
    return json_file(registry, champion.run_id, SETTINGS) or {}


def _shortened(text: str) -> str:
    """Return as many whole sections as the registry's description holds."""
    if len(text) <= _LONGEST:
        return text
    kept = text[: _LONGEST - 80]
    return f"{kept[: kept.rindex(chr(10) + '## ')]}\n\nThe rest is in {CARD} of the run.\n"
