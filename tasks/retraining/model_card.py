"""The model card of a version, stored with its run and shown with it in the registry."""

import pandas as pd

from driftloop.base.retrain_record import ModelVersion, RetrainRecord
from driftloop.performance.target import label_text
from driftloop.reporting.model_card import ModelCardInputs, model_card
from tasks.registry.opening import open_registry
from tasks.registry.protocol import importances_of, json_file
from tasks.runtime.job import Job

CARD_FILE, SHARES_FILE, SETTINGS_FILE = "model_card.md", "data/labels.json", "settings.json"
_MAX_CHARACTERS = 4_900


def store_label_shares(
    job: Job, run_id: str, training: pd.DataFrame, holdout: pd.DataFrame
) -> None:
    """Store the share of each label in a training run's rows; nothing for a regression."""
    if job.config.task == "regression":
        return
    name = job.config.data.label
    shares = {
        part: pd.Series(label_text(table[name])).value_counts(normalize=True).round(6).to_dict()
        for part, table in (("training", training), ("holdout", holdout))
    }
    open_registry(job.workspace).log(run_id, files={SHARES_FILE: shares})


def store_model_card(job: Job, record: RetrainRecord, champion: ModelVersion | None) -> None:
    """Store the model card of the version that a training produced, if it produced one."""
    if record.challenger is None or record.run_id is None or record.plan is None:
        return  # what was not trained here has no card
    registry, run_id = open_registry(job.workspace), record.run_id
    old_run_id = champion.run_id if champion else ""
    inputs = ModelCardInputs(
        lineage=registry.tags(job.model, record.challenger),
        importances=importances_of(registry, run_id),
        old_importances=importances_of(registry, old_run_id),
        shares=json_file(registry, run_id, SHARES_FILE) or {},
        parameters=json_file(registry, run_id, SETTINGS_FILE) or {},
        old_parameters=json_file(registry, old_run_id, SETTINGS_FILE) or {},
        champion=champion,
    )
    text = model_card(job.config, record, inputs)
    registry.log(run_id, files={CARD_FILE: text})
    registry.describe(job.model, record.challenger, _shortened(text))


def _shortened(text: str) -> str:
    """Return as many whole sections as the registry's description holds."""
    if len(text) <= _MAX_CHARACTERS:
        return text
    start = text[: _MAX_CHARACTERS - 80]
    return f"{start[: start.rindex(chr(10) + '## ')]}\n\nThe rest is in {CARD_FILE} of the run.\n"
