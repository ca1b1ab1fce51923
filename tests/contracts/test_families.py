"""Contracts of every member of a family: detectors, effects, checks, triggers, gates, channels.

The members are found by walking the fields of ``ModelConfig``, so that a new one is covered by
joining its family's union, and a new family fails here until its row is written.
"""

import inspect
import json
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from sklearn.pipeline import Pipeline

from driftloop.base.errors import TrainingError
from driftloop.base.findings import Performance, QualityFinding, Verdict
from driftloop.base.periods import Window
from driftloop.base.settings import Settings
from driftloop.comparison.gates.base import CannotRun
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.config.model_config import ModelConfig
from driftloop.decision import triggers
from driftloop.drift.domain_classifier import DomainResult
from driftloop.drift.result import TestResult
from driftloop.performance.estimates.base import EstimatedScore, EstimateInputs, HeldOut
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.column_source import FrameColumns
from driftloop.promotion.modes import NextStep
from driftloop.quality import base as quality
from driftloop.quality.column_summary import ColumnSummary
from driftloop.training.estimators import NOT_TRAINED
from driftloop.training.search.base import SearchProblem, SearchTrial

NOW = datetime(2026, 3, 9, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW)
REQUIRED: dict[str, Any] = {
    "column": "amount",
    "minimum": 0.5,
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-02-01T00:00:00Z",
    "columns": ["country"],
    "maximum": 0.5,
    "expected": [{"feature": "amount", "effect": "increasing"}],
    "path": "sklearn.ensemble.ExtraTreesClassifier",
    "to": ["oncall@example.org"],
    "sender": "driftloop@example.org",
    "host": "smtp.example.org",
    "url": "s3://lake/payments",
    "source": str(Path(__file__).with_name("contract.yaml")),
    "query": "select * from payments where at >= :start and at < :end",
    "command": ["python", "train.py"],
    "stage": "train",
    "deployment": "train/payments",
}
"""Values for settings without a default; a new one has to be named here."""

BESIDE: dict[str, dict[str, Any]] = {
    "linear_regression": {"task": "regression"},
    "error_model": {"task": "regression"},
    "none": {"data": {"path": "d", "time": "t", "label": "y", "predictions": {"score": "p"}}},
}
"""What the rest of a configuration has to say for a member to be allowed in it."""

NEEDED_BESIDE: dict[str, dict[str, Any]] = {"range": {"minimum": 0.5}}
"""What a member makes no sense without although each setting has a default."""

ALSO_PUBLIC: dict[str, set[str]] = {
    "slack": {"mention"},
    "windows.reference": {"left_out"},
    "domain_classifier": {"density_ratios"},
    "drift.numeric": {"test_with_alibi"},
    "drift.categorical": {"test_with_alibi"},
    "quality": {"fault", "wrong_for"},
    "alerts.channels": {"posts", "refusal", "wants"},
}
"""What a member, or those of a family, may offer beside the family's method."""

TABLE = pd.DataFrame({"amount": np.linspace(0, 1, 200), "country": ["a", "b"] * 100})
NUMBERS = TABLE.amount.to_numpy()
CODES = TABLE.country.to_numpy()
Y = np.tile([0, 1], 100)
P = np.column_stack([1 - NUMBERS, NUMBERS])


@dataclass(frozen=True)
class Member:
    """One member of a union, and the place in the configuration where it is written."""

    place: str
    settings: type[Settings]

    @property
    def raw(self) -> dict[str, Any]:
        """The smallest way to write it."""
        needed = [name for name, f in self.settings.model_fields.items() if f.is_required()]
        least = {name: REQUIRED[name] for name in needed}
        return {"kind": self.kind, **least, **NEEDED_BESIDE.get(self.kind, {})}

    @property
    def kind(self) -> Any:
        return self.settings.model_fields["kind"].default

    def made(self) -> Any:
        return self.settings.model_validate(self.raw)


def _models(annotation: Any) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation  # type: ignore[misc]
    for part in get_args(annotation):
        yield from _models(part)


def _walk(model: type[BaseModel], place: str = "") -> Iterator[Member]:
    for name, field in model.model_fields.items():
        for found in _models(field.annotation):
            where = f"{place}{name}"
            if "kind" in found.model_fields:
                yield Member(where, found)
            else:
                yield from _walk(found, f"{where}.")


ONCE_MORE = "drift.features.", "arrivals.predictions"
"""Places of the families of `drift`, and of `arrivals.source`, once more."""

MEMBERS = tuple(member for member in _walk(ModelConfig) if not member.place.startswith(ONCE_MORE))
each_member = pytest.mark.parametrize(
    "member", MEMBERS, ids=lambda one: f"{one.place}-{one.settings.__name__}"
)


def _sample() -> quality.QualityInputs:
    summaries = {
        name: ColumnSummary(name, None, (0.0, 0.0), comparable=True)
        for name in ("amount", "country")
    }
    return quality.QualityInputs(FrameColumns(TABLE), summaries)


def _evidence() -> triggers.TriggerInputs:
    held = Performance("roc_auc", WINDOW, 9, 0.7, 0.6, 0.8, 0.8, "ok", "It holds.")
    return triggers.TriggerInputs(NOW, Verdict("drift", "Drifted."), held, (), NOW, NOW, NOW)


def _holdout() -> GateInputs:
    return GateInputs("roc_auc", Y, P, P)


def _to_estimate() -> EstimateInputs:
    p = np.random.default_rng(0).dirichlet([1, 1], 300)
    features = pd.DataFrame({"x": p[:, 0]})
    holdout = HeldOut((p[:, 1] > 0.4).astype(int), p, features)
    return EstimateInputs("neg_log_loss", holdout, p, features)


def _problem() -> SearchProblem:
    folds = ((np.arange(100), np.arange(100, 200)),)
    return SearchProblem(200, folds, lambda parameters, past, future: 0.5, {})


def _is_trials(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, SearchTrial) for one in value)


def _is_decision(value: Any) -> bool:
    passed, sentence = value
    return passed in (True, False) and isinstance(sentence, str)


def _is_steps(value: Any) -> bool:
    encoders = (hasattr(part, "fit_transform") or part == "passthrough" for part in value[:2])
    return all(encoders) and hasattr(value[2], "fit")


def _is_findings(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, QualityFinding) for one in value)


FAMILIES: dict[str, tuple[str, Any, Any]] = {
    "drift.numeric": ("test", lambda: (NumericPair.of(NUMBERS, NUMBERS),), TestResult),
    "drift.categorical": ("test", lambda: (CategoricalPair.of(CODES, CODES),), TestResult),
    "drift.effect": ("size", lambda: (NumericPair.of(NUMBERS, NUMBERS).binned,), float),
    "drift.categorical_effect": (
        "size",
        lambda: (CategoricalPair.of(CODES, CODES).binned,),
        float,
    ),
    "performance.estimate": ("estimate", lambda: (_to_estimate(),), EstimatedScore),
    "drift.multivariate": ("test", lambda: (TABLE, TABLE), DomainResult),
    "quality": ("check", lambda: (_sample(),), _is_findings),
    "decision.triggers": ("check", lambda: (_evidence(),), triggers.TriggerResult),
    "comparison.gates": ("decide", lambda: (_holdout(),), _is_decision),
    "promotion.mode": ("next_step", lambda: (NOW,), NextStep),
    "training.estimator": ("steps", lambda: (0, False), _is_steps),
    "training.job": ("argv", lambda: ("folder",), tuple),
    "training.search": ("search", lambda: (_problem(), 0), _is_trials),
    "training.windows": ("start", lambda: (NOW, NOW), datetime),
    "windows.reference": ("window", lambda: (WINDOW, WINDOW), Window),
    "alerts.channels": ("key", tuple, str),
    "arrivals.source": ("title", tuple, str),
}
"""The one method of each family, what it is asked, and what it answers."""


def test_every_family_is_covered() -> None:
    assert {member.place for member in MEMBERS} == set(FAMILIES)
    assert len(MEMBERS) >= 25


def test_every_settings_class_with_a_kind_is_in_a_union() -> None:
    waiting, found = [Settings], set()
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            kind = child.model_fields.get("kind")
            if kind and not kind.is_required() and child.__module__.startswith("driftloop."):
                found.add(child)
    assert found == {member.settings for member in MEMBERS}


def test_kinds_are_told_apart() -> None:
    """Within a family for the union's sake; over all, because error messages go by kind."""
    kinds = {member.settings: member.kind for member in MEMBERS}
    assert sorted(kinds.values()) == sorted(set(kinds.values()))


@each_member
def test_kind_is_a_literal_with_its_default(member: Member) -> None:
    field = member.settings.model_fields["kind"]
    assert get_origin(field.annotation) is Literal
    assert get_args(field.annotation) == (field.default,)
    own = inspect.get_annotations(member.settings)
    assert next(name for name in own if name in member.settings.model_fields) == "kind"
    with pytest.raises(ValidationError):
        member.settings.model_validate({**member.raw, "kind": "other"})


@each_member
def test_is_documented(member: Member) -> None:
    assert (member.settings.__dict__.get("__doc__") or "").strip()
    for name, field in member.settings.model_fields.items():
        assert name == "kind" or (field.description or "").strip(), f"{name} has no description"


@each_member
def test_is_frozen(member: Member) -> None:
    made = member.made()
    for name in member.settings.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, name, getattr(made, name))
    assert hash(made) == hash(member.made())


@each_member
def test_unknown_keys_are_refused(member: Member) -> None:
    with pytest.raises(ValidationError, match="nonsense"):
        member.settings.model_validate({**member.raw, "nonsense": 1})


@each_member
def test_survives_json_and_yaml(member: Member) -> None:
    made = member.made()
    assert member.settings.model_validate_json(made.model_dump_json()) == made
    plain = made.model_dump(mode="json")
    assert member.settings.model_validate(yaml.safe_load(yaml.safe_dump(plain))) == made
    assert member.settings.model_validate(made.model_dump()) == made
    json.dumps(TypeAdapter(member.settings).json_schema())


@each_member
def test_is_found_by_its_kind_where_it_is_written(member: Member) -> None:
    """The whole configuration takes it at its place, alone or in a list."""
    raw: dict[str, Any] = {
        "model": "payments",
        "data": {"path": "data", "time": "t", "label": "y"},
        "features": {"numeric": ["amount"]},
        **BESIDE.get(member.kind, {}),
    }
    *sections, last = member.place.split(".")
    node = raw
    for section in sections:
        node = node.setdefault(section, {})
    owner = _owner(member.place)
    many = get_origin(owner.model_fields[last].annotation) is tuple
    node[last] = [member.raw] if many else member.raw
    value: Any = ModelConfig.model_validate(raw)
    for part in member.place.split("."):
        value = getattr(value, part)
    assert value == ((member.made(),) if many else member.made())


def _owner(place: str) -> Any:
    owner: Any = ModelConfig
    for part in place.split(".")[:-1]:
        owner = next(_models(owner.model_fields[part].annotation))
    return owner


@each_member
def test_answers_with_its_familys_record(member: Member) -> None:
    name, arguments, expected = FAMILIES[member.place]
    answer = getattr(member.made(), name)
    if member.kind == "none":
        with pytest.raises(TrainingError, match=NOT_TRAINED[:40]):
            answer(*arguments())
        return
    if callable(answer):
        try:
            answer = answer(*arguments())
        except CannotRun as error:
            answer = (False, str(error))
    told = isinstance(answer, expected) if isinstance(expected, type) else expected(answer)
    assert told, f"{answer!r} is no {expected}"


@each_member
def test_method_is_documented_and_typed_as_its_family(member: Member) -> None:
    name, _, _ = FAMILIES[member.place]
    siblings = [one.settings for one in MEMBERS if one.place == member.place]
    methods = [inspect.getattr_static(sibling, name) for sibling in siblings]
    own = inspect.getattr_static(member.settings, name)
    assert own.__doc__
    if inspect.isfunction(own):
        shapes = {tuple(inspect.signature(method).parameters) for method in methods}
        assert len(shapes) == 1
        hints = {repr(_hints(method)) for method in methods}
        assert len(hints) == 1


def _hints(method: Any) -> Any:
    return get_type_hints(method, localns={"Pipeline": Pipeline, **vars(typing)})


@each_member
def test_has_one_public_method_of_its_family(member: Member) -> None:
    public = [
        name
        for name, value in vars(member.settings).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    also = ALSO_PUBLIC.get(member.kind, set()) | ALSO_PUBLIC.get(member.place, set())
    assert set(public) <= {FAMILIES[member.place][0]} | also
