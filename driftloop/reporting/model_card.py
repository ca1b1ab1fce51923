"""The model card: one page on a version that a reviewer can accept or reject.

Source of the form: Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from driftloop.alerts.messages.wording import interval, number
from driftloop.alerts.messages.wording import score as score_text
from driftloop.base.periods import format_time
from driftloop.base.retrain_record import ModelVersion, RetrainRecord, TrainingPlan
from driftloop.base.scores import Comparison, Score, metric_name
from driftloop.base.tags import VersionTags
from driftloop.config.model_config import ModelConfig

_SLICES = {"newest": "its newest third", "older": "its older part"}


@dataclass(frozen=True, slots=True)
class ModelCardInputs:
    """The inputs of a model card besides the record of the training.

    `lineage` are the version's tags, `shares` those of each label in training and holdout; what is
    `old` is of the champion.
    """

    lineage: VersionTags
    importances: Mapping[str, float] = field(default_factory=dict)
    old_importances: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    old_parameters: Mapping[str, Any] = field(default_factory=dict)
    champion: ModelVersion | None = None


def model_card(config: ModelConfig, record: RetrainRecord, inputs: ModelCardInputs) -> str:
    """Return the card of a trained version as Markdown; the record is of its training."""
    comparison = record.comparison
    slices = comparison.slices if comparison else ()
    return _template().render(
        config=config,
        record=record,
        inputs=inputs,
        metric=metric_name(comparison.metric, begins=True) if comparison else "",
        confidence=f"{comparison.confidence * 100:.4g} %" if comparison else "",
        slices=[(_SLICES.get(part.name, part.name), part) for part in slices],
        changed_parameters=list(_changed_parameters(inputs)),
        limits=list(_limits(config, comparison, record.plan)),
        lineage=_lineage(inputs.lineage, record),
    )


def _changed_parameters(inputs: ModelCardInputs) -> Iterator[tuple[str, str, str]]:
    if inputs.champion is None or not inputs.old_parameters:
        return
    for name in sorted({*inputs.parameters, *inputs.old_parameters}):
        old, new = (str(side.get(name, "")) for side in (inputs.old_parameters, inputs.parameters))
        if old != new:
            yield name, old, new


def _limits(
    config: ModelConfig, comparison: Comparison | None, plan: TrainingPlan | None
) -> Iterator[str]:
    checked = {gate.gate for gate in comparison.gates} if comparison else set()
    if plan is not None:
        yield (
            f"Scores hold for rows like those from {plan.holdout.window}; monitoring reports when "
            "the data move away from the training window."
        )
    if "segments" not in checked:
        yield "No segment was evaluated separately: configure the gate `segments`."
    if "fairness" not in checked:
        yield "Fairness was not checked; if people are judged, use the gate `fairness`."
    if "calibration" not in checked and config.task != "regression":
        yield "Calibration was not checked: configure the gate `calibration`."


def _lineage(tags: VersionTags, record: RetrainRecord) -> list[tuple[str, str]]:
    return [
        ("data", f"{tags.path or ''} at {(tags.rev or '')[:10]}"),
        ("data files", f"{tags.files or ''}, digest {(tags.md5 or '')[:12]}"),
        ("configuration", tags.config or ""),
        ("code", tags.code or ""),
        ("environment", f"{tags.environment or ''} {(tags.lock_sha256 or '')[:12]}"),
        ("trained by", tags.by or ""),
        ("as of", format_time(record.as_of)),
        ("run", record.run_id or ""),
    ]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("driftloop.reporting", ""),
        autoescape=select_autoescape(),  # Markdown is not HTML: `_escaped` takes its place
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(number=number, interval=interval, score=_score)
    return environment.get_template("model_card.md.j2")


def _score(value: Score | None) -> str:
    return "" if value is None else score_text(value)


def _escaped(value: object) -> str:
    """Return text that can neither break out of a table's cell nor become markup."""
    line = re.sub(r"\s+", " ", str(value))[:400]
    return line.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")
