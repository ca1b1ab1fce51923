"""The model card: one page on a version that a reviewer can accept or reject.

Source of the form: Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from driftloop.alerts.messages.wording import interval, number
from driftloop.base.periods import format_time
from driftloop.base.records import Comparison, ModelVersion, RetrainRecord, TrainingPlan
from driftloop.base.scores import Score, SliceScores
from driftloop.config.model_config import ModelConfig

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Background:
    """What a card is made of beside the record of the training.

    `lineage` are the version's tags, without their prefix. `importances` and `old_importances` are
    the shares of each feature in the version and in the champion, `shares` of each label in
    training and holdout, `old_parameters` what the champion was trained with.
    """

    lineage: Mapping[str, str]
    importances: Mapping[str, float] = field(default_factory=dict)
    old_importances: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    old_parameters: Mapping[str, Any] = field(default_factory=dict)
    champion: ModelVersion | None = None


def model_card(config: ModelConfig, record: RetrainRecord, background: Background) -> str:
    """Return the card of a trained version as Markdown.

    Args:
        config: of the model.
        record: of the training; a version was trained.
        background: what else is known of it.
    """
    plan, comparison = record.plan, record.comparison
    parts = [
        f"# {config.model}, version {record.challenger}",
        _outcome(record),
        _use(config),
        _data(plan, background) if plan else "",
        _training(background),
        _scores(comparison) if comparison else "",
        _gates(comparison) if comparison else "",
        _importances(background),
        _changes(record, background),
        _limits(config, comparison, plan),
        _lineage(background, record),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _outcome(record: RetrainRecord) -> str:
    return f"{_cell(record.sentence)}\n\nTrained because: {_cell(record.reason)}"


def _use(config: ModelConfig) -> str:
    what = config.description or "The configuration does not describe what the model is for."
    return (
        f"## Use\n\n{_cell(what)} It predicts `{config.data.label}` ({config.task}); a label can "
        f"be trusted {config.data.label_delay} after the event. Features: "
        f"{len(config.features.numeric)} numeric, {len(config.features.categorical)} categorical."
    )


def _data(plan: TrainingPlan, background: Background) -> str:
    rows = [
        ("training", str(plan.training.window), f"{plan.training.rows or 0:,}", "training"),
        ("holdout", str(plan.holdout.window), f"{plan.holdout.rows or 0:,}", "holdout"),
    ]
    lines = [
        (name, window, count, _shares(background.shares.get(key, {})))
        for name, window, count, key in rows
    ]
    left_out = ", ".join(str(window) for window in plan.training.excluded)
    broken = f"\n\nLeft out, as the feed was broken: {left_out}." if left_out else ""
    tried = [
        (
            candidate.candidate,
            str(candidate.window),
            f"{candidate.rows:,}",
            _cell(candidate.sentence),
        )
        for candidate in plan.candidates
    ]
    table = _table(("rows", "window", "count", "labels"), lines)
    candidates = _table(("candidate window", "window", "rows", "validated"), tried)
    return f"## Data\n\n{table}{broken}\n\n{candidates}"


def _training(background: Background) -> str:
    shown = {name: value for name, value in background.parameters.items() if value is not None}
    settings = ", ".join(f"`{name}` {_cell(str(value))}" for name, value in shown.items())
    told = "Preprocessing is part of the stored model."
    return f"## Training\n\n{settings or 'As configured'}. {told}"


def _scores(found: Comparison) -> str:
    head = ("on", "rows", "this version", "champion", "difference")
    whole = ("the whole holdout", f"{found.rows:,}", _score(found.challenger))
    gain = "" if found.difference is None else number(found.difference, "+")
    edges = interval(found.low, found.high, "+")
    lines = [(*whole, _score(found.champion), f"{gain}{edges}"), *map(_slice, found.slices)]
    sure = f"{found.confidence * 100:.4g} %"
    asked = {"superior": "better by more than", "non_inferior": "not worse by more than"}
    rule = f"Asked: {asked[found.claim]} {found.margin:g}, with {sure} confidence."
    second = ""
    if found.delong is not None:
        agree = "agrees" if found.delong.agrees else "does not agree"
        second = f" DeLong's interval{interval(found.delong.low, found.delong.high, '+')} {agree}."
    return (
        f"## Scores\n\n{found.metric}, {sure} intervals.\n\n{_table(head, lines)}\n\n{rule}{second}"
    )


def _slice(one: SliceScores) -> tuple[str, ...]:
    gain = "" if one.difference is None else number(one.difference, "+")
    edges = interval(one.low, one.high, "+")
    name = {"newest": "its newest third", "older": "its older part"}.get(one.name, one.name)
    return name, f"{one.rows:,}", _score(one.challenger), _score(one.champion), f"{gain}{edges}"


def _gates(found: Comparison) -> str:
    lines = [
        (gate.gate, gate.status.replace("_", " "), _cell(gate.sentence)) for gate in found.gates
    ]
    return f"## Gates\n\n{_table(('gate', 'status', 'why'), lines)}"


def _importances(background: Background) -> str:
    if not background.importances:
        return ""
    ranked = sorted(background.importances.items(), key=lambda item: -item[1])[:_SHOWN]
    lines = [
        (f"`{_cell(name)}`", f"{share:.1%}", _share(background.old_importances.get(name)))
        for name, share in ranked
    ]
    head = ("feature", "share of importance", "in the champion")
    return f"## What it relies on\n\n{_table(head, lines)}"


def _changes(record: RetrainRecord, background: Background) -> str:
    champion = background.champion
    if champion is None:
        return "## What changed\n\nIt is the first version; there is no champion to compare with."
    lines = []
    if champion.training is not None and record.plan is not None:
        rows = f"{champion.training.rows or 0:,}", f"{record.plan.training.rows or 0:,}"
        lines += [
            ("training window", str(champion.training.window), str(record.plan.training.window)),
            ("training rows", *rows),
        ]
    names = sorted({*background.parameters, *background.old_parameters})
    for name in names:
        old, new = (
            str(side.get(name, "")) for side in (background.old_parameters, background.parameters)
        )
        if old != new and background.old_parameters:
            lines.append((f"`{name}`", _cell(old) or "not set", _cell(new) or "not set"))
    head = ("what", f"champion, version {champion.version}", "this version")
    return f"## What changed\n\n{_table(head, lines)}"


def _limits(config: ModelConfig, found: Comparison | None, plan: TrainingPlan | None) -> str:
    checked = {gate.gate for gate in found.gates} if found else set()
    lines = []
    if plan is not None:
        lines.append(
            f"Scores hold for rows like those from {plan.holdout.window}; monitoring tells when "
            "the data move away from the training window."
        )
    if "segments" not in checked:
        lines.append("No segment was looked at on its own: configure the gate `segments`.")
    if "fairness" not in checked:
        lines.append("Fairness was not checked; where people are judged, use the gate `fairness`.")
    if "calibration" not in checked and config.task != "regression":
        lines.append("Calibration was not checked: configure the gate `calibration`.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _lineage(background: Background, record: RetrainRecord) -> str:
    tags = background.lineage
    shown = {
        "data": f"{tags.get('data.path', '')} at {tags.get('data.rev', '')[:10]}",
        "data files": f"{tags.get('data.files', '')}, digest {tags.get('data.md5', '')[:12]}",
        "configuration": tags.get("config", ""),
        "code": tags.get("code", ""),
        "environment": f"{tags.get('environment', '')} {tags.get('environment.sha256', '')[:12]}",
        "trained by": tags.get("by", ""),
        "as of": format_time(record.as_of),
        "run": record.run_id or "",
    }
    lines = [(name, _cell(value)) for name, value in shown.items() if value.strip()]
    return f"## Lineage\n\n{_table(('what', 'which'), lines)}"


def _score(found: Score | None) -> str:
    return "" if found is None else number(found.value) + interval(found.low, found.high)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _shares(found: Mapping[str, float]) -> str:
    return ", ".join(f"{_cell(name)} {share:.1%}" for name, share in list(found.items())[:5])


def _cell(text: str) -> str:
    """Return text that cannot break out of a table or become markup."""
    plain = " ".join(text.split())[:400].replace("|", "\\|")
    return plain.replace("<", "&lt;").replace("[", "\\[")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines])
