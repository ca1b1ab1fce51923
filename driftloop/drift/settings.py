"""Drift settings: how features are tested and when a change counts as drift."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from driftloop.base.settings import Settings, kinds_of
from driftloop.drift.alibi import is_installed
from driftloop.drift.detectors import (
    AnyCategoricalDetector,
    AnyDetector,
    AnyNumericDetector,
    CategoricalDetector,
    ChiSquare,
    Detector,
    Engine,
    KolmogorovSmirnov,
)
from driftloop.drift.domain_classifier import DomainClassifier
from driftloop.drift.multiple_testing import Correction
from driftloop.performance.evidence import level_of_look
from driftloop.profiling.effect_sizes import AnyCategoricalEffect, AnyEffect, AnyNumericEffect
from driftloop.profiling.effect_sizes.base import CategoricalEffect, NumericEffect
from driftloop.profiling.effect_sizes.psi import PopulationStability
from driftloop.profiling.reference_profile import EffectSizes

MAX_CONFIRMATION_RUNS = 20
_CONFIRM = re.compile(r"^(\d+) of (\d+)$")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Drift counts once it was seen in `needed` of the last `runs` runs, this one included."""

    needed: int
    runs: int

    def __str__(self) -> str:
        return f"{self.needed} of {self.runs}"


def parse_confirmation(value: object) -> Confirmation:
    """Return the confirmation that ``"2 of 3"`` stands for.

    Raises:
        ValueError: if it has another form, or can never hold.
    """
    if isinstance(value, Confirmation):
        return value
    match = _CONFIRM.match(str(value).strip())
    if match is None:
        raise ValueError(f"received {value!r}; write it as '2 of 3'")
    rule = Confirmation(int(match[1]), int(match[2]))
    if not 1 <= rule.needed <= rule.runs <= MAX_CONFIRMATION_RUNS:
        raise ValueError(
            f"received '{rule}'; write 'k of n' with 1 <= k <= n <= {MAX_CONFIRMATION_RUNS}, such "
            "as '2 of 3'"
        )
    return rule


ConfirmField = Annotated[
    Confirmation,
    BeforeValidator(parse_confirmation),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _CONFIRM.pattern, "examples": ["2 of 3"]}),
]


class FeatureDrift(Settings):
    """The test and the effect size of a single feature; what is left out is as for all others."""

    test: AnyDetector | None = Field(
        default=None, description="Its test; a numeric feature may be tested as categories by chi2."
    )
    effect: AnyEffect | None = Field(default=None, description="Its effect size, and its floor.")


def _engine(value: object) -> object:
    return "native" if value == "scipy" else value  # its name until 0.2


def _default_engine() -> Engine:
    return "alibi" if is_installed() else "native"


class DriftSettings(Settings):
    """How features are tested and when a change counts as drift."""

    engine: Annotated[Engine, BeforeValidator(_engine)] = Field(
        default_factory=_default_engine,
        json_schema_extra={"default": "alibi"},
        description="What computes the tests that both have: alibi-detect (Business Source "
        "License: production use needs a licence from its vendor) or driftloop itself, which is "
        "faster, and exact for small samples. Left out, it is `native` where alibi-detect is not "
        "installed, as on Python 3.13.",
    )
    numeric: AnyNumericDetector = Field(
        default=KolmogorovSmirnov(), description="Test for numeric features."
    )
    categorical: AnyCategoricalDetector = Field(
        default=ChiSquare(), description="Test for categorical features."
    )
    effect: AnyNumericEffect = Field(
        default=PopulationStability(), description="Effect size of numeric features, and its floor."
    )
    categorical_effect: AnyCategoricalEffect = Field(
        default=PopulationStability(), description="Effect size of categorical features."
    )
    learn_floors: bool = Field(
        default=True,
        description="Raise each floor to what windows of the reference show among themselves.",
    )
    floor_limit: float = Field(
        default=25.0,
        ge=1,
        description="A learned floor is at most this many times the configured one; that of an "
        "effect size that is a distance, or of a missing rate, its root.",
    )
    missing_floor: float = Field(
        default=0.05, ge=0, lt=1, description="Changes of a missing rate up to this do not count."
    )
    new_floor: float = Field(
        default=0.05, ge=0, lt=1, description="New categories up to this share do not count."
    )
    vanished_floor: float = Field(
        default=0.05, ge=0, lt=1, description="Vanished categories up to this share do not count."
    )
    few_values: int = Field(
        default=10,
        ge=0,
        le=50,
        description="Numeric features with no more different values are tested as categories.",
    )
    alarm_budget: float = Field(
        default=0.5,
        gt=0,
        le=50,
        description="False alarms a year that a model without drift may raise.",
    )
    level: float | None = Field(
        default=None,
        gt=0,
        lt=0.5,
        description="False-discovery level of a run; follows from alarm_budget if left out.",
    )
    correction: Correction = Field(
        default="benjamini-hochberg", description="Control over all tests of a run."
    )
    confirm: ConfirmField = Field(
        default=Confirmation(1, 1), description="In how many of the last runs drift has to be seen."
    )
    minimum_importance: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="Drift of features with a smaller share of importance alone is only a warning.",
    )
    features: dict[str, FeatureDrift] = Field(
        default={}, description="Tests and effect sizes of single features, by name."
    )
    predictions: bool = Field(
        default=True, description="Monitor the distribution of the champion's predictions."
    )
    multivariate: DomainClassifier | None = Field(
        default=None, description="A test of all features together; off if left out."
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="Features of the model that are not tested for drift."
    )
    minimum_rows: int = Field(
        default=100,
        ge=2,
        description="Fewer present values than this are inconclusive. 100 find a shift by half a "
        "standard deviation in 4 of 5 weekly windows of up to 12 features; `init` writes what the "
        "features at hand need.",
    )

    @model_validator(mode="before")
    @classmethod
    def _settings_of_older_versions(cls, raw: Any) -> Any:
        """Pass over `minimum_windows`: until 0.2 floors were learned from so many windows on."""
        if isinstance(raw, dict):
            return {key: value for key, value in raw.items() if key != "minimum_windows"}
        return raw

    @model_validator(mode="before")
    @classmethod
    def _engine_of_older_versions(cls, raw: Any) -> Any:
        """Read the engine where versions before 0.2 had it: at both tests."""
        if not isinstance(raw, dict):
            return raw
        old = {
            name: raw[name]
            for name in ("numeric", "categorical")
            if isinstance(raw.get(name), dict) and "engine" in raw[name]
        }
        if not old:
            return raw
        engines = {f"drift.{name}.engine": test["engine"] for name, test in old.items()}
        engines |= {"drift.engine": raw["engine"]} if "engine" in raw else {}
        if len({_engine(engine) for engine in engines.values()}) > 1:
            differing = ", ".join(f"{place}: {engine}" for place, engine in engines.items())
            raise ValueError(f"{differing} differ; write one drift.engine, alibi or native")
        tests = {
            name: {key: value for key, value in test.items() if key != "engine"}
            for name, test in old.items()
        }
        return {**raw, **tests, "engine": next(iter(engines.values()))}

    @property
    def effect_sizes(self) -> EffectSizes:
        """The effect sizes that the profile of a reference depends on."""
        single = {name: own.effect for name, own in self.features.items() if own.effect}
        return EffectSizes(self.effect, self.categorical_effect, single)

    def numeric_test(self, name: str, few_values: bool) -> Detector:
        """Return the test of a column of numbers."""
        own = self.features.get(name)
        return (own and own.test) or (self.categorical if few_values else self.numeric)

    def categorical_test(self, name: str) -> Detector:
        """Return the test of a column of categories."""
        own = self.features.get(name)
        return (own and own.test) or self.categorical

    def wrong_for(self, name: str, numeric: bool) -> str | None:
        """Return what is wrong with the test and effect size of a single feature, or None."""
        own, kind = self.features[name], "numeric" if numeric else "categorical"
        test = Detector if numeric else CategoricalDetector
        effect = NumericEffect if numeric else CategoricalEffect
        for key, value, base in (("test", own.test, test), ("effect", own.effect, effect)):
            if value is not None and not isinstance(value, base):
                return (
                    f"drift.features.{name}.{key}: {value.kind} is not for the {kind} feature "
                    f"{name!r}; valid: {', '.join(kinds_of(base))}"
                )
        return None

    def level_of_run(self, runs_a_year: float) -> float:
        """Return the false-discovery level of one run.

        Without any drift, the chance of an alarm in a run is at most its false-discovery level, so
        `runs_a_year` runs raise at most ``runs_a_year * level`` on average: the budget. This
        holds however the runs depend on each other, which they do: they share a reference. A
        confirmation makes alarms rarer still and does not loosen the level.
        """
        return self.level or level_of_look(self.alarm_budget, runs_a_year)
